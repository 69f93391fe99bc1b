import type { SnapshotRowDto } from '@wardrobe/contracts';

/** Snapshots chosen at once; more make a plan that nobody reads. */
export const MOST_CHOSEN = 500;

export type ChosenRow = Pick<SnapshotRowDto, 'id' | 'availability'>;
export type Chosen = ReadonlyMap<string, ChosenRow>;

export type Selection = {
  readonly chosen: Chosen;
  /** One row on or off; `range`: and all between it and the row before. */
  readonly onToggle: (index: number, row: SnapshotRowDto, range: boolean) => void;
};

/** Adds rows, or takes them away, as far as the bound goes; `left` were too many. */
export function withRows(chosen: Chosen, rows: readonly ChosenRow[], on: boolean): { readonly chosen: Chosen; readonly left: number } {
  const next = new Map(chosen);
  let left = 0;
  for (const { id, availability } of rows) {
    if (!on) next.delete(id);
    else if (next.has(id) || next.size < MOST_CHOSEN) next.set(id, { id, availability });
    else left += 1;
  }
  return { chosen: next, left };
}

/** Why what is chosen cannot be removed, or null. */
export function whyNotRemoved(chosen: Chosen): string | null {
  const others = [...chosen.values()].filter(({ availability }) => availability !== 'live').length;
  return others === 0 ? null : `${others} of them ${others === 1 ? 'is' : 'are'} not in the list of the store`;
}
