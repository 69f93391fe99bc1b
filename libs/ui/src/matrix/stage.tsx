'use client';
import { counted } from '@wardrobe/words';
import { type KeyboardEvent, type PointerEvent, type RefObject, useEffect, useLayoutEffect, useMemo, useRef } from 'react';
import { columnAtPixel, paintCanvas, worstColumnNear } from '../matrix-kernel/index.js';
import { Axis } from './axis-bar.js';
import { drawCross, drawGaps } from './draw.js';
import { type MatrixLayout, rowAt } from './layout.js';
import type { MatrixModel } from './model.js';
import { type CanvasSetting, sizedContext } from './use-canvas.js';
import type { MatrixControls } from './use-matrix.js';
import { centreView, type MatrixCursor } from './view.js';

export type StageProps = {
  readonly model: MatrixModel;
  readonly layout: MatrixLayout;
  readonly controls: MatrixControls;
  readonly setting: CanvasSetting | null;
  readonly stage: RefObject<HTMLDivElement | null>;
  readonly describedBy: string;
  /** Enter on a cell, and a double click has nothing to dive into. */
  readonly onOpen: () => void;
};

/** Columns wider than this are drawn with a gap between them. */
const GAP_FROM_PX = 10;
const DIVE = 1 / 6;
/** A matrix of a million cells has no element of its own: it is one stop of the keyboard, and the table view holds the same data. */
const FOCUSABLE = { tabIndex: 0 } as const;

/** The canvas, its overlay and its keys. One ImageData a paint, no DOM per cell. */
export function Stage({ model, layout, controls, setting, stage, describedBy, onOpen }: StageProps) {
  const base = useRef<HTMLCanvasElement>(null);
  const over = useRef<HTMLCanvasElement>(null);
  const { view, cursor } = controls;
  useLayoutEffect(() => {
    if (base.current !== null && setting !== null) paint(base.current, layout, { view, setting });
  }, [layout, view, setting]);
  useLayoutEffect(() => {
    if (over.current !== null && setting !== null) drawCross(over.current, { layout, view, cursor, setting });
  }, [layout, view, cursor, setting]);
  useWheel(stage, controls);

  const pointed = useMemo(
    () =>
      (event: { readonly clientX: number; readonly clientY: number }): MatrixCursor | null => {
        const canvas = base.current;
        if (canvas === null || model.columns === 0) return null;
        const box = canvas.getBoundingClientRect();
        const row = layout.rows[rowAt(layout, event.clientY - box.top)];
        if (row === undefined) return null;
        const column = columnAtPixel(event.clientX - box.left, view, { width: box.width, columns: model.columns });
        return { machine: row.machine, column: worstColumnNear(row.cells, column, (view.to - view.from) / box.width) };
      },
    [layout, model.columns, view],
  );
  function point(event: PointerEvent): void {
    const cell = event.pointerType === 'mouse' ? pointed(event) : null;
    if (cell !== null) controls.select(cell);
  }
  function press(event: { clientX: number; clientY: number }): void {
    const cell = pointed(event);
    stage.current?.focus({ preventScroll: true });
    if (cell !== null) controls.select(cell);
  }
  function dive(event: { clientX: number; clientY: number }): void {
    const cell = pointed(event);
    if (cell === null) return;
    const span = (view.to - view.from) * DIVE;
    controls.setView(centreView({ from: 0, to: Math.max(1, span) }, cell.column, model.columns));
  }
  function key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = ARROWS[event.key];
    if (step !== undefined) {
      event.preventDefault();
      const perPixel = Math.max(1, Math.round((view.to - view.from) / (setting?.width ?? 1)));
      controls.move(step[0], step[1] * perPixel);
    }
    if (event.key === 'Enter' && event.target === event.currentTarget) onOpen();
  }
  return (
    <div
      ref={stage}
      className="mx-stage"
      id="matrix-stage"
      data-list
      {...FOCUSABLE}
      role="application"
      aria-roledescription="matrix"
      aria-label={`${counted(model.machines.length, 'machine')} by ${counted(model.columns, 'snapshot')}`}
      aria-describedby={describedBy}
      onKeyDown={key}
    >
      <Axis times={model.times} view={view} width={setting?.width ?? 0} />
      <canvas ref={base} className="mx-base" aria-hidden onPointerMove={point} onClick={press} onDoubleClick={dive} />
      <canvas ref={over} className="mx-over" aria-hidden />
    </div>
  );
}

const ARROWS: Readonly<Record<string, readonly [number, number]>> = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

function paint(
  canvas: HTMLCanvasElement,
  layout: MatrixLayout,
  { view, setting }: { readonly view: MatrixControls['view']; readonly setting: CanvasSetting },
): void {
  const { width, scale, colours } = setting;
  const context = sizedContext(canvas, { width, height: layout.height, scale });
  if (context === null) return;
  const rows = layout.rows.map((row) => ({ cells: row.cells, y: Math.round(row.y * scale), height: Math.max(1, Math.round(row.height * scale)) }));
  const milliseconds = paintCanvas(context, rows, { view, colours, scale });
  // Read by the bench and by nothing else.
  canvas.dataset['paintMs'] = milliseconds.toFixed(1);
  const columnWidth = width / (view.to - view.from);
  if (columnWidth >= GAP_FROM_PX) drawGaps(context, { view, columnWidth, height: layout.height, scale, colours });
}

/** Ctrl-wheel zooms around the pointer, Shift-wheel and sideways scrolling pan; a plain wheel scrolls the page. */
function useWheel(stage: RefObject<HTMLDivElement | null>, controls: MatrixControls): void {
  const latest = useRef(controls);
  latest.current = controls;
  useEffect(() => {
    const element = stage.current;
    if (element === null) return;
    function onWheel(event: WheelEvent): void {
      const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
      const zooms = event.ctrlKey || event.metaKey;
      if ((!sideways && !zooms) || element === null) return;
      event.preventDefault();
      const box = element.getBoundingClientRect();
      const { view, zoom, pan } = latest.current;
      if (zooms) zoom(Math.exp(event.deltaY / 300), (event.clientX - box.left) / box.width);
      else pan(((event.deltaX || event.deltaY) / box.width) * (view.to - view.from));
    }
    // React listens passively, which could not keep the browser from zooming the page.
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, [stage]);
}
