import { CELL_SEVERITY } from '@wardrobe/words';
import { describe, expect, test } from 'vitest';
import { withHistory } from './history.js';

const { seen, behind, phantom, unknown, none } = CELL_SEVERITY;
const times = Float64Array.from([10, 20, 30, 40], (second) => second * 1000);
const cells = Uint8Array.from([seen, seen, none, phantom]);

describe('the strip of a machine', () => {
  test('shows what was behind or diverged over the snapshots of that time, the worst of it and of what is', () => {
    expect([
      ...withHistory(cells, times, [
        [5, seen],
        [15, behind],
        [45, seen],
      ]),
    ]).toEqual([seen, behind, behind, phantom]);
    expect([
      ...withHistory(cells, times, [
        [15, behind],
        [25, phantom],
        [35, seen],
      ]),
    ]).toEqual([seen, behind, phantom, phantom]);
  });

  test('tells a time without a snapshot on the one before it, so that nothing vanishes', () => {
    expect([
      ...withHistory(cells, times, [
        [21, unknown],
        [22, seen],
      ]),
    ]).toEqual([seen, unknown, none, phantom]);
    expect([
      ...withHistory(cells, times, [
        [1, behind],
        [2, seen],
      ]),
    ]).toEqual([behind, seen, none, phantom]);
  });

  test('leaves to the cells what is now, and changes no row that others share', () => {
    expect(withHistory(cells, times, [[15, behind]])).toBe(cells);
    expect(withHistory(cells, times, [])).toBe(cells);
    withHistory(cells, times, [
      [1, phantom],
      [50, seen],
    ]);
    expect([...cells]).toEqual([seen, seen, none, phantom]);
    expect(
      withHistory(new Uint8Array(0), new Float64Array(0), [
        [1, behind],
        [2, seen],
      ]),
    ).toHaveLength(0);
  });
});
