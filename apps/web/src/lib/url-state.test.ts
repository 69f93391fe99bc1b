import { expect, it } from 'vitest';
import { safeNext } from './next-path';
import { parseTheme } from './theme';
import { patchedQuery } from './url-state';

it('a patch sets, replaces and takes away, and leaves the rest', () => {
  expect(patchedQuery('?q=web&verdict=behind&x=1', { q: 'db', verdict: '', all: 1, x: null })).toBe('q=db&all=1');
});

it('after sign-in only paths of this console are opened', () => {
  expect(safeNext('/stores/a?q=1')).toBe('/stores/a?q=1');
  for (const bad of [
    null,
    '',
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
    '/\n/evil.example',
    '/.//evil.example',
    'https:evil.example',
  ])
    expect(safeNext(bad)).toBe('/');
});

it('an unknown theme is the one of the system', () => {
  expect([undefined, 'dark', 'blue'].map(parseTheme)).toEqual(['system', 'dark', 'system']);
});
