import { CELL_SEVERITY, type Cell } from '@wardrobe/words';

/** Wire form of a row: columns before the watermark are `seen`, from it on `after`; columns that are not live are `none`; exceptions win. */
export type EncodedRow = {
  readonly watermark: number;
  readonly after: number;
  readonly exceptions: readonly (readonly [first: number, count: number, cell: number])[];
};

/**
 * Packs one machine's cells over the columns (snapshots in time order).
 * @param cells one severity code a column (index in `CELLS`)
 * @param live 1 where the column's snapshot is live in the store
 */
export function encodeRow(cells: Uint8Array, live: Uint8Array): EncodedRow {
  const after = trailingCell(cells, live);
  const watermark = after === CELL_SEVERITY.seen ? cells.length : trailingStart(cells, live, after);
  const exceptions: [number, number, number][] = [];
  for (let column = 0; column < cells.length; column += 1) {
    const implied = live[column] === 0 ? CELL_SEVERITY.none : column < watermark ? CELL_SEVERITY.seen : after;
    const found = cells[column] ?? 0;
    if (found === implied) continue;
    const last = exceptions.at(-1);
    if (last && last[0] + last[1] === column && last[2] === found) last[1] += 1;
    else exceptions.push([column, 1, found]);
  }
  return { watermark, after, exceptions };
}

function trailingCell(cells: Uint8Array, live: Uint8Array): number {
  for (let column = cells.length - 1; column >= 0; column -= 1) if (live[column] === 1) return cells[column] ?? CELL_SEVERITY.seen;
  return CELL_SEVERITY.seen;
}

function trailingStart(cells: Uint8Array, live: Uint8Array, after: number): number {
  let start = cells.length;
  for (let column = cells.length - 1; column >= 0; column -= 1) {
    if (live[column] === 0) continue;
    if (cells[column] !== after) break;
    start = column;
  }
  return start;
}

/** The inverse of `encodeRow`. */
export function decodeRow(row: EncodedRow, live: Uint8Array): Uint8Array {
  const cells = new Uint8Array(live.length);
  cells.fill(CELL_SEVERITY.seen, 0, row.watermark);
  cells.fill(row.after, row.watermark);
  for (let column = 0; column < live.length; column += 1) if (live[column] === 0) cells[column] = CELL_SEVERITY.none;
  for (const [first, count, cell] of row.exceptions) cells.fill(cell, first, first + count);
  return cells;
}

/** Codes of one machine over the columns, from its exceptions. Live columns without an exception are `seen`. */
export function cellsOverColumns(columns: readonly string[], live: Uint8Array, exceptions: ReadonlyMap<string, Cell>): Uint8Array {
  const cells = new Uint8Array(columns.length);
  columns.forEach((snapshot, column) => {
    const cell = exceptions.get(snapshot);
    cells[column] = cell === undefined ? (live[column] === 1 ? CELL_SEVERITY.seen : CELL_SEVERITY.none) : CELL_SEVERITY[cell];
  });
  return cells;
}
