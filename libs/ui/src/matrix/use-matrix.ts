'use client';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { ColumnView } from '../matrix-kernel/index.js';
import { type MatrixLayout, rowOfMachine } from './layout.js';
import type { MatrixModel } from './model.js';
import { divergenceAt, stepDivergence } from './navigate.js';
import { centreView, clampView, cursorText, type MatrixCursor, type MatrixQuery, panView, parseCursor, parseView, viewQuery, zoomView } from './view.js';

export type MatrixMode = 'matrix' | 'table';

export type MatrixControls = {
  readonly view: ColumnView;
  readonly cursor: MatrixCursor | null;
  readonly mode: MatrixMode;
  /** Index among the divergences of the cell under the cursor; -1 on none. */
  readonly divergence: number;
  readonly setView: (view: ColumnView) => void;
  readonly zoom: (factor: number, part?: number) => void;
  readonly pan: (columns: number) => void;
  readonly select: (cursor: MatrixCursor, options?: { readonly centre?: boolean; readonly near?: boolean }) => void;
  /** Moves by rows of the layout and by columns. */
  readonly move: (rows: number, columns: number) => void;
  readonly jump: (step: 1 | -1) => void;
  readonly show: (mode: MatrixMode) => void;
};

/** Columns around a divergence that was jumped to from far away. */
const NEAR_COLUMNS = 240;
/** Views wider than this are left for the near one on a jump. */
const FAR_COLUMNS = 4000;
const URL_DELAY_MS = 150;

/** View, cursor and mode of a matrix; starts from the URL and reports every change for it. */
export function useMatrix(
  model: MatrixModel,
  layout: MatrixLayout,
  { query, onQuery }: { readonly query: MatrixQuery; readonly onQuery: (query: MatrixQuery) => void },
): MatrixControls {
  const [shown, setShown] = useState<ColumnView>(() => parseView(model, query));
  const [cursor, setCursor] = useState<MatrixCursor | null>(() => parseCursor(model, query.at));
  const [mode, setMode] = useState<MatrixMode>(query.view === 'table' ? 'table' : 'matrix');
  const [known, setKnown] = useState(model);
  if (known !== model) {
    // New data moves columns: the same snapshots stay in view, and the same cell under the cursor.
    setKnown(model);
    setShown(parseView(model, viewQuery(known, shown)));
    setCursor(cursor === null ? null : parseCursor(model, cursorText(known, cursor)));
  }
  useReport({ model, view: shown, cursor, mode }, onQuery);

  const { columns } = model;
  const setView = useCallback((view: ColumnView) => setShown(clampView(view.from, view.to, columns)), [columns]);
  const select = useCallback<MatrixControls['select']>(
    (wanted, options = {}) => {
      const column = Math.max(0, Math.min(columns - 1, wanted.column));
      setCursor({ machine: wanted.machine, column });
      setShown((view) => {
        if (options.near === true && view.to - view.from > FAR_COLUMNS) return centreView({ from: 0, to: NEAR_COLUMNS }, column, columns);
        return options.centre === true || column < view.from || column >= view.to ? centreView(view, column, columns) : view;
      });
    },
    [columns],
  );
  const zoom = useCallback(
    (factor: number, part?: number) => {
      setShown((view) => zoomView(view, factor, { part: part ?? partOf(view, cursor), columns }));
    },
    [columns, cursor],
  );
  const pan = useCallback((by: number) => setShown((view) => panView(view, by, columns)), [columns]);
  const move = useCallback(
    (rows: number, by: number) => {
      const row = cursor === null ? Math.min(1, layout.rows.length - 1) : rowOfMachine(layout, cursor.machine) + rows;
      const kept = layout.rows[Math.max(0, Math.min(layout.rows.length - 1, row))];
      select({ machine: kept?.machine ?? -1, column: cursor === null ? (model.divergences[0]?.column ?? columns - 1) : cursor.column + by });
    },
    [cursor, layout, model, columns, select],
  );
  const jump = useCallback(
    (step: 1 | -1) => {
      const place = model.divergences[stepDivergence(model, cursor, step)];
      if (place !== undefined) select(place, { near: true });
    },
    [model, cursor, select],
  );
  const divergence = useMemo(() => divergenceAt(model, cursor), [model, cursor]);
  return { view: shown, cursor, mode, divergence, setView, zoom, pan, select, move, jump, show: setMode };
}

function partOf(view: ColumnView, cursor: MatrixCursor | null): number {
  if (cursor === null || cursor.column < view.from || cursor.column >= view.to) return 0.5;
  return (cursor.column + 0.5 - view.from) / (view.to - view.from);
}

type Reported = { readonly model: MatrixModel; readonly view: ColumnView; readonly cursor: MatrixCursor | null; readonly mode: MatrixMode };

function useReport({ model, view, cursor, mode }: Reported, onQuery: (query: MatrixQuery) => void): void {
  const latest = useRef(onQuery);
  latest.current = onQuery;
  const first = useRef(true);
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    const timer = setTimeout(() => {
      const at = cursor === null ? {} : { at: cursorText(model, cursor) };
      latest.current({ ...viewQuery(model, view), ...at, ...(mode === 'table' ? { view: 'table' } : {}) });
    }, URL_DELAY_MS);
    return () => clearTimeout(timer);
  }, [model, view, cursor, mode]);
}
