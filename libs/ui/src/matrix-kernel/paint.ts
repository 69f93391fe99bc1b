import { binRow, type ColumnView } from './bin.js';
import { CELL_CODE } from './cells.js';
import { cellProfiles, type MatrixColours, PHASES, type Profiles } from './profiles.js';

/** A row to paint, in device pixels. `x`, `width` and `view` default to the whole raster and the view of the paint. */
export type PaintRow = {
  readonly cells: Uint8Array;
  readonly y: number;
  readonly height: number;
  readonly x?: number;
  readonly width?: number;
  readonly view?: ColumnView;
};

export type Raster = { readonly pixels: Uint32Array; readonly width: number; readonly height: number };

export type PaintOptions = { readonly view: ColumnView; readonly colours: MatrixColours; readonly scale: number };

/** Narrowest width in CSS pixels that an exception is drawn with. */
export const FLOOR_PX = 2;

/** Paints rows into a raster. Neighbouring rows that share their cells are binned once. */
export function paintRows(raster: Raster, rows: readonly PaintRow[], options: PaintOptions): void {
  const floorPx = Math.ceil(FLOOR_PX * options.scale);
  const profilesOf = new Map<number, Profiles>();
  raster.pixels.fill(options.colours.surface);
  let bins = new Uint8Array(0);
  let previous: PaintRow | null = null;
  for (const row of rows) {
    const width = Math.max(0, Math.min(row.width ?? raster.width, raster.width - (row.x ?? 0)));
    if (previous === null || !sameBins(previous, row) || bins.length !== width) {
      if (bins.length !== width) bins = new Uint8Array(width);
      binRow(row.cells, row.view ?? options.view, floorPx, bins);
    }
    previous = row;
    let profiles = profilesOf.get(row.height);
    if (profiles === undefined) {
      profiles = cellProfiles(row.height, options.colours, options.scale);
      profilesOf.set(row.height, profiles);
    }
    paintBins(raster, row, bins, profiles);
  }
}

/** Paints a canvas with one ImageData. Gives the milliseconds it took. */
export function paintCanvas(context: CanvasRenderingContext2D, rows: readonly PaintRow[], options: PaintOptions): number {
  const started = performance.now();
  const { width, height } = context.canvas;
  if (width === 0 || height === 0) return 0;
  const image = context.createImageData(width, height);
  paintRows({ pixels: new Uint32Array(image.data.buffer), width, height }, rows, options);
  context.putImageData(image, 0, 0);
  return performance.now() - started;
}

function sameBins(a: PaintRow, b: PaintRow): boolean {
  return a.cells === b.cells && a.view === b.view;
}

function paintBins({ pixels, width, height }: Raster, row: PaintRow, bins: Uint8Array, profiles: Profiles): void {
  const left = row.x ?? 0;
  const rowsInside = Math.min(row.height, height - row.y);
  for (let x = 0; x < bins.length; x++) {
    const code = bins[x] as number;
    const column = profiles[code * PHASES + (x & (PHASES - 1))] as Uint32Array;
    let at = row.y * width + left + x;
    for (let y = 0; y < rowsInside; y++, at += width) pixels[at] = column[y] as number;
    if (code !== CELL_CODE.phantom || rowsInside < row.height) continue;
    // A phantom is one pixel taller than its row, so that it is told from `seen` without colour.
    if (row.y > 0) pixels[(row.y - 1) * width + left + x] = column[0] as number;
    if (row.y + row.height < height) pixels[(row.y + row.height) * width + left + x] = column[0] as number;
  }
}
