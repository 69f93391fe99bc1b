import { seededRandom } from '@wardrobe/testing';
import type { Mac, PackfileId, SnapshotId, StateId } from '@wardrobe/kloset-model';
import { describe, expect, it } from 'vitest';
import { BLOB_TYPE } from '../../format/state.js';
import { openWriter } from '../../repository/writer.js';
import { remoteFacts } from '../../repository/remote-facts.js';
import type { Repository } from '../../repository/types.js';
import type { StateBuilder } from '../../state/state-builder.js';
import type { BuildEntry } from '../../snapshot/testing/snapshot-builder.js';
import { applyRepair } from './apply.js';
import { planRepair } from './plan.js';
import { type MadeStore, makeStore } from './testing/made-store.js';
import type { LostStateEvidence, PlanRepairOptions, RepairPlan, RepairResult } from './types.js';

const random = seededRandom(4711);
const LINES = ['1.0', '1.1'] as const;
const files = (names: readonly string[], sizeBytes = 3000): BuildEntry[] => names.map((name) => ({ path: `/srv/${name}`, content: random.bytes(sizeBytes) }));
const idOf = (): Mac => random.hex64() as Mac;

function plan(repository: Repository, options: Partial<PlanRepairOptions> = {}): Promise<RepairPlan> {
  return planRepair(repository, { nowMs: Date.now(), ...options });
}

/** Plans and applies, then finds nothing left to do; every snapshot concerned is whole. */
async function mend(made: MadeStore, options: Partial<PlanRepairOptions> = {}): Promise<RepairResult> {
  const repository = await made.open();
  const planned = await plan(repository, options);
  expect(JSON.parse(JSON.stringify(planned))).toEqual(planned);
  const result = await applyRepair(repository, planned, options);
  expect(result.skipped).toEqual([]);
  expect(result.applied.map(({ key }) => key)).toEqual(planned.actions.map(({ key }) => key));
  expect(result.proofs.flatMap(({ problems }) => problems)).toEqual([]);
  expect(result.left.actions).toEqual([]);
  expect((await plan(await made.open(), options)).actions).toEqual([]);
  const locks: string[] = [];
  for await (const { id } of made.store.list('lock')) locks.push(id);
  expect(locks).toEqual([]);
  return result;
}

const kinds = ({ actions }: RepairPlan): string[] => actions.map(({ kind }) => kind);
const live = async (made: MadeStore): Promise<string[]> => (await made.open()).view.live.map(({ id }) => id).sort();

describe.each(LINES)('a store of line %s', (line) => {
  it('that is whole needs nothing', async () => {
    const made = await makeStore(line);
    await made.backup(files(['a', 'b/c']));
    const planned = await plan(await made.open());
    expect(planned).toMatchObject({ line, actions: [], problems: [], leftAlone: [], waits: [] });
  });

  it('a damaged state file is written again under its name, and the damaged one gives way to it', async () => {
    const made = await makeStore(line);
    const first = await made.backup(files(['a']));
    const second = await made.backup(files(['b']));
    await made.damage('state', second.state);
    const result = await mend(made);
    expect(result.applied.map(({ kind, states }) => ({ kind, states }))).toEqual([{ kind: 'replace-state', states: [second.state] }]);
    const { view } = await made.open();
    expect(view.unreadable).toEqual([]);
    expect(view.states.find(({ id }) => id === second.state)?.version).toBe(line === '1.1' ? '1.1.0' : '1.0.0');
    expect(await live(made)).toEqual([first.id, second.id].sort());
  });

  it('with all states lost, one state for each snapshot comes back, and nothing else', async () => {
    const made = await makeStore(line);
    const shared = files(['a', 'b']);
    const first = await made.backup(shared);
    const second = await made.backup([...shared, ...files(['c'])]);
    for await (const { id } of made.store.list('state')) await made.store.remove('state', id);
    const planned = await plan(await made.open());
    expect(planned.actions.map(({ states }) => states[0])).toEqual([first.id, second.id]);
    expect(planned.actions[0]?.evidence.join(' ')).toContain('had it been deleted, nothing would tell');
    await mend(made);
    expect(await live(made)).toEqual([first.id, second.id].sort());
  });

  it('packfiles of a backup that was broken off stay as they are', async () => {
    const made = await makeStore(line);
    await made.backup(files(['a']));
    const writer = await openWriter(await made.open(), { lock: 'none', environment: { nowMs: () => 1_700_000_000_000 } });
    writer.put(BLOB_TYPE.chunk, random.bytes(5000));
    await writer.checkpoint();
    await writer.close();
    const repository = await made.open();
    const broken = repository.view.states.find(({ snapshots, counts }) => snapshots.length === 0 && counts.packfiles > 0);
    await made.store.remove('state', broken?.id as StateId);
    const planned = await plan(await made.open());
    expect(planned.actions).toEqual([]);
    expect(planned.leftAlone.map(({ what }) => what)).toEqual(['unfinished-backup']);
  });

  it('a backup whose lock is fresh may be running: it is named, until when it is waited for, and left alone', async () => {
    const made = await makeStore(line);
    const { id, state } = await made.backup(files(['a']));
    await made.store.remove('state', state);
    const holder = await openWriter(await made.open(), { lock: 'shared', id, environment: { hostname: 'alpha' } });
    const repository = await made.open();
    const planned = await plan(repository);
    expect(planned.actions).toEqual([]);
    expect(planned.leftAlone.map(({ what, snapshots }) => ({ what, snapshots }))).toEqual([{ what: 'running-backup', snapshots: [id] }]);
    expect(planned.waits.map(({ host, lock }) => ({ host, lock }))).toEqual([{ host: 'alpha', lock: id }]);
    expect((planned.waits[0]?.untilMs ?? 0) - (planned.waits[0]?.sinceMs ?? 0)).toBe(600_000);
    await holder.close();
    expect(kinds(await plan(await made.open()))).toEqual(['rebuild-state']);
  });

  it('a fresh lock of somebody else keeps a repair from starting, and nothing is changed', async () => {
    const made = await makeStore(line);
    const { state } = await made.backup(files(['a']));
    await made.store.remove('state', state);
    const holder = await openWriter(await made.open(), { lock: 'shared', environment: { hostname: 'bravo' } });
    const repository = await made.open();
    const planned = await plan(repository);
    expect(kinds(planned)).toEqual(['rebuild-state']);
    await expect(applyRepair(repository, planned, {})).rejects.toMatchObject({ code: 'locked', host: 'bravo' });
    await holder.close();
    await mend(made);
  });

  it('waits for a backup that may be running when asked to, and then brings its snapshot back', async () => {
    const made = await makeStore(line);
    const { id, state } = await made.backup(files(['a']));
    await made.store.remove('state', state);
    const holder = await openWriter(await made.open(), { lock: 'shared', id, environment: { hostname: 'alpha' } });
    const repository = await made.open();
    const log: string[] = [];
    const waiting = applyRepair(repository, await plan(repository), { wait: true, onLog: (text) => void log.push(text) });
    setTimeout(() => void holder.close(), 300);
    const result = await waiting;
    expect(log[0]).toMatch(/^waiting for the lock of alpha, which counts as left behind from \d{4}-/);
    expect(log.filter((text) => text.startsWith('waiting'))).toHaveLength(1);
    expect(result.proofs).toEqual([{ snapshot: id, isWhole: true, problems: [] }]);
    expect(await live(made)).toEqual([id]);
  });

  it('a damaged schedule for deletion is written again from a machine that merged it and lacks nothing else', async () => {
    const made = await makeStore(line);
    const { state, packfiles } = await made.backup(files(['a']));
    const unused = idOf() as PackfileId;
    const schedule = idOf() as StateId;
    await made.state(schedule, (builder) => builder.colour(4, unused, 5n), { version: line === '1.1' ? '1.1.0' : '1.0.0' });
    const readable = (await made.open()).view.states.map(({ id }) => ({ id, end: null }));
    await made.damage('state', schedule);
    const bravo: LostStateEvidence = {
      machine: 'bravo',
      source: 'cache',
      states: readable,
      packfiles: [],
      colours: [{ type: 4, id: unused, whenNs: 5n }],
      shown: [],
      stateFiles: [],
    };
    const result = await mend(made, { evidence: [bravo] });
    expect(result.applied.map(({ kind, states, machines }) => ({ kind, states, machines }))).toEqual([
      { kind: 'replace-state', states: [schedule], machines: ['bravo'] },
    ]);
    expect([...(await made.open()).view.colours(4)].map(([id, { whenNs }]) => ({ id, whenNs }))).toEqual([{ id: unused, whenNs: 5n }]);
    expect([state, ...packfiles].length).toBeGreaterThan(1);
  });

  it('a lost state whose packfiles are scheduled for deletion too: everything is stored again, the header last', async () => {
    const made = await makeStore(line);
    const { id, state, packfiles } = await made.backup(files(['a', 'b']));
    const fill = (builder: StateBuilder): void => {
      for (const packfile of packfiles) builder.colour(4, packfile, 1n);
    };
    await made.state(idOf() as StateId, fill, { version: line === '1.1' ? '1.1.0' : '1.0.0' });
    await made.store.remove('state', state);
    const result = await mend(made);
    expect(result.applied.map(({ kind }) => kind)).toEqual(['store-again', 'rebuild-state']);
    const [snapshot] = (await made.open()).view.live;
    expect(snapshot).toMatchObject({ id, scheduledForDeletion: false });
    expect(snapshot?.packfiles).toHaveLength(1);
  });

  it('a truncated packfile counts as gone from where it was cut, and what is sound in it moves', async () => {
    const made = await makeStore(line);
    const { id, packfiles } = await made.backup(files(['a', 'b', 'c']));
    const { view } = await made.open();
    const headers = new Set(view.live.flatMap((live) => live.packfiles));
    const data = packfiles.find((packfile) => !headers.has(packfile)) as PackfileId;
    const sizeBytes = await made.store.sizeBytes('packfile', data);
    const chunks = view.layers.flatMap(({ table }) =>
      Array.from({ length: table.count }, (_, index) => ({
        ...table.read(index),
        blob: table.blob(index),
        holder: table.packfiles.mac(table.read(index).packfile),
      })),
    );
    const last = chunks
      .filter(({ type, holder, lengthBytes }) => type === BLOB_TYPE.chunk && holder === data && lengthBytes > 2900)
      .sort((a, b) => b.offset - a.offset)[0];
    await made.store.write('packfile', data, await made.store.readRange('packfile', data, 0, (last?.offset ?? 0) + 16 + 10));
    const repository = await made.open();
    const planned = await plan(repository);
    expect(planned.problems.flatMap(({ snapshots }) => snapshots)).toContain(id);
    expect(kinds(planned)).toContain('retire-packfile');
    await applyRepair(repository, planned, {});
    const after = await made.open();
    expect(after.view.isPackfileColoured(data)).toBe(true);
    const sound = chunks.filter(({ type, holder, offset }) => type === BLOB_TYPE.chunk && holder === data && offset < (last?.offset ?? 0));
    expect(sound.length).toBeGreaterThan(0);
    for (const { blob } of sound) expect(after.view.isAvailable(BLOB_TYPE.chunk, blob)).toBe(true);
    expect((await plan(after)).actions).toEqual([]);
    expect(sizeBytes).toBeGreaterThan(0);
  });

  it('a stale plan does nothing', async () => {
    const made = await makeStore(line);
    const { state } = await made.backup(files(['a']));
    await made.store.remove('state', state);
    const planned = await plan(await made.open());
    await mend(made);
    const again = await applyRepair(await made.open(), planned, {});
    expect(again.applied).toEqual([]);
    expect(again.skipped.map(({ why }) => why)).toEqual(['It is not needed any more.']);
  });

  it('what a machine deleted stays away unless asked for; then the plan says so', async () => {
    const made = await makeStore(line);
    const { id, state } = await made.backup(files(['a']));
    await made.store.remove('state', state);
    const bravo: LostStateEvidence = {
      machine: 'bravo',
      source: 'cache',
      states: [],
      packfiles: [],
      colours: [{ type: 5, id, whenNs: 1n }],
      shown: [],
      stateFiles: [],
    };
    const planned = await plan(await made.open(), { evidence: [bravo] });
    expect(planned.actions).toEqual([]);
    expect(planned.leftAlone.map(({ what, machines }) => ({ what, machines }))).toEqual([{ what: 'deleted-snapshot', machines: ['bravo'] }]);
    const asked = await plan(await made.open(), { evidence: [bravo], undelete: true });
    expect(asked.actions.map(({ undeletes }) => undeletes)).toEqual([true]);
    expect(asked.actions[0]?.evidence.join(' ')).toContain('deleted on bravo');
    await mend(made, { evidence: [bravo], undelete: true });
    expect(await live(made)).toEqual([id]);
  });

  it('a packfile that live snapshots need and no state names any more is claimed again', async () => {
    const made = await makeStore(line);
    const shared = files(['a', 'b']);
    const first = await made.backup(shared);
    const second = await made.backup([...shared, ...files(['c'])]);
    // The damage of plakar 1.0.5: the second backup built upon packfiles that no state names.
    const repository = await made.open();
    await made.store.remove('state', first.state);
    const planned = await plan(await made.open());
    expect(new Set(planned.actions.flatMap(({ snapshots }) => snapshots))).toEqual(new Set([first.id, second.id]));
    await mend(made);
    expect(await live(made)).toEqual(repository.view.live.map(({ id }) => id).sort());
  });

  it('packfiles in use that are scheduled for deletion are kept', async () => {
    const made = await makeStore(line);
    const shared = files(['a', 'b']);
    const first = await made.backup(shared);
    const second = await made.backup([...shared, ...files(['c'])]);
    const { view } = await made.open();
    const headers = new Set(view.live.flatMap(({ packfiles }) => packfiles));
    const data = first.packfiles.filter((packfile) => !headers.has(packfile));
    expect(data.length).toBeGreaterThan(0);
    for (const packfile of data)
      await made.state(idOf() as StateId, (builder) => builder.colour(4, packfile, 1_700_000_100_000_000_000n), {
        version: line === '1.1' ? '1.1.0' : '1.0.0',
      });
    const result = await mend(made);
    expect(result.applied.map(({ kind }) => kind)).toEqual([line === '1.1' ? 'uncolour' : 'store-again']);
    const after = (await made.open()).view;
    for (const packfile of data) expect(after.isPackfileColoured(packfile)).toBe(line === '1.0');
    expect(await live(made)).toEqual([first.id, second.id].sort());
    const facts = await remoteFacts(await made.open(), { nowMs: Date.now() });
    expect(facts.findings.filter(({ kind }) => kind !== 'foreign-file')).toEqual([]);
  });

  it('a header that lies in a packfile scheduled for deletion: kept in a 1.1-only store, named with what to do elsewhere', async () => {
    const made = await makeStore(line);
    const { id } = await made.backup(files(['a']));
    const [packfile] = (await made.open()).view.live[0]?.packfiles ?? [];
    await made.state(idOf() as StateId, (builder) => builder.colour(4, packfile as PackfileId, 1_700_000_100_000_000_000n), {
      version: line === '1.1' ? '1.1.0' : '1.0.0',
    });
    const repository = await made.open();
    const planned = await plan(repository);
    if (line === '1.1') {
      await mend(made);
      expect((await made.open()).view.live[0]?.scheduledForDeletion).toBe(false);
      return;
    }
    expect(planned.problems.map(({ snapshots, next }) => ({ snapshots, next: next.includes('dup') }))).toEqual([{ snapshots: [id], next: true }]);
    await applyRepair(repository, planned, {});
    const after = (await made.open()).view;
    expect(after.locations(5, id).map((location) => location.packfile)).toEqual([packfile]);
  });

  it('entries that stand only in packed listings get their blobs', async () => {
    const made = await makeStore(line);
    const { id } = await made.backup(files(['a', 'b', 'deep/c']), { withoutEntryBlob: (path) => path.startsWith('/srv/') });
    const result = await mend(made);
    expect(result.applied.map(({ kind }) => kind)).toEqual(['rebuild-entries']);
    expect(result.applied[0]?.writes[0]).toMatchObject({ what: 'packfiles', blobs: 4 });
    expect(await live(made)).toEqual([id]);
  });

  it('a snapshot whose header lies in two packfiles is settled in a 1.1-only store, and explained elsewhere', async () => {
    const made = await makeStore(line);
    const { id } = await made.backup(files(['a']));
    const repository = await made.open();
    const writer = await openWriter(repository, { lock: 'none' });
    writer.putAgain(BLOB_TYPE.snapshot, await repository.get(BLOB_TYPE.snapshot, id), id);
    await writer.commit();
    await writer.close();
    expect((await made.open()).view.live[0]?.packfiles).toHaveLength(2);
    const planned = await plan(await made.open());
    if (line === '1.0') {
      expect(planned.actions).toEqual([]);
      expect(planned.problems.map(({ key }) => key)).toEqual([`ambiguous:${id}`]);
      expect(planned.problems[0]?.next).toContain('dup');
      return;
    }
    expect(kinds(planned)).toEqual(['settle-snapshot']);
    await mend(made);
    expect((await made.open()).view.live[0]?.packfiles).toHaveLength(1);
  });

  it('a packfile that is gone: every snapshot and path is named, and no later backup builds upon it', async () => {
    const made = await makeStore(line);
    const shared = files(['a', 'b']);
    const first = await made.backup(shared);
    const second = await made.backup([...shared, ...files(['c'])]);
    const headers = new Set((await made.open()).view.live.flatMap(({ packfiles }) => packfiles));
    const data = first.packfiles.filter((packfile) => !headers.has(packfile)) as PackfileId[];
    for (const packfile of data) await made.store.remove('packfile', packfile);
    const repository = await made.open();
    const planned = await plan(repository);
    // The packed listings are made again from the trees.
    expect(kinds(planned)).toEqual(['recover-content', 'retire-packfile']);
    expect(planned.problems.flatMap(({ snapshots }) => snapshots).sort()).toEqual([first.id, second.id].sort());
    const paths = planned.problems
      .flatMap((problem) => problem.paths)
      .filter(({ snapshot }) => snapshot === first.id)
      .map(({ path }) => path);
    expect(paths).toContain('/srv/a');
    expect(paths).toContain('/srv/b');
    expect(paths).not.toContain('/srv/c');
    await applyRepair(repository, planned, {});
    const after = await made.open();
    expect(after.view.isPackfileColoured(data[0] as PackfileId)).toBe(true);
    expect((await plan(after)).actions).toEqual([]);
    // What still exists on the machine is stored anew by the next backup, and heals the older snapshots too.
    await made.backup(shared);
    expect((await plan(await made.open())).problems).toEqual([]);
  });

  it('a damaged state that nothing tells about is named; it is removed only when asked for', async () => {
    const made = await makeStore(line);
    const { id } = await made.backup(files(['a']));
    const removal = idOf() as StateId;
    await made.state(removal, (builder) => builder.colour(5, id, 1n), { version: line === '1.1' ? '1.1.0' : '1.0.0' });
    await made.damage('state', removal);
    const planned = await plan(await made.open());
    expect(planned.actions).toEqual([]);
    expect(planned.problems.map(({ states, why }) => ({ states, small: why.includes('small as the removal') }))).toEqual([{ states: [removal], small: true }]);
    await mend(made, { discardDamagedStates: true });
    expect((await made.open()).view.unreadable).toEqual([]);
  });

  it('only what concerns the snapshots asked for is planned', async () => {
    const made = await makeStore(line);
    const first = await made.backup(files(['a']));
    const second = await made.backup(files(['b']));
    await made.store.remove('state', first.state);
    await made.store.remove('state', second.state);
    const planned = await plan(await made.open(), { snapshots: [second.id as SnapshotId] });
    expect(planned.actions.map(({ snapshots }) => snapshots)).toEqual([[second.id]]);
    expect(planned.leftAlone.map(({ what }) => what)).toEqual(['not-selected']);
  });
});
