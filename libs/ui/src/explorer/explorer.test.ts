import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { childOf, entrySort, nameOf, parentOf, relativePath } from './entry-words.js';
import { extentOf, placeAt, placeOfRow, rowsInView, type ScrollPlace, scrolled, TALLEST_PX } from './scroll.js';

const sizes = fc.record({ rows: fc.integer({ min: 0, max: 60_000_000 }), rowPx: fc.constantFrom(20, 30, 52), viewPx: fc.integer({ min: 50, max: 2000 }) });

describe('scaled scrolling', () => {
  test('the element is never taller than a browser can lay out, and short lists are not scaled', () => {
    fc.assert(
      fc.property(sizes, ({ rows, rowPx, viewPx }) => {
        const extent = extentOf(rows, rowPx, viewPx);
        expect(extent.elementPx).toBeLessThanOrEqual(TALLEST_PX);
        if (rows * rowPx <= TALLEST_PX) expect(extent.elementPx).toBe(rows * rowPx);
      }),
    );
  });

  test('every row can be revealed, and the scroll position stays one that the element has', () => {
    fc.assert(
      fc.property(sizes, fc.double({ min: 0, max: 1, noNaN: true }), ({ rows, rowPx, viewPx }, part) => {
        fc.pre(rows > 0);
        const extent = extentOf(rows, rowPx, viewPx);
        const row = Math.min(rows - 1, Math.floor(part * rows));
        const place = placeOfRow(extent, { top: 0, offset: 0 }, { row, rowPx });
        const { first, end } = rowsInView(extent, place, rowPx);
        expect(row >= first && row < end).toBe(true);
        expect(place.top).toBeGreaterThanOrEqual(0);
        expect(place.top).toBeLessThanOrEqual(Math.max(0, extent.elementPx - viewPx) + 1);
      }),
    );
  });

  test('the end of the bar is the last row and its beginning the first', () => {
    fc.assert(
      fc.property(sizes, ({ rows, rowPx, viewPx }) => {
        fc.pre(rows * rowPx > TALLEST_PX * 1.2);
        const extent = extentOf(rows, rowPx, viewPx);
        const end = scrolled(extent, { top: 0, offset: 0 }, extent.elementPx - viewPx);
        expect(rowsInView(extent, end, rowPx).end).toBe(rows);
        expect(rowsInView(extent, scrolled(extent, end, 0), rowPx).first).toBe(0);
      }),
    );
  });

  test('a small step moves by itself and not by the scale', () => {
    fc.assert(
      fc.property(
        sizes,
        fc.double({ min: 0.1, max: 0.9, noNaN: true }),
        fc.array(fc.integer({ min: -40, max: 40 }), { maxLength: 60 }),
        ({ rows, rowPx, viewPx }, part, steps) => {
          fc.pre(rows * rowPx > TALLEST_PX * 1.2);
          const extent = extentOf(rows, rowPx, viewPx);
          let place: ScrollPlace = placeAt(extent, part * extent.contentPx);
          for (const step of steps) {
            const before = place.top + place.offset;
            place = scrolled(extent, place, place.top + step);
            expect(Math.abs(place.top + place.offset - (before + step))).toBeLessThan(0.01);
          }
        },
      ),
    );
  });

  test('dragging further down never shows earlier rows', () => {
    const extent = extentOf(1_000_000, 30, 700);
    let last = -1;
    for (let top = 0; top <= extent.elementPx - 700; top += 50_000) {
      const { first } = rowsInView(extent, scrolled(extent, { top: top < 3_000_000 ? 5_999_000 : 0, offset: 0 }, top), 30);
      expect(first).toBeGreaterThanOrEqual(last);
      last = first;
    }
  });
});

describe('paths', () => {
  test('parent, name and child fit together', () => {
    expect([parentOf('/'), parentOf('/a'), parentOf('/a/b%2Fc')]).toEqual(['/', '/', '/a']);
    expect([nameOf('/'), nameOf('/a/b')]).toEqual(['', 'b']);
    expect([childOf('/', 'x'), childOf('/a', 'x')]).toEqual(['/x', '/a/x']);
  });

  test('a relative link stays inside the snapshot', () => {
    expect(relativePath('/docs/a.md', 'img/b c.png')).toBe('/docs/img/b%20c.png');
    expect(relativePath('/docs/a.md', '../up.png?x=1#y')).toBe('/up.png');
    expect(relativePath('/docs/a.md', '/root.png')).toBe('/root.png');
    for (const link of ['https://example.org/x.png', '//example.org/x.png', 'data:image/png;base64,xx', 'javascript:alert(1)', '../../x.png', '#top', ''])
      expect(relativePath('/docs/a.md', link)).toBeNull();
  });

  test('an unknown order is by name', () => {
    expect([entrySort('-size'), entrySort('colour'), entrySort(null)]).toEqual(['-size', 'name', 'name']);
  });
});
