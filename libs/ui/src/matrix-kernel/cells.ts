import { CELLS, type Cell, isDivergent } from '@wardrobe/words';

/** Code of a cell in decoded rows: its index in `CELLS`, which is its severity, so that the larger number is the worse cell. */
export const CELL_CODE = Object.freeze(Object.fromEntries(CELLS.map((cell, code) => [cell, code])) as Record<Cell, number>);

/** Codes from here on are divergent. */
export const FIRST_DIVERGENT_CODE = CELLS.findIndex((cell) => isDivergent(cell));

/** Cell of a code; a code this version does not know is `unknown`, never `seen`. */
export function cellOf(code: number): Cell {
  return CELLS[code] ?? 'unknown';
}
