import { expect, it } from 'vitest';
import { nameMatcher } from './directory-index.js';

function fitting(text: string, names: readonly string[]): string[] {
  return names.filter(nameMatcher(text));
}

const NAMES = ['README.md', 'notes.md', 'notes.md.bak', 'image-1.png', 'image-10.png', 'a[1].txt', '\u{1F4C4}.txt', ''];

it('plain text stands anywhere in a name, upper and lower case alike', () => {
  expect(fitting('readme', NAMES)).toEqual(['README.md']);
  expect(fitting('.md', NAMES)).toEqual(['README.md', 'notes.md', 'notes.md.bak']);
  expect(fitting('[1]', NAMES)).toEqual(['a[1].txt']);
});

it('a pattern with * or ? describes the whole name', () => {
  expect(fitting('*.md', NAMES)).toEqual(['README.md', 'notes.md']);
  expect(fitting('image-?.PNG', NAMES)).toEqual(['image-1.png']);
  expect(fitting('image-*.png', NAMES)).toEqual(['image-1.png', 'image-10.png']);
  expect(fitting('?.txt', NAMES)).toEqual(['\u{1F4C4}.txt']);
  expect(fitting('*', NAMES)).toEqual(NAMES);
  expect(fitting('?*', NAMES)).not.toContain('');
  expect(fitting('*m?*b*', NAMES)).toEqual(['notes.md.bak']);
});

it('a pattern made of stars does not take ages', () => {
  const begun = performance.now();
  expect(nameMatcher(`${'*a'.repeat(40)}b`)('a'.repeat(255))).toBe(false);
  expect(performance.now() - begun).toBeLessThan(500);
});
