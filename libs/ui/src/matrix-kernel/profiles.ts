import { CELLS, type Cell } from '@wardrobe/words';
import { FIRST_DIVERGENT_CODE } from './cells.js';

/** Colours as little-endian RGBA words, ready for an ImageData's Uint32Array. */
export type MatrixColours = { readonly surface: number; readonly track: number; readonly cells: Readonly<Record<Cell, number>> };

/** Pixels of upright columns: `[code * PHASES + (x & 3)]` is one column of `height` colour words, top first. */
export type Profiles = readonly Uint32Array[];

/** Forms repeat every four pixels across. */
export const PHASES = 4;

/** Below this height a form cannot be told, so a severe cell fills the whole height. */
const LOWEST_FORM_PX = 5;

/**
 * One column of pixels per cell and phase: the form of each cell, so that colour is never the only sign. `scale` is the device's pixel
 * ratio, heights are device pixels.
 */
export function cellProfiles(height: number, colours: MatrixColours, scale: number): Profiles {
  const list: Uint32Array[] = [];
  const stroke = Math.max(1, Math.round(scale));
  CELLS.forEach((cell, code) => {
    for (let phase = 0; phase < PHASES; phase++) {
      const column = new Uint32Array(height);
      for (let y = 0; y < height; y++) {
        const filled = (height < LOWEST_FORM_PX && code >= FIRST_DIVERGENT_CODE) || FORMS[cell]({ y, height, phase, stroke });
        column[y] = filled ? colours.cells[cell] : colours.track;
      }
      list.push(column);
    }
  });
  return list;
}

type Point = { readonly y: number; readonly height: number; readonly phase: number; readonly stroke: number };

/** Whether a form covers a point. `lost-delete` borrows the two bars of `mismatch`. */
const FORMS: Readonly<Record<Cell, (point: Point) => boolean>> = {
  none: () => false,
  seen: () => true,
  phantom: () => true,
  behind: ({ y, height }) => y >= height / 2,
  'stale-delete': ({ y, height, phase }) => y < height * 0.55 && ((phase + y) & 3) < 2,
  unknown: ({ y, height, phase, stroke }) => phase < stroke && Math.abs(y - height / 2 + 0.5) <= stroke * 0.75,
  mismatch: twoBars,
  'lost-delete': twoBars,
  unreadable: ({ y, phase, stroke }) => (((phase >> 1) + Math.floor(y / (stroke + 1))) & 1) === 0,
  lost: ({ y, height, stroke }) => y < Math.max(stroke, height * 0.28) || y >= height - Math.max(stroke, height * 0.28),
};

function twoBars({ y, height }: Point): boolean {
  return (y >= height * 0.06 && y < height * 0.4) || (y >= height * 0.6 && y < height * 0.94);
}
