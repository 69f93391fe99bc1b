'use client';
import { type PointerEvent, useLayoutEffect, useRef } from 'react';
import { paintCanvas } from '../matrix-kernel/index.js';
import type { MatrixModel } from './model.js';
import { type CanvasSetting, sizedContext } from './use-canvas.js';
import type { MatrixControls } from './use-matrix.js';
import { centreView } from './view.js';

const HEIGHT = 22;
const NARROWEST_WINDOW = 8;

/** Worst of all rows over all time, with the window that is in view; drag it to pan. The keys of the matrix do the same. */
export function Overview({
  model,
  controls,
  setting,
}: {
  readonly model: MatrixModel;
  readonly controls: MatrixControls;
  readonly setting: CanvasSetting | null;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const dragging = useRef(false);
  const { view } = controls;
  useLayoutEffect(() => {
    if (canvas.current === null || setting === null) return;
    const { width, scale, colours } = setting;
    const context = sizedContext(canvas.current, { width, height: HEIGHT, scale });
    if (context !== null)
      paintCanvas(context, [{ cells: model.worst, y: 0, height: context.canvas.height }], { view: { from: 0, to: model.columns }, colours, scale });
  }, [model, setting]);
  useLayoutEffect(() => {
    if (frame.current === null || setting === null) return;
    const { width } = setting;
    const columns = Math.max(1, model.columns);
    const left = Math.min((view.from / columns) * width, width - NARROWEST_WINDOW);
    frame.current.style.left = `${left}px`;
    frame.current.style.width = `${Math.max(NARROWEST_WINDOW, Math.min(width - left, ((view.to - view.from) / columns) * width))}px`;
  }, [model.columns, view, setting]);
  function drag(event: PointerEvent<HTMLDivElement>): void {
    const box = event.currentTarget.getBoundingClientRect();
    controls.setView(centreView(view, ((event.clientX - box.left) / box.width) * model.columns, model.columns));
  }
  return (
    <div
      className="mx-mini"
      onPointerDown={(event) => {
        dragging.current = true;
        event.currentTarget.setPointerCapture(event.pointerId);
        drag(event);
      }}
      onPointerMove={(event) => dragging.current && drag(event)}
      onPointerUp={() => {
        dragging.current = false;
      }}
      onPointerCancel={() => {
        dragging.current = false;
      }}
    >
      <canvas ref={canvas} role="img" aria-label="Worst cell of all machines over all time" />
      <div ref={frame} className="mx-window" aria-hidden />
    </div>
  );
}
