import type { ColumnView } from '../matrix-kernel/index.js';
import type { MatrixModel } from './model.js';

/** Fewest columns in view: single snapshots are then wide enough to point at. */
export const NARROWEST_VIEW = 12;

const DAY_MS = 86_400_000;

/** Spans of the zoom bar in days; 0 is everything. */
export const PRESET_DAYS = [0, 365, 90, 30] as const;

/** Keeps a view inside the columns and not narrower than can be pointed at. */
export function clampView(from: number, to: number, columns: number): ColumnView {
  const span = Math.max(Math.min(NARROWEST_VIEW, columns), Math.min(columns, to - from));
  const start = Math.max(0, Math.min(columns - span, from));
  return { from: start, to: start + span };
}

/** View of the same span around a column. */
export function centreView(view: ColumnView, column: number, columns: number): ColumnView {
  const span = view.to - view.from;
  const from = Math.round(column + 0.5 - span / 2);
  return clampView(from, from + span, columns);
}

/** Zooms by a factor of the span (0.5 is twice as near), the point at `part` of the width stays in place. */
export function zoomView(view: ColumnView, factor: number, { part, columns }: { readonly part: number; readonly columns: number }): ColumnView {
  const span = view.to - view.from;
  const fixed = view.from + span * part;
  const next = Math.max(Math.min(NARROWEST_VIEW, columns), Math.min(columns, span * factor));
  return clampView(fixed - next * part, fixed + next * (1 - part), columns);
}

export function panView(view: ColumnView, byColumns: number, columns: number): ColumnView {
  return clampView(view.from + byColumns, view.to + byColumns, columns);
}

/** The newest `days` of the columns, counted back from `nowMs`; 0 days is everything. */
export function presetView(model: MatrixModel, days: number, nowMs: number): ColumnView {
  if (days === 0) return { from: 0, to: model.columns };
  return clampView(firstAtOrAfter(model.times, nowMs - days * DAY_MS), model.columns, model.columns);
}

export function isSameView(a: ColumnView, b: ColumnView): boolean {
  return Math.round(a.from) === Math.round(b.from) && Math.round(a.to) === Math.round(b.to);
}

/** First column not older than a time; the number of columns when all are older. */
export function firstAtOrAfter(times: Float64Array, ms: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) < ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Part of the URL that holds the view: times in seconds, so that a link still fits when columns come or go. */
export type MatrixQuery = {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly at?: string | undefined;
  readonly view?: string | undefined;
};

export type MatrixCursor = { readonly machine: number; readonly column: number };

/** `at` of the URL: `<machine id or "store">:<seconds>[.<place among snapshots of that second>]`. */
export function cursorText(model: MatrixModel, cursor: MatrixCursor): string {
  const time = model.times[cursor.column] ?? 0;
  const place = cursor.column - firstAtOrAfter(model.times, time);
  const machine = model.machines[cursor.machine]?.row.id ?? 'store';
  return `${machine}:${time / 1000}${place === 0 ? '' : `.${place}`}`;
}

export function parseCursor(model: MatrixModel, text: string | undefined): MatrixCursor | null {
  const match = /^([^:]+):(-?\d+)(?:\.(\d+))?$/.exec(text ?? '');
  if (match === null || model.columns === 0) return null;
  const machine = match[1] === 'store' ? -1 : model.machines.findIndex(({ row }) => row.id === match[1]);
  if (machine < 0 && match[1] !== 'store') return null;
  const column = firstAtOrAfter(model.times, Number(match[2]) * 1000) + Number(match[3] ?? 0);
  return { machine, column: Math.min(model.columns - 1, column) };
}

/** `from` and `to` of the URL; both absent when everything is in view. */
export function viewQuery(model: MatrixModel, view: ColumnView): { from?: string; to?: string } {
  const first = Math.floor(view.from);
  const last = Math.ceil(view.to) - 1;
  if (first <= 0 && last >= model.columns - 1) return {};
  return { from: String((model.times[first] ?? 0) / 1000), to: String((model.times[last] ?? 0) / 1000) };
}

export function parseView(model: MatrixModel, query: MatrixQuery): ColumnView {
  const from = query.from === undefined || query.from === '' ? Number.NaN : Number(query.from);
  const to = query.to === undefined || query.to === '' ? Number.NaN : Number(query.to);
  if (!Number.isFinite(from) || !Number.isFinite(to) || to < from) return { from: 0, to: model.columns };
  return clampView(firstAtOrAfter(model.times, from * 1000), firstAtOrAfter(model.times, to * 1000 + 1), model.columns);
}
