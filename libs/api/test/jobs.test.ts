import { randomUUID } from 'node:crypto';
import { readdir, readFile, realpath, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type {
  AuditEntryDto,
  DivergencePageDto,
  EntriesPageDto,
  JobDetailDto,
  JobDto,
  JobWorkInput,
  MachineDetailDto,
  MachineReport,
  MachinesPageDto,
  SnapshotsPageDto,
  StoreDto,
} from '@wardrobe/contracts';
import { claimJob, getJob, queueJob } from '@wardrobe/db';
import { fsStore } from '@wardrobe/connector-fs';
import { openRepository, openWriter, type RepositoryWriter } from '@wardrobe/kloset';
import { copyFixtureStore, type Fixture, type FixtureName, temporaryFolder, unpackFixture } from '@wardrobe/testing';
import { createApi } from '../src/index.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Console, cookieOf, PASSWORD, startConsole } from './console.js';
import { FLEET, reportOf } from './reports.js';
import { done, ended, planned } from './jobs.js';

/** A fixture with a store of its own, for jobs write into it. */
async function writable(name: FixtureName): Promise<Fixture> {
  return { ...(await unpackFixture(name)), storeDir: await copyFixtureStore(name) };
}

describe('the phantom of v10-plain-desync, from its finding to a fleet that agrees', () => {
  let fixture: Fixture;
  let run: Console;
  let store: StoreDto;
  let finding = '';
  let phantom = '';
  let planId = '';
  const ids = { alpha: randomUUID(), bravo: randomUUID(), charlie: randomUUID() };

  const machines = async () => (await run.call<MachinesPageDto>('machines.list', { storeId: store.id }, { cookie: run.admin })).data;
  const findings = async () => (await run.call<DivergencePageDto>('divergence.get', { storeId: store.id }, { cookie: run.admin })).data.findings;
  const live = async () => (await run.call<SnapshotsPageDto>('snapshots.list', { storeId: store.id }, { cookie: run.admin })).data.rows;
  const report = async (machine: (typeof FLEET)[number], change: (report: MachineReport) => MachineReport = (same) => same) =>
    run.api.importReport(change(await reportOf(fixture.machinesDir ?? '', machine, ids[machine])));

  beforeAll(async () => {
    fixture = await writable('v10-plain-desync');
    run = await startConsole({ storeRoots: [dirname(fixture.storeDir)] });
    store = await run.api.addStore({ name: 'team', location: fixture.storeDir });
    for (const machine of FLEET) await report(machine);
  });
  afterAll(() => run.stop());

  it('the finding offers a repair, and its dry run names machine, snapshot and what is written, and the command that does the same', async () => {
    const found = (await findings()).find(({ kind }) => kind === 'phantom');
    expect(found).toMatchObject({ section: 'decision', mend: 'repair' });
    finding = found?.id ?? '';
    phantom = found?.affected[0]?.id ?? '';
    const job = await planned(run, store, { kind: 'repair', finding });
    planId = job.id;
    expect(job).toMatchObject({ state: 'done', dryRun: true });
    expect(job.plan).toMatchObject({ itemsTotal: 1, refusal: null, destroys: false, note: 'Nothing is deleted or overwritten.', verb: 'Publish 1 state' });
    expect(job.plan?.items[0]).toMatchObject({ snapshots: [phantom], machines: ['alpha'], steps: [{ step: 'write' }] });
    expect(job.plan?.items[0]?.evidence.join(' ')).toContain('alpha');
    expect(job.plan?.command).toBe(`wardrobe at ${fixture.storeDir} repair --snapshot ${phantom.slice(0, 8)}`);
    expect(job.plan?.applyCommand).toBe(`${job.plan?.command} --apply`);
    expect(await live()).toHaveLength(2);
  });

  it('applied as a job it is proven, the finding closes and the store lists the snapshot', async () => {
    const started = await run.call<JobDto>('jobs.start', { planId }, { cookie: run.admin, mutation: true });
    expect(started.status, JSON.stringify(started.problem)).toBe(200);
    const job = await ended(run, started.data.id);
    expect(job, JSON.stringify(job)).toMatchObject({ state: 'done', kind: 'repair', dryRun: false, problem: null, startedBy: 'Ada' });
    expect(job.outcome).toMatch(/1 repair done, 1 state written, 1 of 1 snapshot proven whole/);
    expect(job.log.join('\n')).toMatch(/whole/);
    expect((await live()).map(({ id }) => id)).toContain(phantom);
    const left = await findings();
    expect(left.filter(({ section }) => section === 'decision')).toEqual([]);
    expect(left.find(({ kind, section }) => kind === 'phantom' && section === 'mended')).toBeDefined();
  });

  it('the plan cannot be applied twice', async () => {
    const again = await run.call('jobs.start', { planId }, { cookie: run.admin, mutation: true });
    expect(again.problem).toMatchObject({ code: 'conflict', sentence: 'This plan is applied already.' });
  });

  it('it stands in the audit log with who asked', async () => {
    const rows = (await run.call<AuditEntryDto[]>('audit.list', {}, { cookie: run.admin })).data;
    expect(rows.find(({ what }) => what === 'started a job: repair')).toMatchObject({ who: 'Ada', about: expect.stringContaining('exists only on alpha') });
    expect(rows.find(({ what }) => what === 'a job is done')?.about).toContain('team');
  });

  it('each machine reads that it catches up at its next use', async () => {
    const rows = (await machines()).machines;
    expect(rows.find(({ name }) => name === 'alpha')).toMatchObject({ verdict: 'in-sync', worst: 'seen' });
    for (const name of ['bravo', 'charlie'] as const) {
      const detail = (await run.call<MachineDetailDto>('machines.get', { storeId: store.id, machineId: ids[name] }, { cookie: run.admin })).data;
      expect(detail.cells.find(({ snapshot }) => snapshot === phantom)).toMatchObject({
        cell: 'unknown',
        nextStep: 'It catches up at its next use of the store.',
      });
    }
  });

  it('after its next use and report every cell is seen', async () => {
    // What bravo and charlie merge at their next use is what alpha has in its cache already: the removal, and the state that is back.
    const seen = await reportOf(fixture.machinesDir ?? '', 'alpha', ids.alpha);
    for (const machine of FLEET) {
      await report(machine, (own) => ({
        ...own,
        sightings: own.sightings.map((sighting, index) => {
          const { states, shown, deleted, introduced } = seen.sightings[index] ?? sighting;
          return { ...sighting, states, shown, deleted, introduced };
        }),
      }));
    }
    const page = await machines();
    expect(page.machines.map(({ verdict, counts }) => ({ verdict, counts }))).toEqual(
      Array.from({ length: 3 }, () => ({ verdict: 'in-sync', counts: { seen: 3 } })),
    );
    expect(page.sentence).toBe('All 3 machines agree with the store.');
    expect((await findings()).filter(({ section }) => section !== 'mended')).toEqual([]);
  });

  it('a repair of a closed finding says that it is closed', async () => {
    const work: JobWorkInput = { kind: 'repair', finding };
    const answer = await run.call<JobDetailDto>('jobs.plan', { storeId: store.id, work }, { cookie: run.admin, mutation: true });
    expect(answer.problem).toMatchObject({ code: 'not-found', sentence: 'This finding is closed meanwhile.' });
  });
});

describe('jobs of every kind on v11-plain-desync', () => {
  let fixture: Fixture;
  let run: Console;
  let store: StoreDto;
  let into = '';
  const rows = async (include = 'live') =>
    (await run.call<SnapshotsPageDto>('snapshots.list', { storeId: store.id, include, sort: 'oldest' }, { cookie: run.admin })).data.rows;
  const start = (planId: string, cookie = run.admin) => run.call<JobDto>('jobs.start', { planId }, { cookie, mutation: true });
  const plan = (work: JobWorkInput, cookie = run.admin) => run.call<JobDto>('jobs.plan', { storeId: store.id, work }, { cookie, mutation: true });

  beforeAll(async () => {
    fixture = await writable('v11-plain-desync');
    into = await realpath(await temporaryFolder('restores'));
    run = await startConsole({ storeRoots: [tmpdir()], restoreRoots: [into] });
    store = await run.api.addStore({ name: 'team', location: fixture.storeDir });
  });
  afterAll(() => run.stop());

  it('a check reads everything and finds no damage; a fast one reads no content', async () => {
    const whole = await done(run, store, { kind: 'check', packfiles: true });
    expect(whole).toMatchObject({ state: 'done', command: `wardrobe at ${fixture.storeDir} check --store` });
    expect(whole.outcome).toMatch(/^2 snapshots checked, .* read: no damage\.$/);
    const one = await done(run, store, { kind: 'check', snapshots: [(await rows())[0]?.id ?? ''], fast: true });
    expect(one.outcome).toMatch(/^1 snapshot checked, .*, nothing read: no damage\.$/);
  });

  it('a restore writes below an allowed folder, without owners, and what is outside, behind a link or a store is refused', async () => {
    const snapshot = (await rows()).find(({ directory }) => directory.text === '/srv/team')?.id ?? '';
    const work = (target: string): JobWorkInput => ({ kind: 'restore', snapshot, target });
    const job = await done(run, store, work(join(into, 'new', 'here')));
    expect(job, JSON.stringify(job)).toMatchObject({ state: 'done', problem: null });
    expect(job.outcome).toMatch(/files? \(.*\) restored to /);
    expect(await readFile(join(into, 'new', 'here', 'README.md'), 'utf8')).toContain('Team share');
    const outside = await temporaryFolder('outside');
    await symlink(outside, join(into, 'trap'));
    for (const target of [outside, join(into, 'trap'), join(into, 'trap', 'deep'), join(into, '..', 'x'), fixture.storeDir, 'relative'])
      expect((await plan(work(target))).problem?.code, target).toMatch(/forbidden|invalid-input/);
    expect((await plan({ kind: 'restore', snapshot, target: join(into, 'x'), privileges: true })).problem).toMatchObject({ code: 'forbidden' });
    expect(await readdir(outside)).toEqual([]);
  });

  it('one file or one folder is restored, its dry run names it, and a path that is not there is refused', async () => {
    const snapshot = (await rows()).find(({ directory }) => directory.text === '/srv/team')?.id ?? '';
    const work = (path: string, to: string): JobWorkInput => ({ kind: 'restore', snapshot, path, target: join(into, to) });
    const file = await planned(run, store, work('/srv/team/README.md', 'one-file'));
    expect(file.plan).toMatchObject({
      items: [{ title: expect.stringContaining('/srv/team/README.md') }],
      note: expect.stringContaining('Nothing is overwritten.'),
    });
    expect(file.plan?.command).toBe(
      `wardrobe at ${fixture.storeDir} restore ${snapshot.slice(0, 8)}:/srv/team/README.md --to ${join(into, 'one-file')} --no-owners --verify --dry-run`,
    );
    await done(run, store, work('/srv/team/README.md', 'one-file'));
    expect(await readdir(join(into, 'one-file'))).toEqual(['README.md']);
    const entries = (await run.call<EntriesPageDto>('explorer.list', { storeId: store.id, snapshotId: snapshot, path: '/srv/team' }, { cookie: run.admin }))
      .data.entries;
    const folder = entries.find(({ type }) => type === 'directory')?.path ?? '';
    const inside = (await run.call<EntriesPageDto>('explorer.list', { storeId: store.id, snapshotId: snapshot, path: folder }, { cookie: run.admin })).data
      .entries;
    const job = await done(run, store, work(folder, 'one-folder'));
    expect(job, JSON.stringify(job)).toMatchObject({
      state: 'done',
      label: `Restore of a part of snapshot ${snapshot.slice(0, 8)} to ${join(into, 'one-folder')}`,
    });
    expect((await readdir(join(into, 'one-folder'))).sort()).toEqual(inside.map(({ name }) => name.text).sort());
    expect((await planned(run, store, work('/srv/team/not-there', 'none'))).problem).toMatchObject({ code: 'not-found' });
  });

  it('a link that is put there between the dry run and the doing is not followed', async () => {
    const snapshot = (await rows())[0]?.id ?? '';
    const outside = await temporaryFolder('outside');
    const job = await planned(run, store, { kind: 'restore', snapshot, target: join(into, 'later', 'deep') });
    await symlink(outside, join(into, 'later'));
    const answer = await start(job.id);
    expect(answer.status === 200 ? (await ended(run, answer.data.id)).state : answer.problem?.code).toMatch(/failed|forbidden/);
    expect(await readdir(outside)).toEqual([]);
  });

  it('a snapshot is removed for everybody, after a dry run that names it', async () => {
    const [first] = await rows();
    const job = await planned(run, store, { kind: 'rm', snapshots: [first?.id ?? ''] });
    expect(job.plan).toMatchObject({
      verb: 'Remove 1 snapshot',
      itemsTotal: 1,
      applyCommand: `wardrobe at ${fixture.storeDir} rm ${first?.id.slice(0, 8)} --apply`,
    });
    const removed = await ended(run, (await start(job.id)).data.id);
    expect(removed, JSON.stringify(removed)).toMatchObject({ state: 'done', outcome: '1 snapshot removed, for everybody who reads the store.' });
    expect((await rows()).map(({ id }) => id)).not.toContain(first?.id);
    expect((await rows('deleted')).map(({ id }) => id)).toContain(first?.id);
  });

  it('a repair of everything leaves deleted snapshots out and names the hidden one', async () => {
    const job = await planned(run, store, { kind: 'repair' });
    expect(job.plan?.refusal).toBeNull();
    const hidden = (await rows('hidden')).map(({ id }) => id);
    expect(job.plan?.items.flatMap(({ snapshots }) => snapshots)).toEqual(hidden);
    const result = await ended(run, (await start(job.id)).data.id);
    expect(result, JSON.stringify(result)).toMatchObject({ state: 'done' });
    expect((await rows()).map(({ id }) => id)).toEqual(expect.arrayContaining(hidden));
    expect(await rows('deleted')).toHaveLength(2);
    const again = await planned(run, store, { kind: 'repair' });
    expect(again.plan?.refusal).toBe('There is nothing that can be mended here.');
    expect((await start(again.id)).problem).toMatchObject({ code: 'conflict' });
  });

  it('prune keeps the newest of each period, and says of each other one why it goes', async () => {
    const nothing = await planned(run, store, { kind: 'prune', keep: {}, groupBy: 'none' });
    expect(nothing.plan?.refusal).toMatch(/No period/);
    const job = await done(run, store, { kind: 'prune', keep: { year: 10 }, groupBy: 'none' });
    expect(job).toMatchObject({ state: 'done', command: `wardrobe at ${fixture.storeDir} prune --years 10 --per-year 1 --apply` });
    expect(await rows()).toHaveLength(1);
  });

  it('maintenance schedules what nobody needs, and removes nothing yet', async () => {
    const job = await done(run, store, { kind: 'maintenance' });
    expect(job, JSON.stringify(job)).toMatchObject({ state: 'done', problem: null });
    expect(job.outcome).toMatch(/scheduled for deletion/);
    const checked = await done(run, store, { kind: 'check', packfiles: true });
    expect(checked.outcome).toMatch(/no damage/);
  });

  it('another store gets what it lacks, each copy equal to its original', async () => {
    const other = await writable('v10-plain-desync');
    const peer = await run.api.addStore({ name: 'other', location: other.storeDir });
    const before = (await run.call<SnapshotsPageDto>('snapshots.list', { storeId: peer.id }, { cookie: run.admin })).data.total;
    const chosen = (await planned(run, store, { kind: 'sync', direction: 'from', peer: peer.id, snapshots: [(await rows())[0]?.id ?? ''] })).plan;
    expect(chosen).toMatchObject({
      itemsTotal: 0,
      command: `wardrobe at ${fixture.storeDir} sync ${(await rows())[0]?.id.slice(0, 8)} from ${other.storeDir} --dry-run`,
    });
    const job = await done(run, store, { kind: 'sync', direction: 'to', peer: peer.id });
    expect(job, JSON.stringify(job)).toMatchObject({ state: 'done', problem: null, label: 'Synchronisation to other' });
    expect(job.outcome).toMatch(/^1 snapshot copied and compared/);
    expect((await run.call<SnapshotsPageDto>('snapshots.list', { storeId: peer.id }, { cookie: run.admin })).data.total).toBe(before + 1);
    const again = await planned(run, store, { kind: 'sync', direction: 'to', peer: peer.id });
    expect(again.plan?.refusal).toBe('There is nothing to copy.');
    expect((await plan({ kind: 'sync', direction: 'to', peer: store.id })).problem).toMatchObject({ code: 'invalid-input' });
  });

  it('a viewer may look at jobs and plan a repair, and start nothing', async () => {
    await run.call('users.create', { name: 'Vera', email: 'vera@example.org', role: 'viewer', password: PASSWORD }, { cookie: run.admin, mutation: true });
    const viewer = cookieOf((await run.call('session.signIn', { email: 'vera@example.org', password: PASSWORD }, { mutation: true })).headers);
    expect((await run.call<JobDto[]>('jobs.list', { storeId: store.id }, { cookie: viewer })).data.length).toBeGreaterThan(5);
    expect((await plan({ kind: 'maintenance' }, viewer)).problem).toMatchObject({ code: 'forbidden' });
    const repair = await plan({ kind: 'repair' }, viewer);
    expect(repair.status).toBe(200);
    await ended(run, repair.data.id);
    expect((await start(repair.data.id, viewer)).problem).toMatchObject({ code: 'forbidden' });
  });

  it('a plan older than an hour is made again before it is applied', async () => {
    const job = await planned(run, store, { kind: 'check' });
    run.clock.offsetMs += 2 * 3_600_000;
    expect((await start(job.id)).problem).toMatchObject({ code: 'conflict', next: 'Make the plan again.' });
  });
});

describe('a lost snapshot that somebody deleted', () => {
  it('is named and left out, and comes back only when that is asked for', async () => {
    const fixture = await writable('v10-plain-desync');
    const run = await startConsole({ storeRoots: [dirname(fixture.storeDir)] });
    try {
      const store = await run.api.addStore({ name: 'team', location: fixture.storeDir });
      const [hidden] = (await run.call<SnapshotsPageDto>('snapshots.list', { storeId: store.id, include: 'hidden' }, { cookie: run.admin })).data.rows;
      const id = hidden?.id ?? '';
      const own = await reportOf(fixture.machinesDir ?? '', 'alpha');
      const sightings = own.sightings.map((sighting) => ({
        ...sighting,
        shown: sighting.shown.filter(({ snapshot }) => snapshot !== id),
        deleted: [...sighting.deleted, id].sort(),
      }));
      await run.api.importReport({ ...own, sightings });
      const left = (await planned(run, store, { kind: 'repair' })).plan;
      expect(left?.items.flatMap(({ snapshots }) => snapshots)).not.toContain(id);
      expect(
        left?.leftAlone.find(({ snapshots }) => snapshots.includes(id)),
        JSON.stringify(left),
      ).toMatchObject({
        what: 'deleted snapshot',
        why: expect.stringContaining('alpha'),
      });
      expect(left?.offers).toContain('undelete');
      const asked = (await planned(run, store, { kind: 'repair', undelete: true })).plan;
      expect(asked?.items.flatMap(({ snapshots }) => snapshots)).toContain(id);
      expect(asked?.items[0]?.detail).toContain('brings back a snapshot that somebody deleted');
    } finally {
      await run.stop();
    }
  });
});

describe('jobs that wait, are cancelled and are interrupted', () => {
  let fixture: Fixture;
  let run: Console;
  let store: StoreDto;
  let held: RepositoryWriter;
  const rows = async () => (await run.call<JobDto[]>('jobs.list', { storeId: store.id }, { cookie: run.admin })).data;
  const start = async (planId: string) => (await run.call<JobDto>('jobs.start', { planId }, { cookie: run.admin, mutation: true })).data;
  const until = async (id: string, test: (job: JobDto) => boolean): Promise<JobDto> => {
    for (;;) {
      const job = (await rows()).find((row) => row.id === id);
      if (job !== undefined && test(job)) return job;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  beforeAll(async () => {
    fixture = await writable('v10-plain-desync');
    run = await startConsole({ storeRoots: [dirname(fixture.storeDir)] });
    store = await run.api.addStore({ name: 'team', location: fixture.storeDir });
    held = await openWriter(await openRepository(fsStore(fixture.storeDir), {}), { lock: 'shared', environment: { hostname: 'bravo.lan' } });
  });
  afterAll(async () => {
    await held.close();
    await run.stop();
  });

  it('a fresh lock: the plan says whose it is and until when it waits, and cannot be applied without waiting', async () => {
    const job = await planned(run, store, { kind: 'repair' });
    expect(job.plan?.waits[0]).toMatchObject({ host: 'bravo.lan', sentence: expect.stringContaining('bravo.lan') });
    expect(Date.parse(job.plan?.waits[0]?.until ?? '')).toBeGreaterThan(Date.now());
    expect(job.plan?.offers).toContain('wait');
    expect(job.plan?.refusal).toMatch(/bravo\.lan may be at work in the store until \d\d:\d\d UTC/);
  });

  it('told to wait it does; what else writes waits for its turn, and both can be cancelled', async () => {
    const [first, second] = [
      await planned(run, store, { kind: 'repair', wait: true }),
      await planned(run, store, { kind: 'prune', keep: { year: 1 }, groupBy: 'none' }),
    ];
    const [waiting, queued] = [await start(first.id), await start(second.id)];
    const running = await until(waiting.id, ({ phase }) => phase === 'Waiting for others');
    expect(running).toMatchObject({ state: 'running', log: [expect.stringContaining('bravo.lan')] });
    expect((await until(queued.id, () => true)).state).toBe('queued');
    for (const { id } of [queued, waiting]) expect((await run.call('jobs.cancel', { id }, { cookie: run.admin, mutation: true })).status).toBe(200);
    expect(await ended(run, queued.id)).toMatchObject({ state: 'cancelled', startedAt: null });
    expect(await ended(run, waiting.id)).toMatchObject({ state: 'cancelled', problem: null });
    expect((await openRepository(fsStore(fixture.storeDir), {}).then((repository) => repository.locks())).map(({ hostname }) => hostname)).toEqual([
      'bravo.lan',
    ]);
  });

  it('a console that is stopped marks what ran as interrupted; one that died does so at the next start', async () => {
    const first = await planned(run, store, { kind: 'repair', wait: true });
    const waiting = await start(first.id);
    await until(waiting.id, ({ phase }) => phase === 'Waiting for others');
    const dead = await queueJob(run.db, { kind: 'rm', key: 'dead', storeId: store.id, startedBy: 'Ada', label: 'Removal', lane: 'dead' });
    await claimJob(run.db, { worker: 'dead process', now: new Date(Date.now() + 1000), kinds: ['rm'] });
    await run.api.stop();
    expect(await getJob(run.db, waiting.id)).toMatchObject({ state: 'interrupted', problem: { sentence: 'The console was stopped while this ran.' } });
    const next = createApi({ ...run.options });
    await next.start();
    try {
      expect(await getJob(run.db, dead.id)).toMatchObject({ state: 'interrupted', problem: { next: expect.stringContaining('safe to run it again') } });
    } finally {
      await next.stop();
    }
  });
});
