import { CELLS, type Cell } from '@wardrobe/words';
import type { MatrixColours } from './profiles.js';

/** Reads the tokens as they are in the theme of `host`; a hidden probe resolves `light-dark()`. Call again when the theme changes. */
export function readMatrixColours(host: HTMLElement): MatrixColours {
  const probe = document.createElement('i');
  probe.hidden = true;
  host.append(probe);
  const word = (token: string): number => {
    probe.style.color = `var(--wd-${token})`;
    return colourWord(getComputedStyle(probe).color);
  };
  const track = word('track');
  const cells = Object.fromEntries(CELLS.map((cell) => [cell, cell === 'none' ? track : word(`cell-${fillToken(cell)}-fill`)])) as Record<Cell, number>;
  const colours = { surface: word('surface'), track, cells };
  probe.remove();
  return colours;
}

/** Little-endian RGBA word of a computed `rgb(…)` colour; opaque. */
export function colourWord(computed: string): number {
  const [red = 0, green = 0, blue = 0] = (computed.match(/[\d.]+/g) ?? []).map(Number);
  return ((255 << 24) | (Math.round(blue) << 16) | (Math.round(green) << 8) | Math.round(red)) >>> 0;
}

/** Name of the tokens a cell is drawn with: `lost-delete` borrows the look of `mismatch`. */
export function fillToken(cell: Cell): Cell {
  return cell === 'lost-delete' ? 'mismatch' : cell;
}
