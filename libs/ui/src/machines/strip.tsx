'use client';
import type { MachinesPageDto } from '@wardrobe/contracts';
import { createContext, type ReactNode, type RefObject, useContext, useEffect, useMemo, useRef } from 'react';
import { decodeRows, decodeTimes, type MatrixColours, paintCanvas, readMatrixColours } from '../matrix-kernel/index.js';
import { withHistory } from './history.js';
import { useRepaint } from './use-repaint.js';

const DAY_MS = 86_400_000;
const RECENT_DAYS = 90;
/** Part of the strip for everything older than the recent days. */
const OLD_PART = 0.25;

type Strips = {
  readonly rows: ReadonlyMap<string, Uint8Array>;
  readonly columns: number;
  readonly edge: number;
  readonly colours: RefObject<KnownColours | null>;
};
type KnownColours = { readonly theme: string; readonly colours: MatrixColours };
const StripContext = createContext<Strips | null>(null);

/** Decodes every machine's row once; strips below read from it. */
export function StripProvider({ page, nowMs, children }: { readonly page: MachinesPageDto; readonly nowMs: number; readonly children: ReactNode }) {
  const today = Math.floor(nowMs / DAY_MS);
  const colours = useRef<KnownColours | null>(null);
  const strips = useMemo((): Strips => {
    const rows = decodeRows(
      page.machines.map((machine) => machine.row),
      page.absentColumns,
      page.columns,
    );
    const times = decodeTimes(page.columnTimes);
    const edge = times.findIndex((time) => time > (today - RECENT_DAYS) * DAY_MS);
    return {
      rows: new Map(page.machines.map((machine, index) => [machine.id, withHistory(rows[index] ?? new Uint8Array(0), times, machine.history)])),
      columns: page.columns,
      edge: edge < 0 ? page.columns : edge,
      colours,
    };
  }, [page, today]);
  return <StripContext value={strips}>{children}</StripContext>;
}

/** History of one machine in 160 px: a quarter for what is older, the rest for the last 90 days; the worst of what is and of what was wins per pixel. */
export function Strip({ machineId, label }: { readonly machineId: string; readonly label: string }) {
  const strips = useContext(StripContext);
  const canvas = useRef<HTMLCanvasElement>(null);
  const repaint = useRepaint(canvas);
  useEffect(() => {
    const cells = strips?.rows.get(machineId);
    if (!canvas.current || !strips || !cells || !repaint.visible) return;
    paintStrip(canvas.current, cells, strips);
  }, [strips, machineId, repaint]);
  return <canvas ref={canvas} className="strip" role="img" aria-label={`History: ${label}`} />;
}

/** Colours of the theme in force, read once for all strips. */
function coloursNow(known: Strips['colours']): MatrixColours {
  const theme = `${document.documentElement.dataset.theme ?? ''} ${window.matchMedia('(prefers-color-scheme: dark)').matches}`;
  if (known.current?.theme !== theme) known.current = { theme, colours: readMatrixColours(document.body) };
  return known.current.colours;
}

function paintStrip(canvas: HTMLCanvasElement, cells: Uint8Array, { columns, edge, colours: known }: Strips): void {
  const colours = coloursNow(known);
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(canvas.clientWidth * scale);
  canvas.height = Math.round(canvas.clientHeight * scale);
  const context = canvas.getContext('2d');
  if (!context) return;
  const whole = { from: 0, to: columns };
  const height = canvas.height;
  if (edge === 0 || edge === columns || columns === 0) {
    paintCanvas(context, [{ cells, y: 0, height }], { view: whole, colours, scale });
    return;
  }
  const gap = Math.round(2 * scale);
  const old = Math.round(canvas.width * OLD_PART);
  paintCanvas(
    context,
    [
      { cells, y: 0, height, x: 0, width: old, view: { from: 0, to: edge } },
      { cells, y: 0, height, x: old + gap, width: canvas.width - old - gap, view: { from: edge, to: columns } },
    ],
    { view: whole, colours, scale },
  );
}
