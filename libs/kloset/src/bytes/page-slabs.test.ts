import { expect, it } from 'vitest';
import { PageSlabs } from './page-slabs.js';

it('every page is zeroed memory of its own, those of large tables in few pieces', () => {
  const pageBytes = 100_000;
  const slabs = new PageSlabs(pageBytes);
  const pages = Array.from({ length: 200 }, () => {
    const { buffer, offset } = slabs.next();
    return new Uint8Array(buffer, offset, pageBytes);
  });
  for (const [number, page] of pages.entries()) {
    expect(page.every((byte) => byte === 0)).toBe(true);
    page.fill(number + 1);
  }
  expect(pages.every((page, number) => page.every((byte) => byte === number + 1))).toBe(true);
  // 10 pages of the ordinary allocator, then 41 to a slab.
  expect(new Set(pages.map(({ buffer }) => buffer)).size).toBe(10 + 5);
});
