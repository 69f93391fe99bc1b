import { describe, expect, test } from 'vitest';
import { byteTextOfString } from './byte-text.js';
import { exclusionRules, ruleLines, ruleName } from './exclusion-rules.js';

function isExcluded(lines: readonly string[], path: string): boolean {
  const isDirectory = path.endsWith('/');
  const components = byteTextOfString(path)
    .split('/')
    .filter((part) => part !== '')
    .map(ruleName);
  return exclusionRules(lines).isExcluded(components, isDirectory);
}

/** A path that ends with a slash is a directory. */
const ONE_RULE: readonly (readonly [rule: string, path: string, isExcluded: boolean])[] = [
  ['hello.*', '/hello.c', true],
  ['hello.*', '/hello.c/', true],
  ['hello.*', '/src/hello.c', true],
  ['hello.*', '/src/hello.c/foo', true],
  ['hello.*', '/src/hallo.c', false],
  ['/hello.*', '/hello.c', true],
  ['/hello.*', '/hello.c/foo', true],
  ['/hello.*', '/src/hello.c', false],
  ['foo/', '/foo/', true],
  ['foo/', '/bar/foo/', true],
  ['foo/', '/foo', false],
  ['foo/', '/bar/foo', false],
  ['foo/', '/bar/foo/x', true],
  ['doc/frotz/', '/doc/frotz/', true],
  ['doc/frotz/', '/doc/frotz', false],
  ['doc/frotz/', '/a/doc/frotz/', false],
  ['doc/frotz/', '/doc/frotz/x', true],
  ['foo/*', '/foo/test.json', true],
  ['foo/*', '/foo/bar/', true],
  ['foo/*', '/foo/bar/hello.c', true],
  ['foo/*', '/foo/', false],
  ['**/foo', '/foo', true],
  ['**/foo', '/baz/foo/', true],
  ['**/foo', '/baz/foo/bar/hello.c', true],
  ['**/foo', '/baz', false],
  ['**/foo/bar', '/foo/bar', true],
  ['**/foo/bar', '/foo/x/foo/bar', true],
  ['**/foo/bar', '/baz/foo/', false],
  ['abc/**', '/abc/foo', true],
  ['abc/**', '/abc/foo/bar', true],
  ['abc/**', '/abc/', true],
  ['abc/**', '/d/abc/foo', false],
  ['a/**/b', '/a/b', true],
  ['a/**/b', '/a/x/y/b/', true],
  ['a/**/b', '/a/b/c', true],
  ['a/**/b', '/d/a/b', false],
  ['**/a/**/b', '/d/a/x/y/b/', true],
  ['**/a/**/b/', '/d/a/x/b', false],
  ['**/a/**/b/', '/d/a/b/x/b', true],
  ['/**', '/a', false],
  ['**', '/a', true],
  ['a**b/c', '/axb/c', false],
  ['*.log', '/var/x.log', true],
  ['*', '/', false],
  ['[a-c]x', '/bx', true],
  ['[^a-c]x', '/bx', false],
  ['[^a-c]x', '/dx', true],
  ['[]x', '/]x', false],
  ['[a-]', '/a', false],
  ['\\*', '/*', true],
  ['\\*', '/x', false],
  ['a\\', '/a', false],
  ['\\!a', '/!a', true],
  ['?', '/ü', true],
  ['?', '/𝔘', true],
  ['??', '/ü', false],
  ['a  ', '/a', true],
  ['a\\ ', '/a ', true],
  ['a\\ ', '/a', false],
  ['a\r', '/a', true],
  ['#a', '/#a', false],
  ['\\#a', '/#a', true],
  ['', '/a', false],
  ['!', '/a', false],
  ['!a', '/a', false],
  ['/', '/a/', false],
  ['/home/x/*.o', '/home/x/y.o', true],
  ['home/x/*.o', '/srv/home/x/y.o', false],
];

describe('exclusion rules', () => {
  test.each(ONE_RULE)('%j on %s: %s', (rule, path, expected) => {
    expect(isExcluded([rule], path)).toBe(expected);
  });

  test('the last rule that matches decides', () => {
    expect(isExcluded(['*.log', '!keep.log'], '/a/keep.log')).toBe(false);
    expect(isExcluded(['!keep.log', '*.log'], '/a/keep.log')).toBe(true);
    expect(isExcluded(['*.log', '!keep.log', '/a/keep.*'], '/a/keep.log')).toBe(true);
    expect(isExcluded(['**/frontend/*', '!**/frontend/index.html'], '/ui/frontend/index.html')).toBe(false);
    expect(isExcluded(['**/frontend/*', '!**/frontend/index.html'], '/ui/frontend/app.js')).toBe(true);
  });

  test('a name that is not UTF-8 is matched byte by byte where it is not ASCII', () => {
    const name = ruleName('a\u00ffb');
    expect(exclusionRules(['a?b']).isExcluded([name], false)).toBe(true);
    expect(exclusionRules(['aÿb']).isExcluded([name], false)).toBe(false);
    expect(exclusionRules(['a*']).isExcluded([name], false)).toBe(true);
  });

  test('malformed rules are named and match nothing', () => {
    const rules = exclusionRules(['[abc', '*.o', 'x**y/z']);
    expect(rules.malformed).toEqual(['[abc', 'x**y/z']);
    expect(rules.isExcluded([ruleName('[abc')], false)).toBe(false);
    expect(rules.isEmpty).toBe(false);
  });

  test('a pattern made to be slow is not', () => {
    const many = `${'a*'.repeat(40)}b`;
    expect(isExcluded([many], `/${'a'.repeat(255)}`)).toBe(false);
    expect(isExcluded([`${'**/a/'.repeat(20)}b`], `/${'a/'.repeat(200)}`)).toBe(false);
  });

  test('an ignore file with both kinds of line ends gives its rules in order', () => {
    const rules = exclusionRules(ruleLines('# build\r\n*.o\r\n\r\n!keep.o\n'));
    expect(rules.isExcluded([ruleName('x.o')], false)).toBe(true);
    expect(rules.isExcluded([ruleName('keep.o')], false)).toBe(false);
  });
});
