import type { MatrixModel } from './model.js';
import type { MatrixCursor } from './view.js';

/** Index of the divergence that a step leads to, in column order and around the ends; -1 when there is none. */
export function stepDivergence(model: MatrixModel, cursor: MatrixCursor | null, step: 1 | -1): number {
  const { divergences } = model;
  if (divergences.length === 0) return -1;
  if (cursor === null) return step > 0 ? 0 : divergences.length - 1;
  const firstNotBefore = lowerBound(model, cursor);
  if (step < 0) return (firstNotBefore - 1 + divergences.length) % divergences.length;
  const here = divergenceAt(model, cursor) === firstNotBefore ? 1 : 0;
  return (firstNotBefore + here) % divergences.length;
}

/** Index of the divergence under the cursor; -1 when it stands on none. */
export function divergenceAt(model: MatrixModel, cursor: MatrixCursor | null): number {
  if (cursor === null) return -1;
  const index = lowerBound(model, cursor);
  const place = model.divergences[index];
  return place !== undefined && place.column === cursor.column && place.machine === cursor.machine ? index : -1;
}

function lowerBound({ divergences }: MatrixModel, cursor: MatrixCursor): number {
  let low = 0;
  let high = divergences.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const place = divergences[middle];
    const before = place !== undefined && (place.column < cursor.column || (place.column === cursor.column && place.machine < cursor.machine));
    if (before) low = middle + 1;
    else high = middle;
  }
  return low;
}
