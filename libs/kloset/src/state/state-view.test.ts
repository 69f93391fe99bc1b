import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Mac, StateId } from '@wardrobe/kloset-model';
import { idOf, snapshotIn, type StateEntries, stateStream, ZERO_MAC } from '../../test/store-builder.js';
import { V1_0_0, V1_1_0 } from '../codec/version.js';
import { DecodeError, KlosetError } from '../errors/errors.js';
import { joinInto, joinLayers, type Layer, newLocationTable } from './layer.js';
import { parseState } from './parse-state.js';
import { MergedView } from './state-view.js';

type Named = StateEntries & { readonly id: StateId };

function record(state: Named, table = newLocationTable()) {
  const version = state.version === '1.1.0' ? V1_1_0 : V1_0_0;
  return { id: state.id, sizeBytes: 0, stamp: null, footer: state.id, namesItself: true, ...parseState(stateStream(state.id, state), { version, table }) };
}

/** All states in one layer, in the order given. */
function oneLayer(states: readonly Named[]): Layer {
  const table = newLocationTable();
  return { table, records: states.map((state) => record(state, table)) };
}

/** A layer for each state. */
function manyLayers(states: readonly Named[]): readonly Layer[] {
  return states.map((state) => oneLayer([state]));
}

const IDS = ['a', 'b', 'c', 'd'].map(idOf);
const PACKFILES = ['1', '2', '3'].map(idOf);

/** Everything a view answers about the small world of the generator. */
function answers(view: MergedView) {
  return {
    live: [...view.live].sort((a, b) => (a.id < b.id ? -1 : 1)).map((s) => ({ ...s, states: [...s.states].sort() })),
    deleted: [...view.deleted].sort((a, b) => (a.id < b.id ? -1 : 1)).map((s) => ({ ...s, states: [...s.states].sort() })),
    packfiles: PACKFILES.map((id) => [view.isPackfileKnown(id), view.isPackfileColoured(id), view.isPackfileTombstoned(id)]),
    locations: IDS.flatMap((id) => [5, 9].map((type) => view.locations(type, id))),
    states: [...view.states].sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
}

const world = fc
  .array(
    fc.record({
      version: fc.constantFrom('1.0.0' as const, '1.1.0' as const),
      timestampNs: fc.bigInt(0n, 5n),
      locations: fc.array(
        fc.record({
          type: fc.constantFrom(5, 9),
          blob: fc.constantFrom(...IDS),
          packfile: fc.constantFrom(...PACKFILES),
          offset: fc.nat({ max: 2 }),
          lengthBytes: fc.nat({ max: 2 }),
        }),
        { maxLength: 6 },
      ),
      coloured: fc.array(
        fc.oneof(
          fc.record({ type: fc.constant(4), id: fc.constantFrom(...PACKFILES), whenNs: fc.bigInt(0n, 5n) }),
          fc.record({ type: fc.constant(5), id: fc.constantFrom(...IDS), whenNs: fc.bigInt(0n, 5n) }),
        ),
        { maxLength: 3 },
      ),
      packfiles: fc.array(fc.constantFrom(...PACKFILES), { maxLength: 3 }),
      deletes: fc.array(
        fc.record({
          removes: fc.constantFrom(2, 3, 4),
          type: fc.constantFrom(4, 5, 9),
          blob: fc.constantFrom(...IDS, ...PACKFILES),
          packfile: fc.constantFrom(...PACKFILES),
        }),
        { maxLength: 3 },
      ),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((states) => states.map((state, index): Named => ({ ...state, id: idOf(String(index)) })));

describe('set merge', () => {
  it('gives the same view for every order of the states, and however they are layered', () => {
    const shuffled = world.chain((states) => fc.tuple(fc.constant(states), fc.shuffledSubarray(states, { minLength: states.length })));
    fc.assert(
      fc.property(shuffled, ([states, other]) => {
        const expected = answers(new MergedView([oneLayer(states)], []));
        expect(answers(new MergedView([oneLayer(other)], []))).toEqual(expected);
        expect(answers(new MergedView(manyLayers(other), []))).toEqual(expected);
        expect(answers(new MergedView([joinLayers(manyLayers(other))], []))).toEqual(expected);
        const [first, ...rest] = manyLayers(states) as [Layer, ...Layer[]];
        expect(answers(new MergedView([joinInto([first, ...rest])], []))).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('a delete that is a sibling of what it deletes counts in any order (the hazard of 1.1.0)', () => {
    const [first, second, third] = ['a', 'b', 'c'].map(idOf) as [Mac, Mac, Mac];
    const bring = (id: Mac, packfile: Mac): Named => ({ id, version: '1.1.0', packfiles: [packfile], locations: [snapshotIn(id, packfile)] });
    const states = [bring(first, idOf('1')), bring(second, idOf('2')), bring(third, idOf('3'))];
    for (const deleteId of ['00', 'ff'].map(idOf)) {
      const sweep: Named = { id: deleteId, version: '1.1.0', deletes: [{ removes: 4, type: 0, blob: ZERO_MAC, packfile: idOf('3') }] };
      for (const order of [
        [sweep, ...states],
        [...states, sweep],
      ]) {
        const view = new MergedView([oneLayer(order)], []);
        expect(view.live.map((snapshot) => snapshot.id).sort()).toEqual([first, second].sort());
        expect(view.isPackfileTombstoned(idOf('3'))).toBe(true);
      }
    }
  });

  it('an uncolouring cancels colours up to its own time; a later one counts again', () => {
    const packfile = idOf('1');
    const base: Named = { id: idOf('a'), packfiles: [packfile] };
    const colour = (whenNs: bigint, id: string): Named => ({ id: idOf(id), coloured: [{ type: 4, id: packfile, whenNs }] });
    const uncolour: Named = { id: idOf('d'), version: '1.1.0', timestampNs: 20n, deletes: [{ removes: 3, type: 4, blob: packfile, packfile: ZERO_MAC }] };
    expect(new MergedView([oneLayer([base, colour(10n, 'b')])], []).isPackfileColoured(packfile)).toBe(true);
    expect(new MergedView([oneLayer([base, colour(20n, 'b'), uncolour])], []).isPackfileColoured(packfile)).toBe(false);
    expect(new MergedView([oneLayer([uncolour, base, colour(10n, 'b'), colour(21n, 'c')])], []).isPackfileColoured(packfile)).toBe(true);
  });

  it('a blob in only coloured packfiles is still found, after those that are not coloured', () => {
    const states: readonly Named[] = [
      {
        id: idOf('a'),
        packfiles: [idOf('1'), idOf('2')],
        locations: [snapshotIn(idOf('c'), idOf('1')), snapshotIn(idOf('d'), idOf('1')), snapshotIn(idOf('d'), idOf('2'))],
      },
      { id: idOf('b'), coloured: [{ type: 4, id: idOf('1'), whenNs: 5n }] },
    ];
    const view = new MergedView([oneLayer(states)], []);
    expect(view.locations(5, idOf('c')).map((location) => location.coloured)).toEqual([true]);
    expect(view.locations(5, idOf('d')).map((location) => location.packfile)).toEqual([idOf('2'), idOf('1')]);
    expect(view.live.map((snapshot) => [snapshot.id, snapshot.scheduledForDeletion])).toEqual([
      [idOf('c'), true],
      [idOf('d'), false],
    ]);
  });

  it('a location in a packfile that no state enters is ignored; a deleted location is gone for good', () => {
    const states: readonly Named[] = [
      { id: idOf('a'), version: '1.1.0', deletes: [{ removes: 2, type: 9, blob: idOf('c'), packfile: idOf('1') }] },
      {
        id: idOf('b'),
        packfiles: [idOf('1')],
        locations: [
          { type: 9, blob: idOf('c'), packfile: idOf('1'), offset: 0, lengthBytes: 1 },
          { type: 9, blob: idOf('d'), packfile: idOf('2'), offset: 0, lengthBytes: 1 },
          { type: 9, blob: idOf('e'), packfile: idOf('1'), offset: 0, lengthBytes: 1 },
        ],
      },
    ];
    const view = new MergedView([oneLayer(states)], []);
    expect(['c', 'd', 'e'].map((id) => view.locations(9, idOf(id)).length)).toEqual([0, 0, 1]);
  });
});

describe('state streams', () => {
  it('entries of unknown type are skipped; a wrong length of a known one is an error', () => {
    const raw = (type: number, lengthBytes: number) => record({ id: idOf('a'), version: '1.1.0', raw: [{ type, payload: new Uint8Array(lengthBytes) }] });
    expect(raw(77, 1000).counts).toEqual({ locations: 0, coloured: 0, packfiles: 0, deletes: 0 });
    for (const [type, right] of [
      [2, 85],
      [3, 41],
      [4, 72],
      [6, 66],
    ] as const)
      for (const wrong of [right - 1, right + 1, 0]) expect(() => raw(type, wrong)).toThrow(DecodeError);
  });

  it('a delete entry that removes an unknown kind makes the whole state an error', () => {
    expect(() => record({ id: idOf('a'), version: '1.1.0', deletes: [{ removes: 5, type: 9, blob: idOf('c'), packfile: idOf('1') }] })).toThrow(DecodeError);
  });

  it('a state 1.0.0 has no deletes: an entry of that type is one that plakar does not know', () => {
    const brings: Named = { id: idOf('b'), packfiles: [idOf('1')], locations: [snapshotIn(idOf('c'), idOf('1'))] };
    const deletes = [{ removes: 4, type: 0, blob: ZERO_MAC, packfile: idOf('1') }];
    expect(new MergedView([oneLayer([brings, { id: idOf('a'), deletes }])], []).live).toHaveLength(1);
    expect(new MergedView([oneLayer([brings, { id: idOf('a'), version: '1.1.0', deletes }])], []).live).toHaveLength(0);
  });

  it('a state cut anywhere is an error and adds nothing', () => {
    const state: Named = { id: idOf('a'), version: '1.1.0', packfiles: [idOf('1')], locations: [snapshotIn(idOf('c'), idOf('1'))] };
    const stream = stateStream(state.id, state);
    for (let length = 0; length < stream.length; length += 1) {
      const table = newLocationTable();
      expect(() => parseState(stream.subarray(0, length), { version: V1_1_0, table })).toThrow(DecodeError);
      expect(table.count).toBe(0);
    }
  });

  it('any mutation parses or is an expected error', () => {
    const mutated = fc.tuple(world, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 5 }));
    fc.assert(
      fc.property(mutated, ([states, changes]) => {
        const stream = stateStream(idOf('a'), states[0] as Named);
        for (const [at, byte] of changes) stream[at % stream.length] = byte;
        try {
          parseState(stream, { version: V1_0_0, table: newLocationTable() });
        } catch (error) {
          expect(error).toBeInstanceOf(KlosetError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('a megabyte of locations of one blob takes no second', () => {
    const raw = Array.from({ length: 11_000 }, (_, index) => ({
      type: 9,
      blob: idOf('a'),
      packfile: `${index}`.padStart(64, '0') as Mac,
      offset: 0,
      lengthBytes: 0,
    }));
    const stream = stateStream(idOf('a'), { locations: raw });
    // Time of the processor, and ten times what is claimed: the machine may be doing other things.
    const started = process.cpuUsage();
    expect(parseState(stream, { version: V1_0_0, table: newLocationTable() }).counts.locations).toBe(11_000);
    expect(process.cpuUsage(started).user / 1000).toBeLessThan(10_000);
  });
});
