import { CELL_CODE } from './cells.js';

/** Part of the columns in view: `from` inclusive, `to` exclusive, both may be fractions of a column. */
export type ColumnView = { readonly from: number; readonly to: number };

/**
 * Bins a row to `out.length` pixels. A pixel shows the worst cell of its columns; a run of an exception narrower than `floorPx` is
 * widened to it towards its calmer side, and the worst wins there again. Hence the pixels drawn divergent contain those of all
 * divergent cells in view, at every zoom.
 */
export function binRow(row: Uint8Array, view: ColumnView, floorPx: number, out: Uint8Array): Uint8Array {
  worstPerPixel(row, view, out);
  widenRuns(out, floorPx);
  return out;
}

/** First pixel and pixel after the last that a column takes part in, before any widening. */
export function pixelsOfColumn(column: number, view: ColumnView, width: number): [number, number] {
  const scale = width / (view.to - view.from);
  const first = Math.floor((column - view.from) * scale);
  const end = Math.ceil((column + 1 - view.from) * scale);
  return [Math.max(0, Math.min(width - 1, first)), Math.max(1, Math.min(width, end))];
}

/** Column under a pixel (a fraction of a pixel counts), kept inside the row. */
export function columnAtPixel(x: number, view: ColumnView, size: { readonly width: number; readonly columns: number }): number {
  const column = Math.floor(view.from + (x / size.width) * (view.to - view.from));
  return Math.max(0, Math.min(size.columns - 1, column));
}

/**
 * The column that a pixel stands for: the worst within the reach of the floor, the nearest of equals; the column itself where
 * columns are wider than pixels.
 */
export function worstColumnNear(row: Uint8Array, column: number, columnsPerPixel: number): number {
  if (columnsPerPixel <= 1) return column;
  const reach = Math.ceil(columnsPerPixel) * 2;
  let best = column;
  for (let step = 1; step <= reach; step++) {
    for (const other of [column - step, column + step]) if ((row[other] ?? 0) > (row[best] ?? 0)) best = other;
  }
  return best;
}

function worstPerPixel(row: Uint8Array, { from, to }: ColumnView, out: Uint8Array): void {
  const width = out.length;
  const span = to - from;
  const last = Math.min(row.length, Math.ceil(to));
  let start = Math.floor(from);
  for (let x = 0; x < width; x++) {
    const next = x === width - 1 ? last : Math.floor(from + ((x + 1) * span) / width);
    const end = Math.min(row.length, Math.max(next, start + 1));
    let worst = 0;
    for (let column = Math.max(0, start); column < end; column++) {
      const code = row[column] as number;
      if (code > worst) worst = code;
    }
    out[x] = worst;
    start = next;
  }
}

function widenRuns(out: Uint8Array, floorPx: number): void {
  if (floorPx <= 1) return;
  const drawn = out.slice();
  for (let x = 0; x < drawn.length; ) {
    const code = drawn[x] as number;
    let end = x + 1;
    while (end < drawn.length && drawn[end] === code) end++;
    if (code > CELL_CODE.seen && end - x < floorPx) widen(drawn, out, { start: x, end, code, floorPx });
    x = end;
  }
}

function widen(drawn: Uint8Array, out: Uint8Array, run: { start: number; end: number; code: number; floorPx: number }): void {
  let left = run.start - 1;
  let right = run.end;
  for (let need = run.floorPx - (run.end - run.start); need > 0 && (left >= 0 || right < drawn.length); need--) {
    const rightIsCalmer = left < 0 || (right < drawn.length && (drawn[right] as number) <= (drawn[left] as number));
    const x = rightIsCalmer ? right++ : left--;
    if ((out[x] as number) < run.code) out[x] = run.code;
  }
}
