import { CELL_CODE } from '../matrix-kernel/cells.js';

/** What made a machine's verdict, from each change on: seconds since the epoch and cell code, oldest first. */
export type History = readonly (readonly [seconds: number, cell: number])[];

/**
 * A machine's cells with what it was when those snapshots were the newest: over the snapshots taken while it was behind or diverged the worst wins, so that
 * what has healed is still seen in its time. A time without a snapshot is told on the one before it. What is now stands in the cells alone.
 * @param times of the columns, ms, ascending
 */
export function withHistory(cells: Uint8Array, times: Float64Array, history: History): Uint8Array {
  let out: Uint8Array | null = null;
  for (const [index, [seconds, cell]] of history.entries()) {
    const next = history[index + 1];
    if (next === undefined || cell <= CELL_CODE.seen) continue;
    const first = firstFrom(times, seconds * 1000);
    const end = firstFrom(times, next[0] * 1000);
    // Nothing was taken in that time: the newest snapshot of then stands for it.
    const from = first === end ? Math.max(0, first - 1) : first;
    const to = first === end ? Math.min(times.length, Math.max(first, 1)) : end;
    for (let column = from; column < to; column += 1) {
      if ((cells[column] ?? 0) >= cell) continue;
      out ??= cells.slice();
      if ((out[column] ?? 0) < cell) out[column] = cell;
    }
  }
  return out ?? cells;
}

/** First column that was taken at this time or later. */
function firstFrom(times: Float64Array, ms: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}
