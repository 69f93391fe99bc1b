'use client';
import type { SnapshotRowDto } from '@wardrobe/contracts';
import { useKeys } from '../foundation/keys.js';
import type { Selection } from './selection.js';

type Props = { readonly index: number; readonly row: SnapshotRowDto; readonly selection: Selection };

/** Chooses a row; with Shift all between it and the one chosen before. */
export function ChooseCell({ index, row, selection }: Props) {
  return (
    <td className="snap-choose">
      <label>
        <input
          type="checkbox"
          aria-label={`Choose snapshot ${row.id.slice(0, 8)}`}
          checked={selection.chosen.has(row.id)}
          onChange={(event) => selection.onToggle(index, row, event.nativeEvent instanceof MouseEvent && event.nativeEvent.shiftKey)}
        />
      </label>
    </td>
  );
}

/** `x` chooses the row with the focus, `X` (with Shift) all up to it. */
export function useChooseKeys(rowAt: (index: number) => SnapshotRowDto | undefined, selection: Selection | undefined): void {
  const toggle = (range: boolean): void => {
    const at = document.activeElement?.closest('tr[data-index]')?.getAttribute('data-index');
    const row = at === null || at === undefined ? undefined : rowAt(Number(at));
    if (row !== undefined) selection?.onToggle(Number(at), row, range);
  };
  useKeys(selection === undefined ? {} : { x: () => toggle(false), X: () => toggle(true) });
}
