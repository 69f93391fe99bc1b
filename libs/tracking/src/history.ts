import type { Cell } from '@wardrobe/words';

/** An interval in which a cell had one answer. `endedAtMs` null: it still has. */
export type HistoryInterval = {
  readonly machine: string;
  readonly snapshot: string;
  readonly cell: Cell;
  readonly beganAtMs: number;
  readonly endedAtMs: number | null;
};
export type HistoryChange = {
  readonly opened: readonly HistoryInterval[];
  readonly closed: readonly HistoryInterval[];
  readonly kept: readonly HistoryInterval[];
};
export type CurrentCell = { readonly machine: string; readonly snapshot: string; readonly cell: Cell };

/**
 * What begins and ends when the present cells are held against the open intervals. A cell that changes its answer ends one interval and begins another at the same time.
 * @param open intervals without an end
 */
export function historyChange(open: readonly HistoryInterval[], now: readonly CurrentCell[], atMs: number): HistoryChange {
  const present = new Map(now.map((cell) => [keyOf(cell), cell]));
  const closed: HistoryInterval[] = [];
  const kept: HistoryInterval[] = [];
  const known = new Set<string>();
  for (const interval of open) {
    const current = present.get(keyOf(interval));
    if (current?.cell === interval.cell) {
      kept.push(interval);
      known.add(keyOf(interval));
    } else closed.push({ ...interval, endedAtMs: atMs });
  }
  const opened = now.filter((cell) => !known.has(keyOf(cell))).map((cell) => ({ ...cell, beganAtMs: atMs, endedAtMs: null }));
  return { opened, closed, kept };
}

function keyOf(cell: { readonly machine: string; readonly snapshot: string }): string {
  return `${cell.machine}/${cell.snapshot}`;
}
