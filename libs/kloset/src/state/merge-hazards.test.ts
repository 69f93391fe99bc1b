import type { Mac, StateId } from '@wardrobe/kloset-model';
import { describe, expect, it } from 'vitest';
import { idOf, snapshotIn, type StateEntries, stateStream, storeBuilder, ZERO_MAC } from '../../test/store-builder.js';
import { V1_1_0 } from '../codec/version.js';
import { openRepository } from '../repository/repository.js';
import { remoteFacts } from '../repository/remote-facts.js';
import { memoryStore } from '@wardrobe/connector-memory';
import { newLocationTable } from './layer.js';
import { parseState } from './parse-state.js';
import { StateOrder } from './state-order.js';
import { MergedView } from './state-view.js';

type Named = StateEntries & { readonly id: StateId };

const [A, B, C, D, E] = ['a', 'b', 'c', 'd', 'e'].map(idOf) as [Mac, Mac, Mac, Mac, Mac];
const [P, Q] = ['1', '2'].map(idOf) as [Mac, Mac];
const S = idOf('5');

/** A layer for each state, so that what is told apart by layers is tried too. */
function hazards(states: readonly Named[]) {
  const layers = states.map((state) => {
    const table = newLocationTable();
    const parsed = parseState(stateStream(state.id, { ...state, version: '1.1.0' }), { version: V1_1_0, table });
    return { table, records: [{ id: state.id, sizeBytes: 0, stamp: null, footer: state.id, namesItself: true, ...parsed }] };
  });
  return new MergedView(layers, []).mergeHazards();
}

const chunkIn = (packfile: Mac, blob = idOf('9')) => ({ type: 9, blob, packfile, offset: 0, lengthBytes: 1 });
const deletePackfile = (packfile: Mac) => ({ removes: 4, type: 0, blob: ZERO_MAC, packfile });
const uncolour = (packfile: Mac) => ({ removes: 3, type: 4, blob: packfile, packfile: ZERO_MAC });
const deleteLocation = (packfile: Mac, blob = idOf('9')) => ({ removes: 2, type: 9, blob, packfile });

describe('merge order hazards', () => {
  const brings: Named = { id: B, parent: A, packfiles: [P], locations: [chunkIn(P), snapshotIn(S, P)] };
  const root: Named = { id: A };

  it('a packfile deleted by a sibling of the state that brings it is one, with the snapshots in it', () => {
    expect(hazards([root, brings, { id: C, parent: A, deletes: [deletePackfile(P)] }])).toEqual([{ state: C, unordered: [B], packfiles: [P], snapshots: [S] }]);
    expect(hazards([root, brings, { id: C, deletes: [deletePackfile(P)] }])).toHaveLength(1);
  });

  it('one deleted by a descendant, near or far, is none; nor is one that came after its deletion', () => {
    expect(hazards([root, brings, { id: C, parent: B, deletes: [deletePackfile(P)] }])).toEqual([]);
    expect(hazards([root, brings, { id: C, parent: B }, { id: D, parent: C, deletes: [deletePackfile(P)] }])).toEqual([]);
    expect(
      hazards([
        { ...brings, parent: C },
        { id: C, deletes: [deletePackfile(P)] },
      ]),
    ).toEqual([]);
  });

  it('an ancestor that is not in the store proves nothing', () => {
    expect(hazards([root, brings, { id: D, parent: C, deletes: [deletePackfile(P)] }])).toHaveLength(1);
  });

  const sweep: Named = { id: C, parent: A, deletes: [deletePackfile(P)] };
  const removed: Named = { id: D, coloured: [{ type: 5, id: S, whenNs: 1n }] };

  it('removed snapshots and padding do not count, nor does a packfile without blobs', () => {
    expect(hazards([root, brings, sweep, removed])).toEqual([{ state: C, unordered: [B], packfiles: [P], snapshots: [] }]);
    const padded: Named = { ...brings, locations: [snapshotIn(S, P), { ...chunkIn(P, idOf('8')), type: 255 }] };
    expect(hazards([root, padded, sweep, removed])).toEqual([]);
    expect(hazards([root, { id: B, parent: A, packfiles: [P] }, sweep])).toEqual([]);
  });

  it('a deleted packfile whose blobs lie elsewhere counts: who still knows it reads from it, and lists its snapshot twice', () => {
    const copied: Named = { id: E, packfiles: [Q], locations: [chunkIn(Q), snapshotIn(S, Q)] };
    expect(hazards([root, brings, sweep, copied])).toEqual([{ state: C, unordered: [B], packfiles: [P], snapshots: [S] }]);
    expect(hazards([root, brings, sweep, copied, removed])).toEqual([{ state: C, unordered: [B], packfiles: [P], snapshots: [] }]);
    expect(hazards([root, brings, { ...sweep, parent: B }, copied])).toEqual([]);
    const coloured: Named = { id: D, coloured: [{ type: 4, id: P, whenNs: 1n }] };
    expect(hazards([root, brings, { id: C, parent: A, timestampNs: 2n, deletes: [uncolour(P)] }, coloured, copied])).toEqual([]);
  });

  it('a packfile that every machine sees coloured hides its blobs in any order; one that is uncoloured by the way does not', () => {
    const colour: Named = { id: D, coloured: [{ type: 4, id: P, whenNs: 1n }] };
    expect(hazards([root, brings, colour, { id: C, parent: A, deletes: [deletePackfile(P)] }])).toEqual([]);
    expect(hazards([root, brings, colour, { id: C, parent: A, deletes: [uncolour(P), deletePackfile(P)] }])).toHaveLength(1);
  });

  it('an uncolouring that no parent puts after the colour is one while the packfile is known', () => {
    const colour: Named = { id: D, parent: B, coloured: [{ type: 4, id: P, whenNs: 1n }] };
    expect(hazards([root, brings, colour, { id: C, parent: B, timestampNs: 2n, deletes: [uncolour(P)] }])).toEqual([
      { state: C, unordered: [D], packfiles: [P], snapshots: [S] },
    ]);
    expect(hazards([root, brings, colour, { id: C, parent: D, timestampNs: 2n, deletes: [uncolour(P)] }])).toEqual([]);
  });

  it('the same for a single location', () => {
    expect(hazards([root, brings, { id: C, parent: A, deletes: [deleteLocation(P)] }])).toEqual([{ state: C, unordered: [B], packfiles: [P], snapshots: [] }]);
    expect(hazards([root, brings, { id: C, parent: B, deletes: [deleteLocation(P)] }])).toEqual([]);
    expect(hazards([root, brings, { id: C, parent: A, deletes: [deleteLocation(P, idOf('7'))] }])).toEqual([]);
    const copied: Named = { id: E, packfiles: [Q], locations: [chunkIn(Q), snapshotIn(S, Q)] };
    expect(hazards([root, brings, copied, { id: C, parent: A, deletes: [deleteLocation(P)] }])).toEqual([]);
    const deleteHeader = { removes: 2, type: 5, blob: S, packfile: P };
    expect(hazards([root, brings, copied, { id: C, parent: A, deletes: [deleteHeader] }])).toEqual([
      { state: C, unordered: [B], packfiles: [P], snapshots: [S] },
    ]);
  });

  it('is a finding of the store that names the state and the snapshots', async () => {
    const builder = storeBuilder();
    const store = memoryStore({ config: builder.config() });
    for (const state of [root, brings, { id: C, parent: A, deletes: [deletePackfile(P)] }]) {
      store.items.state.set(state.id, builder.state(state.id, { ...state, version: '1.1.0' }));
    }
    const { findings } = await remoteFacts(await openRepository(store), { nowMs: Date.now() });
    expect(findings.filter((finding) => finding.kind === 'merge-order-hazard')).toMatchObject([{ id: C, snapshots: [S] }]);
  });
});

describe('the order of states', () => {
  it('ends at circles, and long chains of many states take no second', () => {
    expect(
      new StateOrder([
        { id: A, parent: B },
        { id: B, parent: A },
        { id: C, parent: null },
      ]).unordered(A, [A, B, C]),
    ).toEqual([C]);
    const id = (index: number) => index.toString(16).padStart(64, '0') as Mac;
    const records = Array.from({ length: 20_000 }, (_, index) => ({ id: id(index), parent: index === 0 ? null : id(index - 1) }));
    const order = new StateOrder([...records, { id: A, parent: null }]);
    const all = records.map((record) => record.id);
    expect(order.unordered(id(10_000), all)).toEqual([]);
    expect(order.unordered(A, all)).toHaveLength(20_000);
  });
});
