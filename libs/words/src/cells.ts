/** Every answer a cell can give, from calm to worst. The order is the severity used by "worst wins". */
export const CELLS = ['none', 'seen', 'behind', 'stale-delete', 'unknown', 'mismatch', 'lost-delete', 'unreadable', 'phantom', 'lost'] as const;
export type Cell = (typeof CELLS)[number];

/** Severity of a cell: 0 = nothing to draw, higher is worse. */
export const CELL_SEVERITY: Readonly<Record<Cell, number>> = Object.freeze(Object.fromEntries(CELLS.map((cell, rank) => [cell, rank])) as Record<Cell, number>);

/** Cells that make a machine `diverged`. */
export const DIVERGENT_CELLS = ['mismatch', 'lost-delete', 'unreadable', 'phantom', 'lost'] as const satisfies readonly Cell[];
export type DivergentCell = (typeof DIVERGENT_CELLS)[number];

export function isDivergent(cell: Cell): cell is DivergentCell {
  return CELL_SEVERITY[cell] >= CELL_SEVERITY.mismatch;
}

export function worstCell(a: Cell, b: Cell): Cell {
  return CELL_SEVERITY[a] >= CELL_SEVERITY[b] ? a : b;
}

/** A machine's verdict on one store, worst first. */
export const VERDICTS = ['diverged', 'unknown', 'behind', 'in-sync'] as const;
export type Verdict = (typeof VERDICTS)[number];
