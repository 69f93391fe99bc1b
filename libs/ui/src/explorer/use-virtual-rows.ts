'use client';
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { extentOf, placeAt, placeOfRow, rowsInView, type ScrollPlace, scrolled } from './scroll.js';

export type VirtualRows = {
  /** Rows to draw, those beyond both edges included; `end` is exclusive. */
  readonly first: number;
  readonly end: number;
  /** Rows that can be seen. */
  readonly seen: { readonly first: number; readonly end: number };
  /** Rows on one screen. */
  readonly perView: number;
  readonly elementPx: number;
  /** Where a row stands in the element. */
  readonly topOf: (row: number) => number;
  readonly reveal: (row: number) => void;
  /** Puts a row in the middle, without moving there through what is between. */
  readonly centre: (row: number) => void;
};

export type VirtualRowsOptions = {
  readonly count: number;
  readonly rowPx: number;
  readonly overscan?: number /** Height of a head that sticks to the top of the box. */;
  readonly headPx?: number;
};

/** Rows of equal height in a scrolling box; any number of them. `overscan` rows are drawn beyond both edges. */
export function useVirtualRows(box: RefObject<HTMLElement | null>, { count, rowPx, overscan = 8, headPx = 0 }: VirtualRowsOptions): VirtualRows {
  const [viewPx, setViewPx] = useState(0);
  const [place, setPlace] = useState<ScrollPlace>({ top: 0, offset: 0 });
  const extent = extentOf(count, rowPx, viewPx);
  const state = useRef({ extent, place, count, rowPx });
  if (viewPx > 0) state.current.extent = extent;
  state.current.count = count;

  const move = useCallback(
    (next: ScrollPlace) => {
      state.current.place = next;
      setPlace(next);
      const element = box.current;
      if (element !== null && Math.abs(element.scrollTop - next.top) >= 1) element.scrollTop = next.top;
    },
    [box],
  );
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    const measure = (): void => {
      const px = Math.max(0, element.clientHeight - headPx);
      // At once, for a row that is centred in the same breath as the list appears.
      state.current.extent = extentOf(state.current.count, state.current.rowPx, px);
      setViewPx(px);
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [box, headPx]);
  // Fewer rows, or rows of another height: the same row stays on top, inside the list.
  useLayoutEffect(() => {
    const { place: before, rowPx: beforePx } = state.current;
    state.current.rowPx = rowPx;
    if (viewPx > 0) move(placeAt(extentOf(count, rowPx, viewPx), ((before.top + before.offset) / beforePx) * rowPx));
  }, [count, rowPx, viewPx, move]);
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    function onScroll(): void {
      if (element === null) return;
      const before = state.current.place;
      if (Math.abs(element.scrollTop - before.top) < 1) return;
      move(scrolled(state.current.extent, before, element.scrollTop));
    }
    element.addEventListener('scroll', onScroll, { passive: true });
    return () => element.removeEventListener('scroll', onScroll);
  }, [box, move]);

  const reveal = useCallback((row: number) => move(placeOfRow(state.current.extent, state.current.place, { row, rowPx })), [move, rowPx]);
  const centre = useCallback((row: number) => move(placeAt(state.current.extent, row * rowPx - (state.current.extent.viewPx - rowPx) / 2)), [move, rowPx]);
  const seen = rowsInView(extent, place, rowPx);
  return {
    first: Math.max(0, seen.first - overscan),
    end: Math.min(count, seen.end + overscan),
    seen,
    perView: Math.max(1, Math.floor(viewPx / rowPx)),
    elementPx: extent.elementPx,
    topOf: (row) => row * rowPx - place.offset,
    reveal,
    centre,
  };
}
