import type { Mac } from '@wardrobe/kloset-model';
import type { Repository } from '../types.js';

/** Ids of the blobs of one type, as the states have them, in their order. */
export function blobIds({ view }: Pick<Repository, 'view'>, type: number): Mac[] {
  const ids = new Set<Mac>();
  for (const { table } of view.layers)
    table.each((row) => {
      if (row.type === type) ids.add(table.blob(row.index));
    });
  return [...ids].sort();
}
