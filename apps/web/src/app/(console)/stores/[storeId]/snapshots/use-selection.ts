'use client';
import type { SnapshotRowDto } from '@wardrobe/contracts';
import { useToast } from '@wardrobe/ui';
import { type Chosen, MOST_CHOSEN, type Selection, withRows } from '@wardrobe/ui/snapshots';
import { figure } from '@wardrobe/words';
import { useCallback, useRef, useState } from 'react';
import { problemOf } from '@/trpc/problem';
import type { SnapshotPages } from './use-snapshot-pages';

/** Rows of the list that are chosen, by id: they stay chosen when the list is filtered. */
export function useSelection(rowsBetween: SnapshotPages['rowsBetween']): Selection & { readonly clear: () => void } {
  const toast = useToast();
  const [chosen, setChosen] = useState<Chosen>(new Map());
  const last = useRef<number | null>(null);
  const onToggle = useCallback(
    (index: number, row: SnapshotRowDto, range: boolean) => {
      const from = range ? (last.current ?? index) : index;
      const on = !chosen.has(row.id);
      last.current = index;
      const apply = (rows: readonly SnapshotRowDto[]): void => {
        const next = withRows(chosen, rows, on);
        setChosen(next.chosen);
        if (next.left > 0) toast({ kind: 'warning', text: `At most ${figure(MOST_CHOSEN)} snapshots at once: ${figure(next.left)} were left out.` });
      };
      if (from === index) {
        apply([row]);
        return;
      }
      // So that a range over the whole list does not fetch all of it: what is too much is told below.
      const [first, end] = from < index ? [from, Math.min(index, from + MOST_CHOSEN)] : [Math.max(index, from - MOST_CHOSEN), from];
      rowsBetween(first, end).then(apply, (error: unknown) => toast({ kind: 'warning', text: problemOf(error).sentence }));
    },
    [chosen, rowsBetween, toast],
  );
  return { chosen, onToggle, clear: () => setChosen(new Map()) };
}
