import { expect, it } from 'vitest';
import { PathHash } from './path-hash.js';

const hash = new PathHash();

/** Of a path in pieces. */
function hashOf(...pieces: readonly string[]): string {
  hash.start();
  for (const piece of pieces) {
    const bytes = Buffer.from(piece);
    hash.add(bytes, 0, bytes.length);
  }
  hash.end();
  return `${hash.first.toString(16)} ${hash.second.toString(16)}`;
}

it('is the same in whatever pieces a path comes', () => {
  expect(hashOf('/a', '/', 'b')).toBe(hashOf('/a/b'));
  expect(hashOf('', '/a/b', '')).toBe(hashOf('/a/b'));
});

it('tells a million paths apart by either half of it almost, and by both together always', () => {
  const [first, both] = [new Set<number>(), new Set<string>()];
  for (let file = 0; file < 1_000_000; file++) {
    both.add(hashOf(`/srv/data/d${file % 1000}`, '/', `f${file}`));
    first.add(hash.first);
  }
  expect(both.size).toBe(1_000_000);
  // By chance 116 of them share 32 bits with another.
  expect(first.size).toBeGreaterThan(999_500);
});

it('depends on each byte and its place', () => {
  const bytes = Buffer.from('/some/folder/and a file.txt');
  const before = hashOf(bytes.toString('latin1'));
  const seen = new Set([before]);
  for (let at = 0; at < bytes.length; at++)
    for (let bit = 0; bit < 7; bit++) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] as number) ^ (1 << bit);
      seen.add(hashOf(changed.toString('latin1')));
    }
  expect(seen.size).toBe(1 + 7 * bytes.length);
  expect(hashOf('/a/bc')).not.toBe(hashOf('/ab/c'));
});
