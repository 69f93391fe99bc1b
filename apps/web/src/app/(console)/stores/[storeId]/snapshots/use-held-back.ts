'use client';
import { useCallback, useLayoutEffect, useState } from 'react';

/** Nearer to the top than this the reader sees new rows come in, and nothing moves under the eye. */
const AT_TOP_PX = 200;

export type HeldBack = { readonly count: number; readonly show: () => void };

/**
 * Rows that came in at the head of a list while the reader is further down: they wait, so that what is being read stays in place.
 * `list` names the list (filter and order); another one starts anew. Null: new rows do not come in at the head.
 */
export function useHeldBack(list: string | null, total: number | undefined): HeldBack {
  const [shown, setShown] = useState<{ readonly list: string | null; readonly total: number } | null>(null);
  useLayoutEffect(() => {
    if (total === undefined) return;
    setShown((before) => {
      const isSame = before !== null && before.list === list;
      const waits = isSame && list !== null && total > before.total && window.scrollY > AT_TOP_PX;
      return waits || (isSame && before.total === total) ? before : { list, total };
    });
  }, [list, total]);
  const show = useCallback(() => {
    if (total !== undefined) setShown({ list, total });
    window.scrollTo({ top: 0 });
  }, [list, total]);
  const count = list === null || total === undefined || shown?.list !== list ? 0 : Math.max(0, total - shown.total);
  return { count, show };
}
