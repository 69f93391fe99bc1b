import type { Mac, PackfileId, SnapshotId, StateId } from '@wardrobe/kloset-model';
import { seededRandom } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { BLOB_TYPE } from '../../format/state.js';
import { openWriter } from '../../repository/writer.js';
import { applyRepair } from './apply.js';
import { planRepair } from './plan.js';
import { type MadeBackup, type MadeStore, makeStore } from './testing/made-store.js';
import { mergeLikePlakar, orderByParents, parseStates } from './testing/merge-like-plakar.js';
import type { LostStateEvidence } from './types.js';

const random = seededRandom(20261123);
const ORDERS = 60;
const idOf = (): StateId => random.hex64() as StateId;
const file = (name: string) => ({ path: `/srv/${name}`, content: random.bytes(2500) });

/** What machines of plakar 1.1 see, over many orders that the parents allow. */
async function views(made: MadeStore): Promise<readonly (readonly Mac[])[]> {
  const states = await parseStates(await made.open());
  const seen = new Map<string, readonly Mac[]>();
  for (let order = 0; order < ORDERS; order += 1) {
    const { snapshots } = mergeLikePlakar(orderByParents(states, random.below));
    seen.set(snapshots.join(), snapshots);
  }
  return [...seen.values()];
}

async function repair(made: MadeStore, evidence: readonly LostStateEvidence[] = []) {
  const repository = await made.open();
  const plan = await planRepair(repository, { nowMs: Date.now(), evidence });
  const result = await applyRepair(repository, plan, { evidence });
  expect(result.proofs.flatMap(({ problems }) => problems)).toEqual([]);
  expect(result.left.actions).toEqual([]);
  return { plan, result };
}

const shows = (machine: string, shown: readonly SnapshotId[], states: readonly StateId[]): LostStateEvidence => ({
  machine,
  source: 'cache',
  states: states.map((id) => ({ id, end: null })),
  packfiles: [],
  colours: [],
  shown,
  stateFiles: [],
});

/** Two backups, and a state that deletes the packfiles of the second without standing behind it. */
async function hazard(): Promise<{ readonly made: MadeStore; readonly first: MadeBackup; readonly second: MadeBackup; readonly deleting: StateId }> {
  const made = await makeStore('1.1');
  const first = await made.backup([file('a')]);
  const second = await made.backup([file('b')]);
  const deleting = idOf();
  await made.state(
    deleting,
    (builder) => {
      for (const packfile of second.packfiles) builder.deletePackfile(packfile);
    },
    { parent: first.state },
  );
  return { made, first, second, deleting };
}

describe('machines that merge the states of a store in different orders', () => {
  it('see a snapshot or not when its packfiles were deleted by a sibling; while the packfiles are there, it is brought back for all', async () => {
    const { made, first, second, deleting } = await hazard();
    expect(await views(made)).toHaveLength(2);
    const evidence = [shows('alpha', [first.id, second.id], [second.state, deleting]), shows('bravo', [first.id], [second.state, deleting])];
    const { plan } = await repair(made, evidence);
    expect(plan.actions.map(({ kind, snapshots, machines }) => ({ kind, snapshots, machines }))).toEqual([
      { kind: 'restate', snapshots: [second.id], machines: ['alpha'] },
    ]);
    expect(plan.actions[0]?.evidence.join(' ')).toContain('alpha lists snapshot');
    expect(plan.actions[0]?.evidence.join(' ')).toContain('bravo has merged the same states and does not list');
    expect(await views(made)).toEqual([[first.id, second.id].sort()]);
    expect((await made.open()).view.mergeHazards()).toEqual([]);
  });

  it('agree that a snapshot is gone when its packfiles really are', async () => {
    const { made, first, second } = await hazard();
    for (const packfile of second.packfiles) await made.store.remove('packfile', packfile);
    const { plan } = await repair(made);
    expect(plan.actions.map(({ kind, snapshots }) => ({ kind, snapshots }))).toEqual([{ kind: 'restate', snapshots: [] }]);
    expect(plan.problems.map(({ snapshots }) => snapshots)).toEqual([[second.id]]);
    expect(plan.problems[0]?.why).toContain('really gone');
    expect(await views(made)).toEqual([[first.id]]);
    expect((await made.open()).view.mergeHazards()).toEqual([]);
  });

  it('see packfiles in use uncoloured after a repair, whoever coloured them and however often', async () => {
    const made = await makeStore('1.1');
    const { id, packfiles } = await made.backup([file('a')]);
    const whenNs = BigInt(Date.now()) * 1_000_000n;
    for (let colouring = 0; colouring < 3; colouring += 1)
      await made.state(idOf(), (builder) => {
        for (const packfile of packfiles) builder.colour(4, packfile, whenNs);
      });
    expect(await views(made)).toEqual([[]]);
    await repair(made);
    expect(await views(made)).toEqual([[id]]);
  });

  it('see an uncolouring that may come before the colour or not; it is stated again behind it', async () => {
    const made = await makeStore('1.1');
    const { id, packfiles, state } = await made.backup([file('a')]);
    await made.state(
      idOf(),
      (builder) => {
        for (const packfile of packfiles) builder.colour(4, packfile, 1n);
      },
      { parent: state },
    );
    await made.state(
      idOf(),
      (builder) => {
        for (const packfile of packfiles) builder.deleteColour(4, packfile);
      },
      { parent: state },
    );
    expect(await views(made)).toHaveLength(2);
    const { plan } = await repair(made);
    expect(plan.actions.map(({ kind }) => kind)).toEqual(['restate']);
    expect(await views(made)).toEqual([[id]]);
    expect((await made.open()).view.mergeHazards()).toEqual([]);
  });

  it('never read from a deleted packfile whose blobs lie elsewhere too, once its deletion was stated again', async () => {
    const { made, second, deleting } = await hazard();
    const merged = (await made.open()).view;
    const blobs = merged.layers.flatMap(({ table }) =>
      Array.from({ length: table.count }, (_, index) => ({
        ...table.read(index),
        blob: table.blob(index),
        packfile: table.packfiles.mac(table.read(index).packfile),
      })),
    );
    const lost = blobs.filter(({ type, packfile }) => type !== BLOB_TYPE.padding && second.packfiles.includes(packfile));
    await made.store.remove('state', deleting);
    const repository = await made.open();
    const writer = await openWriter(repository, { lock: 'none', environment: { nowMs: () => 1_700_000_000_000 } });
    for (const { type, blob } of lost) writer.putAgain(type, await repository.get(type, blob), blob);
    await writer.commit();
    await writer.close();
    await made.state(deleting, (builder) => {
      for (const packfile of second.packfiles) builder.deletePackfile(packfile);
    });
    for (const packfile of second.packfiles) await made.store.remove('packfile', packfile);
    const read = async (): Promise<ReadonlySet<Mac | null>> => {
      const states = await parseStates(await made.open());
      const orders = Array.from({ length: ORDERS }, () => mergeLikePlakar(orderByParents(states, random.below)));
      return new Set(orders.flatMap((view) => lost.map(({ type, blob }) => view.pick(type, blob))));
    };
    expect(lost.length).toBeGreaterThan(0);
    // Who still knows the deleted packfile lists the snapshot once for each of two, and may read from either.
    expect((await views(made)).map((snapshots) => snapshots.filter((id) => id === second.id).length).sort()).toEqual([1, 2]);
    const { plan } = await repair(made);
    expect(plan.actions.map(({ kind }) => kind)).toEqual(['restate']);
    const after = await read();
    expect(second.packfiles.filter((packfile) => after.has(packfile))).toEqual([]);
    expect(await views(made)).toHaveLength(1);
  });

  it('see a snapshot once after an ambiguous one was settled', async () => {
    const made = await makeStore('1.1');
    const { id } = await made.backup([file('a')]);
    for (let copy = 0; copy < 2; copy += 1) {
      const repository = await made.open();
      const writer = await openWriter(repository, { lock: 'none' });
      writer.putAgain(BLOB_TYPE.snapshot, await repository.get(BLOB_TYPE.snapshot, id), id);
      await writer.commit();
      await writer.close();
    }
    expect((await views(made)).map((snapshots) => snapshots.length)).toEqual([3]);
    await repair(made);
    expect(await views(made)).toEqual([[id]]);
  });

  it('see what a deleted location took away, when a snapshot needs it and its packfile is there', async () => {
    const made = await makeStore('1.1');
    const { id, packfiles, state } = await made.backup([file('a')]);
    const { view } = await made.open();
    const chunk = [...view.layers].flatMap(({ table }) =>
      Array.from({ length: table.count }, (_, index) => ({ ...table.read(index), blob: table.blob(index), table })).filter(
        ({ type }) => type === BLOB_TYPE.chunk,
      ),
    )[0];
    expect(packfiles.length).toBeGreaterThan(0);
    const packfile = chunk?.table.packfiles.mac(chunk.packfile) as PackfileId;
    await made.state(idOf(), (builder) => builder.deleteLocation({ type: BLOB_TYPE.chunk, blob: chunk?.blob as Mac, packfile }), { parent: state });
    await repair(made);
    const states = await parseStates(await made.open());
    for (let order = 0; order < ORDERS; order += 1) {
      const view = mergeLikePlakar(orderByParents(states, random.below));
      expect(view.snapshots).toEqual([id]);
      expect(view.isAvailable(BLOB_TYPE.chunk, chunk?.blob as Mac)).toBe(true);
    }
  });
});
