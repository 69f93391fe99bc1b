import type { Mac, PackfileId, SnapshotId } from '@wardrobe/kloset-model';
import { nameBytes } from '@wardrobe/kloset-model';
import { describe, expect, it } from 'vitest';
import { ORACLE_STORES, openOracle } from '../../../test/open-oracle.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import type { Repository } from '../../repository/types.js';
import { openWriter } from '../../repository/writer.js';
import { type BuildEntry, buildSnapshot, FAULT_KINDS, faultyStore } from '../../snapshot/testing/index.js';
import { openSnapshot } from '../../snapshot/open.js';
import { type SnapshotSource, snapshotSource } from '../../snapshot/source.js';
import { copyToMemory, type MemoryStore } from '@wardrobe/connector-memory';
import { checkSnapshots } from '../check.js';
import { packfilesOf } from './packfiles-of.js';
import { World } from './testing/world.js';
import type { KnownMachine } from './types.js';

const DAY = 86_400_000;
const seen = (name: string, states: Iterable<Mac>): KnownMachine => ({
  names: [name],
  caches: [{ cache: '~/.cache/plakar', states: new Set(states) }],
  problem: null,
});

/** Everything that a full check of one snapshot asks for. */
async function touched(repository: Repository, snapshot: SnapshotId): Promise<Set<PackfileId>> {
  const packfiles = new Set<PackfileId>();
  const note = (type: number, id: Mac): void => {
    for (const { packfile } of repository.view.locations(type, id)) packfiles.add(packfile);
  };
  const inner = snapshotSource(repository, repository);
  const source: SnapshotSource = {
    ...inner,
    get: (type, id, options) => {
      note(type, id);
      return inner.get(type, id, options);
    },
    getMany: (type, ids, options) => {
      for (const id of ids) note(type, id);
      return inner.getMany(type, ids, options);
    },
    has: (type, id) => {
      note(type, id);
      return inner.has(type, id);
    },
  };
  for await (const problem of checkSnapshots(source, { snapshots: [snapshot] })) throw problem.error;
  return packfiles;
}

/** Of the calls to the store one in so many fails, others for each kind of failure. */
const STEP = process.env['WARDROBE_TEST_LONG'] === '1' ? 1 : 4;

describe('what a snapshot needs', () => {
  it.each(ORACLE_STORES)('of %s is every packfile that a full check touches', async (name) => {
    const repository = await openOracle(name);
    for (const { id } of repository.view.live) {
      const found = await packfilesOf(repository, id);
      expect(found.problem).toBeNull();
      const asked = await touched(repository, id);
      expect([...asked].filter((packfile) => !found.packfiles.includes(packfile))).toEqual([]);
    }
    await repository.close();
  });

  it('entries that nothing stores are taken from the packed listings', async () => {
    const world = await World.of('1.1');
    const id = world.id();
    const files = ['a', 'b', 'c'].map((name): BuildEntry => ({ path: `/srv/${name}`, content: `content of ${name}` }));
    const whole = world.id();
    await world.write((writer) => void buildSnapshot(writer, files, { form: '1.1', id: whole }), { state: whole });
    await world.write(
      (writer) => void buildSnapshot(writer, [...files, { path: '/srv/d', content: 'd' }], { form: '1.1', id, withoutEntryBlob: (path) => path === '/srv/d' }),
      { state: id },
    );
    const repository = await world.open();
    const found = await packfilesOf(repository, id);
    expect(found.problem).toBeNull();
    expect(found.packfiles).toHaveLength(repository.view.counts.packfiles);
  });
});

describe.each(['1.0', '1.1'] as const)('maintenance of a store of line %s', (line) => {
  it('schedules what nobody needs, keeps what somebody needs, and is silent the second time', async () => {
    const world = await World.of(line);
    const first = await world.backup({ a: 'shared' });
    const gone = await world.backup({ a: 'shared', b: 'only in this one' });
    const second = await world.backup({ a: 'shared', c: 'only in the last, which is longer' });
    await world.remove(first);
    await world.remove(gone);
    const plan = await world.plan();
    expect(plan.refusals).toEqual([]);
    // The data of both lies partly in the first's packfiles: `shared` keeps its chunks alive.
    const { packfiles } = await packfilesOf(await world.open(), second);
    expect(plan.colour.every(({ id }) => !packfiles.includes(id))).toBe(true);
    const ran = await world.run();
    expect(ran.coloured).toBe(plan.colour.length);
    expect(ran.coloured).toBeGreaterThan(0);
    expect(await world.sound()).toEqual([second]);
    world.nowMs += DAY;
    expect(await world.run()).toMatchObject({ state: null, coloured: 0, removed: 0 });
    expect((await world.plan()).waiting).toHaveLength(ran.coloured);
  });

  it('what a later backup stored anew does not keep the garbage that holds it too', async () => {
    const world = await World.of(line);
    await world.backup({ z: 'always there' });
    const gone = await world.backup({ a: 'comes again', b: 'does not' });
    await world.remove(gone);
    const { plan } = await world.run();
    expect(plan.colour.length).toBeGreaterThan(0);
    world.nowMs += 2 * DAY;
    const again = await world.backup({ a: 'comes again' });
    world.nowMs += 40 * DAY;
    const { removed, plan: second } = await world.run({ machines: [seen('builder', world.store.items.state.keys())] });
    expect(second.heal).toEqual([]);
    expect(removed).toBe(plan.colour.length);
    expect(await world.sound()).toContain(again);
  });

  it('a snapshot, a state or a packfile that cannot be read keeps everything as it is', async () => {
    const world = await World.of(line);
    const first = await world.backup({ a: 'one' });
    const second = await world.backup({ b: 'two' });
    await world.remove(first);
    const { packfiles } = await packfilesOf(await world.open(), second);
    const spoil = async (change: (store: MemoryStore) => void, kind: string): Promise<void> => {
      const damaged = await copyToMemory(world.store);
      change(damaged);
      const result = await world.run({}, damaged);
      expect(result.plan.refusals.map((refusal) => refusal.kind)).toContain(kind);
      expect(result).toMatchObject({ state: null, coloured: 0, removed: 0 });
    };
    await spoil((store) => void store.items.packfile.delete(packfiles[0] as Mac), 'packfile');
    await spoil((store) => store.items.packfile.set(packfiles.at(-1) as Mac, new Uint8Array(100)), 'snapshot');
    await spoil((store) => store.items.state.set(first as Mac, new Uint8Array(100)), 'state');
    await spoil((store) => store.items.state.clear(), 'store');
  });

  it('packfiles of an aborted backup wait for the grace; those of a hidden snapshot stay', async () => {
    const world = await World.of(line);
    await world.backup({ a: 'one' });
    const orphans = await world.abort({ x: 'never published' }, false);
    expect((await world.plan()).kept.map(({ id }) => id).sort()).toEqual([...orphans].sort());
    world.nowMs += 31 * DAY;
    const hidden = await world.abort({ y: 'state lost' }, true);
    world.nowMs += 31 * DAY;
    const plan = await world.plan();
    expect(plan.colour.map(({ id }) => id).sort()).toEqual([...orphans].sort());
    expect(plan.kept.map(({ id }) => id).sort()).toEqual([...hidden].sort());
    expect((await world.plan({ discardHidden: true })).colour).toHaveLength(orphans.length + hidden.length);
    await world.run();
    world.nowMs += 31 * DAY;
    const names = [...world.store.items.state.keys()];
    const { removed } = await world.run({ machines: [seen('builder', names)] });
    expect(removed).toBe(orphans.length);
    expect(orphans.some((id) => world.store.items.packfile.has(id))).toBe(false);
    expect(hidden.every((id) => world.store.items.packfile.has(id))).toBe(true);
    await world.sound();
  });

  it('a packfile in use that was scheduled for deletion is available again to a reader that knows nothing', async () => {
    const world = await World.of(line);
    const kept = await world.backup({ a: 'needed', b: 'also needed' });
    const { packfiles } = await packfilesOf(await world.open(), kept);
    await world.write((writer) => packfiles.forEach((id) => void writer.colour(4, id)));
    world.nowMs += 40 * DAY;
    const plan = await world.plan();
    expect(plan.heal.map(({ id }) => id).sort()).toEqual([...packfiles].sort());
    expect(plan.sweep).toEqual([]);
    await world.run({ machines: [seen('builder', world.store.items.state.keys())] });
    const { view } = await world.open();
    expect(view.mergeHazards()).toEqual([]);
    if (line === '1.1') expect(packfiles.some((id) => view.isPackfileColoured(id))).toBe(false);
    else expect((await world.plan()).strandedHeaders.map(({ snapshot }) => snapshot)).toEqual([kept]);
    for (const { table } of view.layers)
      for (let row = 0; row < table.count; row += 1) {
        const { type } = table.read(row);
        if (type !== 255 && !(line === '1.0' && type === 5)) expect(view.locations(type, table.blob(row))[0]?.coloured).toBe(false);
      }
    expect((await world.plan()).heal).toEqual([]);
    world.nowMs += 40 * DAY;
    await world.run({ machines: [seen('builder', world.store.items.state.keys())] });
    expect(packfiles.every((id) => world.store.items.packfile.has(id))).toBe(true);
    expect(await world.sound()).toEqual([kept]);
  });

  it('a failure at any call to the store leaves all live snapshots whole, and the next run finishes', async () => {
    const base = await World.of(line);
    const gone = await base.backup({ a: 'goes', b: 'shared' });
    const stays = await base.backup({ b: 'shared', c: 'stays' });
    const inUse = (await packfilesOf(await base.open(), stays)).packfiles.slice(0, 1);
    await base.remove(gone);
    await base.run();
    await base.write((writer) => inUse.forEach((id) => void writer.colour(4, id)));
    base.nowMs += 31 * DAY;
    const options = { machines: [seen('builder', base.store.items.state.keys())] };
    for (const [turn, kind] of FAULT_KINDS.entries())
      for (let call = turn % STEP, isOver = false; !isOver; call += STEP) {
        const copy = await copyToMemory(base.store);
        const world = new World(copy, line);
        world.nowMs = base.nowMs;
        const faulty = faultyStore(copy, { at: call, kind });
        try {
          await world.run(options, faulty.store);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
        isOver = faulty.calls <= call;
        expect(await world.sound()).toEqual([stays]);
        copy.items.lock.clear();
        await world.run(options);
        expect(await world.sound()).toEqual([stays]);
        const plan = await world.plan(options);
        expect([plan.colour, plan.heal, plan.sweep, plan.leftovers]).toEqual([[], [], [], []]);
      }
  });
});

describe('removal', () => {
  it('in a store for plakar 1.1 alone: the state first, then the files, and nothing is left to dispute', async () => {
    const world = await World.of('1.1');
    const stays = await world.backup({ b: 'stays' });
    const gone = await world.backup({ a: 'goes' });
    await world.remove(gone);
    const { plan } = await world.run();
    expect(plan.colour.length).toBeGreaterThan(0);
    world.nowMs += 7 * DAY;
    const result = await world.run();
    expect(result.removed).toBe(plan.colour.length);
    const { view } = await world.open();
    for (const { id } of plan.colour) {
      expect(view.isPackfileTombstoned(id)).toBe(true);
      expect(world.store.items.packfile.has(id)).toBe(false);
    }
    expect(view.mergeHazards()).toEqual([]);
    expect(await world.sound()).toEqual([stays]);
    world.nowMs += 30 * DAY;
    expect(await world.run()).toMatchObject({ state: null, removed: 0 });
  });

  it('in a store with 1.0 clients: only what every known machine has seen', async () => {
    const world = await World.of('1.0');
    const gone = await world.backup({ a: 'goes' });
    const stays = await world.backup({ b: 'stays' });
    await world.remove(gone);
    const before = [...world.store.items.state.keys()];
    const { plan } = await world.run();
    const after = [...world.store.items.state.keys()];
    world.nowMs += 31 * DAY;
    const files = world.store.items.packfile.size;
    for (const options of [
      {},
      { machines: [seen('builder', before)] },
      { machines: [seen('builder', after), seen('bravo', before)] },
      { machines: [seen('builder', after), { ...seen('bravo', []), caches: [], problem: 'damaged' }] },
    ]) {
      const result = await world.run(options);
      expect(result.removed).toBe(0);
      expect(result.plan.held.length).toBe(plan.colour.length);
      expect(world.store.items.packfile.size).toBe(files);
    }
    const result = await world.run({ machines: [seen('builder', after), seen('bravo', before)], retired: ['bravo'] });
    expect(result.removed).toBe(plan.colour.length);
    const { view } = await world.open();
    expect(view.states.every((state) => state.version === '1.0.0')).toBe(true);
    expect(await world.sound()).toEqual([stays]);
    expect(await world.run({ machines: [seen('builder', after)] })).toMatchObject({ state: null, removed: 0 });
  });

  it('in a store with 1.0 clients: not what an object that stays leads to, where plakar may build upon that object unseen', async () => {
    const world = await World.of('1.0');
    const gone = await world.backup({ a: 'goes' });
    const snapshot = await openSnapshot(await world.open(), gone);
    const { object } = await snapshot.entry(nameBytes('/srv/a'));
    const bytes = await (await world.open()).get(SNAPSHOT_BLOB.object, object as Mac);
    // As plakar 1.0 does for a file that it reads: the object once more, and not the chunk that is there.
    const stays = world.id();
    await world.write(
      (writer) => {
        writer.putAgain(SNAPSHOT_BLOB.object, bytes, object as Mac);
        buildSnapshot(writer, [{ path: '/srv/b', content: 'stays' }], { form: '1.0', id: stays });
      },
      { state: stays },
    );
    await world.remove(gone);
    expect((await world.run()).coloured).toBeGreaterThan(0);
    world.nowMs += 31 * DAY;
    const due = () => ({ machines: [seen('builder', world.store.items.state.keys()), { ...seen('bravo', []), caches: [] }] });
    const { plan, removed } = await world.run(due());
    expect([removed, plan.sweep]).toEqual([0, []]);
    expect(plan.held.map(({ why }) => why)).toEqual([expect.stringContaining(`object ${object} stays`)]);
    expect((await world.plan({ ...due(), retired: ['builder'] })).sweep.length).toBe(plan.held.length);
    await world.remove(stays);
    // Until the machine has seen that the object goes too.
    expect((await world.run(due())).removed).toBe(0);
    expect((await world.run(due())).removed).toBe(plan.held.length);
  });

  it('a lock of somebody else keeps maintenance out', async () => {
    const world = await World.of('1.0');
    await world.backup({ a: 'a' });
    const other = await openWriter(await world.open(), { lock: 'shared', environment: { ...world.environment, hostname: 'bravo' } });
    await expect(world.run()).rejects.toMatchObject({ code: 'locked', host: 'bravo' });
    await other.close();
    expect(await world.run()).toMatchObject({ coloured: 0 });
  });
});
