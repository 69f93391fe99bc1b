import { CELL_SEVERITY } from '@wardrobe/words';
import { describe, expect, it } from 'vitest';
import { verdictHistory } from './verdict-history.js';

const DAY = 86_400;
const NOW = 400 * DAY;
const of = (...changes: readonly (readonly [day: number, cell: string])[]) =>
  verdictHistory({ seconds: Int32Array.from(changes, ([day]) => day * DAY), cells: changes.map(([, cell]) => cell) }, NOW).map(([at, cell]) => [
    at / DAY,
    cell,
  ]);
const { seen, behind, phantom } = CELL_SEVERITY;

describe('what made a verdict over time', () => {
  it('is told from each change on', () => {
    expect(of([380, 'seen'], [390, 'behind'], [391, 'seen'])).toEqual([
      [380, seen],
      [390, behind],
      [391.5, seen],
    ]);
    expect(of()).toEqual([]);
  });

  it('lets the worst of each half day win, so that no bad hour vanishes', () => {
    expect(of([380, 'seen'], [390.1, 'phantom'], [390.2, 'seen'], [390.3, 'behind'], [390.4, 'seen'])).toEqual([
      [380, seen],
      [390, phantom],
      [390.5, seen],
    ]);
  });

  it('stays small: what is long ago is told by the week', () => {
    const daily = Array.from({ length: 390 }, (_, day) => [day + 0.2, day % 2 === 0 ? 'behind' : 'seen'] as const);
    const told = of(...daily);
    expect(told.length).toBeLessThan(200);
    expect(told.some(([at, cell]) => (at ?? 0) < 100 && cell === behind)).toBe(true);
  });
});
