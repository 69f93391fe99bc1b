import type { PackfileId, StateId } from '@wardrobe/kloset-model';
import { seededRandom, temporaryFolder } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { BLOB_TYPE } from '../../format/state.js';
import { openRepository } from '../../repository/repository.js';
import { openWriter } from '../../repository/writer.js';
import type { StateBuilder } from '../../state/state-builder.js';
import { applyRepair } from './apply.js';
import { indexEvidence } from './other-evidence.js';
import { planRepair } from './plan.js';
import { type MadeStore, makeStore } from './testing/made-store.js';
import type { LostStateEvidence, PlanRepairOptions } from './types.js';

const random = seededRandom(1206);
const file = (name: string) => ({ path: `/srv/${name}`, content: random.bytes(1500) });

/** A state with deletes that a machine's index has merged, and that the store lost. */
async function lostDeletes(made: MadeStore, fill: (builder: StateBuilder) => void): Promise<{ state: StateId; evidence: readonly LostStateEvidence[] }> {
  const state = random.hex64() as StateId;
  const { view } = await made.open();
  await made.state(state, fill, { parent: view.states.at(-1)?.id ?? null });
  const directory = await temporaryFolder('index');
  await openRepository(made.store, { indexDirectory: directory });
  await made.store.remove('state', state);
  return { state, evidence: await indexEvidence(await made.open(), { directory, machine: 'alpha' }) };
}

const plan = async (made: MadeStore, options: Partial<PlanRepairOptions>) => planRepair(await made.open(), { nowMs: Date.now(), ...options });

async function mend(made: MadeStore, options: Partial<PlanRepairOptions>) {
  const repository = await made.open();
  return applyRepair(repository, await planRepair(repository, { nowMs: Date.now(), ...options }), options);
}

describe('delete entries of a lost state that a machine remembers', () => {
  it('of a packfile that is gone are written again under the same name', async () => {
    const made = await makeStore('1.1');
    await made.backup([file('a')]);
    const gone = random.hex64() as PackfileId;
    await made.state(random.hex64() as StateId, (builder) => builder.packfile(gone, random.hex64() as StateId, 1n));
    const { state, evidence } = await lostDeletes(made, (builder) => builder.deletePackfile(gone));
    expect((await made.open()).view.isPackfileTombstoned(gone)).toBe(false);
    const planned = await plan(made, { evidence });
    expect(planned.actions.filter(({ states }) => states.includes(state))).toMatchObject([
      { kind: 'rebuild-state', machines: ['alpha'], writes: [{ id: state, version: '1.1.0', deletes: 1 }] },
    ]);
    await mend(made, { evidence });
    const { view } = await made.open();
    expect(view.isPackfileTombstoned(gone)).toBe(true);
    expect(view.states.some(({ id }) => id === state)).toBe(true);
    expect((await plan(made, { evidence })).actions).toEqual([]);
  });

  it('that would take away what the store lists are named and left out, and done when asked for', async () => {
    const made = await makeStore('1.1');
    const { id, packfiles } = await made.backup([file('a')]);
    const kept = await made.backup([file('b')]);
    const { state, evidence } = await lostDeletes(made, (builder) => {
      builder.colour(BLOB_TYPE.snapshot, id, 5n);
      for (const packfile of packfiles) builder.deletePackfile(packfile);
    });
    const careful = await plan(made, { evidence });
    expect(careful.actions).toEqual([]);
    expect(careful.leftAlone.map(({ what }) => what)).toEqual(['unpublished-deletion', 'unpublished-deletion']);
    expect(careful.leftAlone.map(({ why }) => why).join(' ')).toContain(state.slice(0, 8));
    await mend(made, { evidence });
    expect((await made.open()).view.live.map((snapshot) => snapshot.id)).toContain(id);
    const result = await mend(made, { evidence, redelete: true });
    expect(result.applied).toMatchObject([{ kind: 'rebuild-state', redeletes: [id], takesAway: true }]);
    const { view } = await made.open();
    expect(view.live.map((snapshot) => snapshot.id)).toEqual([kept.id]);
    expect(view.deleted.map((snapshot) => snapshot.id)).toEqual([id]);
    expect(packfiles.every((packfile) => view.isPackfileTombstoned(packfile))).toBe(true);
  });

  it('of one of two copies of a blob are written again, of the last copy not', async () => {
    for (const copies of [2, 1]) {
      const made = await makeStore('1.1');
      await made.backup([file('a')]);
      const writer = await openWriter(await made.open(), { lock: 'none', environment: { nowMs: () => 1_700_000_000_000 } });
      const content = random.bytes(900);
      const blob = writer.put(BLOB_TYPE.chunk, content);
      await writer.commit();
      await writer.close();
      const again = await openWriter(await made.open(), { lock: 'none', environment: { nowMs: () => 1_700_000_000_000 } });
      if (copies === 2) again.putAgain(BLOB_TYPE.chunk, content);
      await again.commit();
      await again.close();
      const [location] = (await made.open()).view.locations(BLOB_TYPE.chunk, blob);
      const packfile = location?.packfile as PackfileId;
      const { evidence } = await lostDeletes(made, (builder) => builder.deleteLocation({ type: BLOB_TYPE.chunk, blob, packfile }));
      await mend(made, { evidence });
      expect((await made.open()).view.locations(BLOB_TYPE.chunk, blob).length).toBe(1);
    }
  });

  it('are left alone in a store that clients of plakar 1.0 can open', async () => {
    const made = await makeStore('1.0');
    await made.backup([file('a')]);
    const gone = random.hex64() as PackfileId;
    const { evidence } = await lostDeletes(made, (builder) => builder.deletePackfile(gone));
    const planned = await plan(made, { evidence, redelete: true });
    expect(planned.actions).toEqual([]);
    expect(planned.leftAlone).toMatchObject([{ what: 'unpublished-deletion', why: expect.stringContaining('plakar 1.0') }]);
  });
});

describe.each(['1.0', '1.1'] as const)('a store of line %s', (line) => {
  it('lists a snapshot that a machine deleted: named and left, deleted again when asked for', async () => {
    const made = await makeStore(line);
    const { id } = await made.backup([file('a')]);
    const colours = [{ type: BLOB_TYPE.snapshot, id, whenNs: 77n }];
    const evidence: LostStateEvidence[] = [{ machine: 'bravo', source: 'cache', states: [], packfiles: [], colours, shown: [], stateFiles: [] }];
    const careful = await plan(made, { evidence });
    expect(careful.actions).toEqual([]);
    expect(careful.leftAlone).toMatchObject([{ what: 'unpublished-deletion', snapshots: [id], machines: ['bravo'] }]);
    const other = await made.backup([file('b')]);
    expect((await plan(made, { evidence, redelete: true, snapshots: [other.id] })).actions).toEqual([]);
    expect((await plan(made, { evidence, redelete: true, snapshots: [id] })).actions).toMatchObject([{ redeletes: [id], takesAway: false }]);
    await mend(made, { evidence, redelete: true, snapshots: [id] });
    expect((await made.open()).view.deleted).toMatchObject([{ id, whenNs: 77n }]);
    expect((await plan(made, { evidence, redelete: true })).actions).toEqual([]);
  });

  it('with a damaged state that brought no snapshot, only blobs: what snapshots need of them comes back from the packfiles alone', async () => {
    const made = await makeStore(line);
    const first = await made.backup([file('a')]);
    const repository = await made.open();
    // As maintenance stores blobs again: the originals are scheduled for deletion, and removed.
    const headers = new Set(repository.view.live.flatMap(({ packfiles }) => packfiles));
    const data = first.packfiles.filter((packfile) => !headers.has(packfile));
    const writer = await openWriter(repository, { lock: 'exclusive', environment: { nowMs: () => 1_700_100_000_000 } });
    const moved = new Set<string>();
    for (const { table } of repository.view.layers)
      for (let index = 0; index < table.count; index++) {
        const { type, packfile } = table.read(index);
        if (type === BLOB_TYPE.padding || !data.includes(table.packfiles.mac(packfile))) continue;
        writer.putAgain(type, await repository.get(type, table.blob(index)), table.blob(index));
        moved.add(table.blob(index));
      }
    expect(moved.size).toBeGreaterThan(0);
    const state = random.hex64() as StateId;
    await writer.commit({ state });
    await writer.close();
    const remover = await openWriter(await made.open(), { lock: 'exclusive', environment: { nowMs: () => 1_700_100_000_000 } });
    for (const packfile of data) remover.colour(BLOB_TYPE.packfile, packfile);
    await remover.commit();
    await remover.close();
    for (const packfile of data) await made.store.remove('packfile', packfile);
    await made.damage('state', state);
    const planned = await plan(made, {});
    expect(planned.actions).toMatchObject([{ kind: 'rebuild-state', snapshots: [first.id] }]);
    expect(planned.problems).toMatchObject([{ states: [state] }]);
    const result = await mend(made, { discardDamagedStates: true });
    expect(result.proofs).toEqual([{ snapshot: first.id, isWhole: true, problems: [] }]);
    expect(result.left).toMatchObject({ actions: [], problems: [] });
    expect((await made.open()).view.unreadable).toEqual([]);
  });
});
