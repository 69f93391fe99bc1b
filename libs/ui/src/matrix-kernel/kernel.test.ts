import { CELLS } from '@wardrobe/words';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  binRow,
  CELL_CODE,
  type ColumnRun,
  cellProfiles,
  columnAtPixel,
  countCells,
  decodeRow,
  decodeRows,
  decodeTimes,
  FIRST_DIVERGENT_CODE,
  type MatrixColours,
  PHASES,
  paintRows,
  pixelsOfColumn,
  runsOf,
  type WireRow,
  worstColumnNear,
  worstRow,
} from './index.js';

const seen = CELL_CODE.seen;
const cellsArb = fc.uint8Array({ min: 0, max: CELLS.length - 1, minLength: 1, maxLength: 400 });
const sparseArb = fc
  .tuple(fc.integer({ min: 1, max: 5000 }), fc.array(fc.tuple(fc.nat(), fc.integer({ min: 2, max: CELLS.length - 1 })), { maxLength: 12 }))
  .map(([columns, marks]) => {
    const row = new Uint8Array(columns).fill(seen);
    for (const [at, code] of marks) row[at % columns] = code;
    return row;
  });
const viewArb = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0.001, max: 1, noNaN: true }));
const ratioArb = fc.constantFrom(1, 1.25, 1.5, 2, 3);

function viewOf(row: Uint8Array, [at, part]: [number, number]) {
  const span = Math.max(0.5, part * row.length);
  const from = at * Math.max(0, row.length - span);
  return { from, to: Math.min(row.length, from + span) };
}

const colours: MatrixColours = {
  surface: 0xff000001,
  track: 0xff000002,
  cells: Object.fromEntries(CELLS.map((cell, code) => [cell, cell === 'none' ? 0xff000002 : 0xff000010 + code])) as MatrixColours['cells'],
};

describe('binning', () => {
  test('every divergent cell in view is drawn divergent, at every zoom and pixel ratio', () => {
    fc.assert(
      fc.property(fc.oneof(cellsArb, sparseArb), viewArb, fc.integer({ min: 1, max: 500 }), ratioArb, (row, part, css, ratio) => {
        const view = viewOf(row, part);
        const width = Math.max(1, Math.round(css * ratio));
        const bins = binRow(row, view, Math.ceil(2 * ratio), new Uint8Array(width));
        for (let column = Math.floor(view.from); column < Math.ceil(view.to); column++) {
          const code = row[column] as number;
          if (code < FIRST_DIVERGENT_CODE) continue;
          const [first, end] = pixelsOfColumn(column, view, width);
          expect(bins.subarray(first, end).some((drawn) => drawn >= code)).toBe(true);
        }
      }),
      { numRuns: 600 },
    );
  });

  test('a pixel is never calmer than the worst of the columns wholly inside it', () => {
    fc.assert(
      fc.property(cellsArb, fc.integer({ min: 1, max: 60 }), (row, width) => {
        const bins = binRow(row, { from: 0, to: row.length }, 1, new Uint8Array(width));
        const worst = Math.max(...row);
        expect(Math.max(...bins)).toBe(worst);
        expect(bins.every((code) => row.includes(code))).toBe(true);
      }),
    );
  });

  test('one planted cell among 10,000 covers at least the floor at every ratio', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9999 }),
        fc.integer({ min: 2, max: CELLS.length - 1 }),
        fc.integer({ min: 8, max: 2400 }),
        ratioArb,
        (at, code, width, ratio) => {
          const row = new Uint8Array(10_000).fill(seen);
          row[at] = code;
          const floor = Math.ceil(2 * ratio);
          const bins = binRow(row, { from: 0, to: row.length }, floor, new Uint8Array(width));
          expect(bins.filter((drawn) => drawn === code).length).toBeGreaterThanOrEqual(Math.min(floor, width));
        },
      ),
    );
  });

  test('two narrow exceptions side by side are both drawn', () => {
    const row = new Uint8Array(1000).fill(seen);
    row[500] = CELL_CODE.phantom;
    row[510] = CELL_CODE.lost;
    const bins = binRow(row, { from: 0, to: 1000 }, 2, new Uint8Array(100));
    expect([...bins.subarray(48, 54)]).toEqual([seen, CELL_CODE.phantom, CELL_CODE.phantom, CELL_CODE.lost, CELL_CODE.lost, seen]);
  });

  test('widening happens at both edges of the view', () => {
    const row = new Uint8Array(1000).fill(seen);
    row[0] = CELL_CODE.lost;
    row[999] = CELL_CODE.phantom;
    const bins = binRow(row, { from: 0, to: 1000 }, 4, new Uint8Array(50));
    expect([...bins.subarray(0, 5)]).toEqual([CELL_CODE.lost, CELL_CODE.lost, CELL_CODE.lost, CELL_CODE.lost, seen]);
    expect([...bins.subarray(46)]).toEqual(new Array(4).fill(CELL_CODE.phantom));
  });

  test('a fraction of a last column still shows', () => {
    const row = new Uint8Array(10).fill(seen);
    row[9] = CELL_CODE.lost;
    expect(binRow(row, { from: 0, to: 9.01 }, 1, new Uint8Array(4))[3]).toBe(CELL_CODE.lost);
  });
});

describe('pointing', () => {
  test('a pixel over many columns means its worst cell', () => {
    const row = new Uint8Array(10_000).fill(seen);
    row[5003] = CELL_CODE.phantom;
    expect(worstColumnNear(row, columnAtPixel(250.2, { from: 0, to: 10_000 }, { width: 500, columns: 10_000 }), 20)).toBe(5003);
  });

  test('zoomed in, a pixel means its own column', () => {
    const row = Uint8Array.from([1, 9, 1]);
    expect(worstColumnNear(row, 0, 0.1)).toBe(0);
  });

  test('every pixel points at a column of the row', () => {
    fc.assert(
      fc.property(fc.double({ min: -10, max: 600, noNaN: true }), fc.integer({ min: 1, max: 100 }), (x, columns) => {
        const column = columnAtPixel(x, { from: 0, to: columns }, { width: 500, columns });
        expect(column >= 0 && column < columns).toBe(true);
      }),
    );
  });
});

describe('decoding', () => {
  test('decoding what a naive encoder wrote gives the row back', () => {
    fc.assert(
      fc.property(cellsArb, fc.array(fc.tuple(fc.nat(300), fc.integer({ min: 1, max: 5 })), { maxLength: 4 }), (row, absent) => {
        const columns = row.length;
        expect([...decodeRow(encode(row, absent), absent, new Uint8Array(columns))]).toEqual([...row]);
      }),
    );
  });

  test('absent columns are track unless the row excepts them', () => {
    const row: WireRow = { watermark: 3, after: CELL_CODE.behind, exceptions: [[1, 1, CELL_CODE.phantom]] };
    expect([...decodeRow(row, [[1, 2]], new Uint8Array(5))]).toEqual([seen, CELL_CODE.phantom, CELL_CODE.none, CELL_CODE.behind, CELL_CODE.behind]);
  });

  test('a code that this version does not know is unknown, and runs past the end are cut', () => {
    const row: WireRow = { watermark: 99, after: 1, exceptions: [[2, 50, 77]] };
    expect([...decodeRow(row, [[-4, 5]], new Uint8Array(4))]).toEqual([0, seen, CELL_CODE.unknown, CELL_CODE.unknown]);
  });

  test('rows that are equal on the wire share one array', () => {
    const wire: WireRow = { watermark: 2, after: 1, exceptions: [[0, 1, 8]] };
    const [a, b, c] = decodeRows([wire, { ...wire, exceptions: [[0, 1, 8]] }, { ...wire, watermark: 1 }], [], 4);
    expect(a).toBe(b);
    expect(a).not.toBe(c);
  });

  test('times are summed from their deltas', () => {
    expect([...decodeTimes([1_700_000_000, 0, 60])]).toEqual([1_700_000_000_000, 1_700_000_000_000, 1_700_000_060_000]);
  });

  test('the worst row, counts and runs agree with the cells', () => {
    const a = Uint8Array.from([1, 8, 8, 0]);
    const b = Uint8Array.from([1, 1, 9, 0]);
    expect([...worstRow([a, b, a], 4)]).toEqual([1, 8, 9, 0]);
    expect(countCells(a)).toMatchObject({ seen: 1, phantom: 2, none: 1, lost: 0 });
    expect(runsOf(a, (code) => code >= FIRST_DIVERGENT_CODE)).toEqual([{ first: 1, count: 2, code: 8 }]);
  });
});

describe('painting', () => {
  test('no two cells have the same form at row height, but for those that borrow one', () => {
    const grey = { ...colours, cells: Object.fromEntries(CELLS.map((cell) => [cell, cell === 'none' ? colours.track : 0xffffffff])) as MatrixColours['cells'] };
    const profiles = cellProfiles(18, grey, 1);
    const forms = CELLS.map((_, code) =>
      Array.from({ length: PHASES }, (_unused, phase) => [...(profiles[code * PHASES + phase] as Uint32Array)].join()).join('|'),
    );
    const equal = CELLS.flatMap((a, i) =>
      CELLS.slice(i + 1)
        .filter((_, k) => forms[i + 1 + k] === forms[i])
        .map((b) => `${a}=${b}`),
    );
    // A phantom is told from `seen` by its extra pixel above and below, painted outside the row.
    expect(equal).toEqual(['seen=phantom', 'mismatch=lost-delete']);
  });

  test('in a thin row a divergent cell fills the whole height', () => {
    const profiles = cellProfiles(2, colours, 1);
    for (let code = FIRST_DIVERGENT_CODE; code < CELLS.length; code++)
      expect([...(profiles[code * PHASES] as Uint32Array)].every((word) => word === 0xff000010 + code)).toBe(true);
  });

  test('every pixel column of a divergent cell bears its colour, for rows of every height', () => {
    fc.assert(
      fc.property(sparseArb, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 300 }), fc.constantFrom(1, 2), (row, rowHeight, width, scale) => {
        const height = rowHeight + 4;
        const pixels = new Uint32Array(width * height);
        paintRows({ pixels, width, height }, [{ cells: row, y: 2, height: rowHeight }], { view: { from: 0, to: row.length }, colours, scale });
        row.forEach((code, column) => {
          if (code < FIRST_DIVERGENT_CODE) return;
          const [first, end] = pixelsOfColumn(column, { from: 0, to: row.length }, width);
          let found = false;
          for (let x = first; x < end; x++) for (let y = 2; y < 2 + rowHeight; y++) if ((pixels[y * width + x] as number) >= 0xff000010 + code) found = true;
          expect(found).toBe(true);
        });
      }),
    );
  });

  test('a phantom stands one pixel out of its row, and nothing is painted outside the raster', () => {
    const width = 4;
    const pixels = new Uint32Array(width * 6);
    const cells = new Uint8Array(4).fill(CELL_CODE.phantom);
    paintRows({ pixels, width, height: 6 }, [{ cells, y: 2, height: 2 }], { view: { from: 0, to: 4 }, colours, scale: 1 });
    expect([0, 1, 2, 3, 4, 5].map((y) => pixels[y * width])).toEqual([
      colours.surface,
      colours.cells.phantom,
      colours.cells.phantom,
      colours.cells.phantom,
      colours.cells.phantom,
      colours.surface,
    ]);
    expect(() => paintRows({ pixels, width, height: 6 }, [{ cells, y: 5, height: 4, x: 2 }], { view: { from: 0, to: 4 }, colours, scale: 1 })).not.toThrow();
    expect(pixels.length).toBe(24);
  });

  test('a strip of two parts bins each part by its own view', () => {
    const pixels = new Uint32Array(8);
    const cells = Uint8Array.from([9, 1, 1, 8]);
    const at = { y: 0, height: 1, cells };
    paintRows(
      { pixels, width: 8, height: 1 },
      [
        { ...at, x: 0, width: 2, view: { from: 0, to: 2 } },
        { ...at, x: 2, width: 6, view: { from: 2, to: 4 } },
      ],
      { view: { from: 0, to: 4 }, colours, scale: 1 },
    );
    expect([...pixels].map((word) => word - 0xff000010)).toEqual([9, 9, 1, 1, 1, 8, 8, 8]);
  });
});

/** The obvious encoder: watermark at the end, every column that differs from `seen` (or from track where absent) as an exception. */
function encode(row: Uint8Array, absent: readonly ColumnRun[]): WireRow {
  const base = decodeRow({ watermark: row.length, after: seen, exceptions: [] }, absent, new Uint8Array(row.length));
  const exceptions: [number, number, number][] = [];
  row.forEach((code, column) => {
    if (code !== base[column]) exceptions.push([column, 1, code]);
  });
  return { watermark: row.length, after: seen, exceptions };
}
