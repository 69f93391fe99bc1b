import { randomFillSync } from 'node:crypto';
import { LocationTable } from './location-table.js';
import type { StateRecord } from './state-record.js';

/** States read together: their records, and one table of their locations. Never changed once a view shows it. */
export type Layer = { readonly table: LocationTable; readonly records: readonly StateRecord[] };

/** An empty table with a secret seed, so that no file of a store can be made to fill one chain of it. With `expectedRows` it does not grow by steps. */
export function newLocationTable(expectedRows = 0): LocationTable {
  const seed = randomFillSync(new Uint32Array(2));
  return new LocationTable([seed[0] as number, seed[1] as number], undefined, expectedRows);
}

/** One layer with everything of several. */
export function joinLayers(layers: readonly Layer[]): Layer {
  const table = newLocationTable();
  for (const layer of layers) table.absorb(layer.table);
  return { table, records: layers.flatMap((layer) => layer.records) };
}

/** One layer out of several, made inside the first one's table: only for layers that no view shows yet. Far less memory than `joinLayers` when the first is large. */
export function joinInto(layers: readonly [Layer, ...Layer[]]): Layer {
  const [first, ...rest] = layers;
  for (const layer of rest) first.table.absorb(layer.table);
  return { table: first.table, records: layers.flatMap((layer) => layer.records) };
}
