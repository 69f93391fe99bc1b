import type { VerdictSpell } from '@wardrobe/db';
import { CELLS } from '@wardrobe/words';

const DAY_S = 86_400;
/** The strip of a machine shows so many days one by one; what is older is told by the week. */
const RECENT_DAYS = 90;
const FINE_S = DAY_S / 2;
const COARSE_S = 7 * DAY_S;

export type VerdictHistory = readonly (readonly [seconds: number, cell: number])[];

/**
 * What made a machine's verdict over time, as fine as a strip of 160 pixels can show: in each half day, and before the last 90 days in each week, the worst
 * cell wins, so that no bad hour vanishes among many changes.
 */
export function verdictHistory({ seconds, cells }: Pick<VerdictSpell, 'seconds' | 'cells'>, nowSeconds: number): VerdictHistory {
  const edge = Math.floor((nowSeconds - RECENT_DAYS * DAY_S) / COARSE_S) * COARSE_S;
  const startOf = (at: number): number => {
    const step = at < edge ? COARSE_S : FINE_S;
    return Math.floor(at / step) * step;
  };
  const worst = new Map<number, number>();
  const raise = (at: number, cell: number): void => void worst.set(at, Math.max(worst.get(at) ?? 0, cell));
  for (const [index, at] of seconds.entries()) {
    const cell = CELLS.findIndex((name) => name === cells[index]);
    if (cell < 0) continue;
    raise(startOf(at), cell);
    // From the next part on it is alone, until it changes there.
    const end = seconds[index + 1] ?? nowSeconds;
    const next = startOf(at) + (startOf(at) < edge ? COARSE_S : FINE_S);
    if (end > next) raise(next, cell);
    if (end > next && startOf(end) > next) raise(startOf(end), cell);
  }
  const runs: [number, number][] = [];
  for (const [at, cell] of [...worst].sort(([a], [b]) => a - b)) if (runs.at(-1)?.[1] !== cell) runs.push([at, cell]);
  return runs;
}
