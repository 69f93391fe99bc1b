import { CELLS, type Cell } from '@wardrobe/words';
import { CELL_CODE } from './cells.js';

/** One machine's row as it travels (contracts `machineRow.row`); a run is `[firstColumn, count, cell code]`. */
export type WireRow = { readonly watermark: number; readonly after: number; readonly exceptions: readonly (readonly [number, number, number])[] };

/** `[firstColumn, count]`: columns of snapshots that are not in the store. */
export type ColumnRun = readonly [number, number];

/**
 * Cells of one row, one code a column, oldest first: `seen` before the watermark, `after` from it on, bare track in absent columns,
 * and the exceptions over all of that. Runs beyond the last column are cut; codes of a newer server become `unknown`.
 */
export function decodeRow(row: WireRow, absentColumns: readonly ColumnRun[], out: Uint8Array): Uint8Array {
  out.fill(CELL_CODE.seen);
  out.fill(knownCode(row.after), Math.max(0, row.watermark));
  for (const [first, count] of absentColumns) fillRun(out, CELL_CODE.none, first, count);
  for (const [first, count, code] of row.exceptions) fillRun(out, knownCode(code), first, count);
  return out;
}

/** Decodes rows that are equal on the wire once: they share one array, so a painter can bin them once. */
export function decodeRows(rows: readonly WireRow[], absentColumns: readonly ColumnRun[], columns: number): Uint8Array[] {
  const byWire = new Map<string, Uint8Array>();
  return rows.map((row) => {
    const key = `${row.watermark}|${row.after}|${row.exceptions.join(';')}`;
    const known = byWire.get(key);
    if (known !== undefined) return known;
    const decoded = decodeRow(row, absentColumns, new Uint8Array(columns));
    byWire.set(key, decoded);
    return decoded;
  });
}

/** Times of the columns in milliseconds since the epoch, from the delta coded seconds of the wire. */
export function decodeTimes(deltas: readonly number[]): Float64Array {
  const times = new Float64Array(deltas.length);
  let seconds = 0;
  for (let column = 0; column < deltas.length; column++) {
    seconds += deltas[column] ?? 0;
    times[column] = seconds * 1000;
  }
  return times;
}

/** Worst code of each column over all rows; equal (shared) rows are visited once. */
export function worstRow(rows: readonly Uint8Array[], columns: number): Uint8Array {
  const worst = new Uint8Array(columns);
  for (const row of new Set(rows)) {
    for (let column = 0; column < columns; column++) {
      const code = row[column] ?? 0;
      if (code > (worst[column] ?? 0)) worst[column] = code;
    }
  }
  return worst;
}

/** How many columns of a decoded row hold each cell. */
export function countCells(row: Uint8Array): Record<Cell, number> {
  const tally = new Array<number>(CELLS.length).fill(0);
  for (const code of row) tally[code] = (tally[code] ?? 0) + 1;
  return Object.fromEntries(CELLS.map((cell, code) => [cell, tally[code] ?? 0])) as Record<Cell, number>;
}

/** Maximal runs of one code in a decoded row, for codes that pass `wanted`. */
export function runsOf(row: Uint8Array, wanted: (code: number) => boolean): { first: number; count: number; code: number }[] {
  const runs: { first: number; count: number; code: number }[] = [];
  for (let column = 0; column < row.length; ) {
    const code = row[column] ?? 0;
    let end = column + 1;
    while (end < row.length && row[end] === code) end++;
    if (wanted(code)) runs.push({ first: column, count: end - column, code });
    column = end;
  }
  return runs;
}

function fillRun(out: Uint8Array, code: number, first: number, count: number): void {
  const start = Math.max(0, first);
  const end = Math.min(out.length, first + count);
  if (end > start) out.fill(code, start, end);
}

function knownCode(code: number): number {
  return Number.isInteger(code) && code >= 0 && code < CELLS.length ? code : CELL_CODE.unknown;
}
