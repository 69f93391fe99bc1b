import type { ColumnView, MatrixColours } from '../matrix-kernel/index.js';
import { type MatrixLayout, rowOfMachine } from './layout.js';
import { type CanvasSetting, sizedContext } from './use-canvas.js';
import type { MatrixCursor } from './view.js';

type Gaps = { readonly view: ColumnView; readonly columnWidth: number; readonly height: number; readonly scale: number; readonly colours: MatrixColours };

/** Lines of the surface between single snapshots. */
export function drawGaps(context: CanvasRenderingContext2D, { view, columnWidth, height, scale, colours }: Gaps): void {
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.fillStyle = cssColour(colours.surface);
  for (let column = Math.ceil(view.from); column < view.to; column++) context.fillRect((column - view.from) * columnWidth - 0.75, 0, 1.5, height);
  context.setTransform(1, 0, 0, 1, 0, 0);
}

type Cross = { readonly layout: MatrixLayout; readonly view: ColumnView; readonly cursor: MatrixCursor | null; readonly setting: CanvasSetting };

/** The crosshair on its own canvas: two hairlines that stop before a frame around the cell. */
export function drawCross(canvas: HTMLCanvasElement, { layout, view, cursor, setting }: Cross): void {
  const { width, scale } = setting;
  const context = sizedContext(canvas, { width, height: layout.height, scale });
  if (context === null || cursor === null || cursor.column < Math.floor(view.from) || cursor.column >= view.to) return;
  const row = layout.rows[rowOfMachine(layout, cursor.machine)];
  if (row === undefined) return;
  const columnWidth = width / (view.to - view.from);
  const x = Math.floor((cursor.column - view.from) * columnWidth);
  const cell = Math.max(2, columnWidth);
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.fillStyle = getComputedStyle(canvas).color;
  context.strokeStyle = context.fillStyle;
  context.globalAlpha = 0.5;
  const middleX = x + Math.floor(cell / 2);
  const middleY = row.y + Math.floor(row.height / 2);
  context.fillRect(middleX, 0, 1, Math.max(0, row.y - 2));
  context.fillRect(middleX, row.y + row.height + 2, 1, layout.height);
  context.fillRect(0, middleY, Math.max(0, x - 3), 1);
  context.fillRect(x + cell + 3, middleY, width, 1);
  context.globalAlpha = 1;
  context.lineWidth = 1.5;
  context.strokeRect(x - 2.5, row.y - 2.5, cell + 5, row.height + 5);
}

function cssColour(word: number): string {
  return `rgb(${word & 255} ${(word >> 8) & 255} ${(word >> 16) & 255})`;
}
