import { existsSync } from 'node:fs';
import { cp, mkdtemp, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AuditEntryDto, DivergencePageDto, JobDto, JobLimitsDto, JobWorkInput, SnapshotsPageDto, StoreDto, StoreLockDto } from '@wardrobe/contracts';
import { fsStore } from '@wardrobe/connector-fs';
import { openRepository, openWriter, type RepositoryWriter, systemEnvironment } from '@wardrobe/kloset';
import { copyFixtureStore, temporaryFolder } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Console, cookieOf, PASSWORD, startConsole } from './console.js';
import { done, ended, planned } from './jobs.js';

/** While the file `stuck` is there, work is a call that never comes back, as on a disk that died; `hangs` is there once it does. */
async function stickyWorker(folder: string): Promise<{ url: URL; stuck: string; hangs: string }> {
  const [stuck, hangs] = [join(folder, 'stuck'), join(folder, 'hangs')];
  const file = join(folder, 'worker.mjs');
  await writeFile(
    file,
    `import { existsSync, writeFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
await import(${JSON.stringify(pathToFileURL(inject('workerFile')).href)});
parentPort.on('message', ({ kind, method }) => {
  if (kind !== 'call' || method !== 'planWork' || !existsSync(${JSON.stringify(stuck)})) return;
  writeFileSync(${JSON.stringify(hangs)}, '');
  for (;;);
});
`,
  );
  return { url: pathToFileURL(file), stuck, hangs };
}

describe('locks, lost content and work that hangs', () => {
  let run: Console;
  let store: StoreDto;
  let location = '';
  let stuck = '';
  let hangs = '';
  let into = '';
  let fresh: RepositoryWriter;
  const call = <T>(path: string, input: unknown, mutation = false) => run.call<T>(path, input, { cookie: run.admin, mutation });
  const locks = async (): Promise<StoreLockDto[]> => (await call<StoreLockDto[]>('jobs.locks', { storeId: store.id })).data;
  const plan = (work: JobWorkInput) => call<JobDto>('jobs.plan', { storeId: store.id, work }, true);
  const finding = async (kind: string) =>
    (await call<DivergencePageDto>('divergence.get', { storeId: store.id })).data.findings.find((found) => found.kind === kind);

  beforeAll(async () => {
    const worker = await stickyWorker(await mkdtemp(join(tmpdir(), 'wardrobe-sticky-')));
    ({ stuck, hangs } = worker);
    into = await realpath(await temporaryFolder('restores'));
    run = await startConsole({ storeRoots: [tmpdir()], restoreRoots: [into], workerUrl: worker.url, cancelGraceMs: 300 });
    location = await copyFixtureStore('v10-plain-desync');
    await rm(join(location, 'locks'), { recursive: true, force: true });
    const repository = await openRepository(fsStore(location), {});
    const left = await mkdtemp(join(tmpdir(), 'wardrobe-locks-'));
    for (const [hostname, hours] of [
      ['old.lan', 1],
      ['older.lan', 2],
    ] as const) {
      const environment = { ...systemEnvironment(), hostname, nowMs: () => Date.now() - hours * 3_600_000 };
      const writer = await openWriter(repository, { lock: 'shared', environment });
      await cp(join(location, 'locks'), join(left, 'locks'), { recursive: true });
      await writer.close();
    }
    fresh = await openWriter(repository, { lock: 'shared', environment: { hostname: 'bravo.lan' } });
    // Whoever takes a lock removes stale ones: these are put back as a program leaves them that was killed.
    await cp(left, location, { recursive: true });
    store = await run.api.addStore({ name: 'team', location });
  });
  afterAll(async () => {
    await fresh.close();
    await run.stop();
  });

  it('locks are listed with who, since when and whether they are stale', async () => {
    const found = await locks();
    expect(found.map(({ host, stale, exclusive }) => ({ host, stale, exclusive }))).toEqual([
      { host: 'bravo.lan', stale: false, exclusive: false },
      { host: 'old.lan', stale: true, exclusive: false },
      { host: 'older.lan', stale: true, exclusive: false },
    ]);
    expect(Date.parse(found[0]?.staleFrom ?? '')).toBeGreaterThan(Date.now());
    expect(Date.now() - Date.parse(found[1]?.since ?? '')).toBeGreaterThan(3_500_000);
  });

  it('the finding about those left behind can be cleared: dry run, command, job, audit entry; a fresh one stays', async () => {
    expect(await finding('stale-lock')).toMatchObject({ mend: 'locks', title: '2 locks were left behind', section: 'heals' });
    const dry = await planned(run, store, { kind: 'locks' });
    expect(dry.plan).toMatchObject({
      sentence: '2 locks would be removed.',
      verb: 'Remove 2 locks',
      command: `wardrobe at ${location} locks`,
      applyCommand: `wardrobe at ${location} locks clear`,
      leftAlone: [{ why: expect.stringContaining('of bravo.lan') }],
    });
    expect(await locks()).toHaveLength(3);
    const job = await done(run, store, { kind: 'locks' });
    expect(job, JSON.stringify(job)).toMatchObject({ state: 'done', outcome: '2 locks removed.' });
    expect(job.log.join('\n')).toMatch(/of old\.lan, renewed 1 h ago is removed/);
    expect((await locks()).map(({ host }) => host)).toEqual(['bravo.lan']);
    expect(await finding('stale-lock')).toBeUndefined();
    expect((await call<AuditEntryDto[]>('audit.list', {})).data.find(({ what }) => what === 'started a job: locks')).toMatchObject({ who: 'Ada' });
    expect((await planned(run, store, { kind: 'locks' })).plan).toMatchObject({ refusal: 'There is no lock to remove.' });
  });

  it('a damaged lock is a finding of its own, and goes only by name and by force, as a fresh one does', async () => {
    const id = 'ab'.repeat(32);
    await writeFile(join(location, 'locks', id), 'no lock');
    await call('stores.refresh', { storeId: store.id }, true);
    while ((await finding('damaged-lock')) === undefined) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await finding('damaged-lock')).toMatchObject({ mend: 'locks', section: 'decision' });
    expect((await locks()).find((lock) => lock.id === id)).toMatchObject({ host: null, stale: false, problem: expect.any(String) });
    expect((await planned(run, store, { kind: 'locks', ids: [id] })).plan?.refusal).toBe('There is no lock to remove.');
    expect((await plan({ kind: 'locks', force: true })).problem).toMatchObject({ code: 'invalid-input' });
    const job = await done(run, store, { kind: 'locks', ids: [id], force: true });
    expect(job).toMatchObject({ state: 'done', command: `wardrobe at ${location} locks clear --id ${id.slice(0, 8)} --force` });
    expect((await locks()).map(({ host }) => host)).toEqual(['bravo.lan']);
    expect(await finding('damaged-lock')).toBeUndefined();
  });

  it('a viewer sees who holds the store and clears nothing', async () => {
    await call('users.create', { name: 'Vera', email: 'vera@example.org', role: 'viewer', password: PASSWORD }, true);
    const viewer = cookieOf((await run.call('session.signIn', { email: 'vera@example.org', password: PASSWORD }, { mutation: true })).headers);
    expect((await run.call<StoreLockDto[]>('jobs.locks', { storeId: store.id }, { cookie: viewer })).data).toHaveLength(1);
    const refused = await run.call('jobs.plan', { storeId: store.id, work: { kind: 'locks' } }, { cookie: viewer, mutation: true });
    expect(refused.problem).toMatchObject({ code: 'forbidden' });
  });

  it('content that is gone is taken from another store, or from a folder of the server, and only what is allowed is read', async () => {
    const whole = await copyFixtureStore('v10-plain-desync');
    const mirror = await run.api.addStore({ name: 'mirror', location: whole });
    const rows = (await call<SnapshotsPageDto>('snapshots.list', { storeId: mirror.id })).data.rows;
    const snapshot = rows.toSorted((a, b) => b.sizeBytes - a.sizeBytes)[0];
    const disk = join(into, 'disk');
    await done(run, mirror, { kind: 'restore', snapshot: snapshot?.id ?? '', target: disk });
    for (const source of ['store', 'disk'] as const) {
      const damaged = await copyFixtureStore('v10-plain-desync');
      await rm(join(damaged, 'locks'), { recursive: true, force: true });
      await damageContent(damaged);
      const hurt = await run.api.addStore({ name: `hurt ${source}`, location: damaged });
      const alone = (await planned(run, hurt, { kind: 'repair', readData: true })).plan;
      expect(alone?.problems.length, JSON.stringify(alone)).toBeGreaterThan(0);
      expect(alone?.command).toBe(`wardrobe at ${damaged} repair --read-data`);
      const work: JobWorkInput = { kind: 'repair', readData: true, ...(source === 'store' ? { fromStores: [mirror.id] } : { fromDisks: [disk] }) };
      const helped = await planned(run, hurt, work);
      expect(helped.plan?.problems, JSON.stringify(helped.plan)).toEqual([]);
      expect(helped.plan?.applyCommand).toBe(`${alone?.command} --from-${source} ${source === 'store' ? whole : disk} --apply`);
      const job = await done(run, hurt, work);
      expect(job, JSON.stringify(job)).toMatchObject({ state: 'done', problem: null, outcome: expect.stringMatching(/proven whole/) });
      expect((await done(run, hurt, { kind: 'check' })).outcome).toMatch(/no damage/);
    }
    expect((await call<JobLimitsDto>('jobs.limits', undefined)).data.readRoots).toEqual([tmpdir(), into]);
    expect((await plan({ kind: 'repair', fromStores: [store.id] })).problem).toMatchObject({ code: 'invalid-input' });
    for (const folder of ['/etc', 'relative', join(into, 'not there'), `${into}/../../etc`])
      expect((await plan({ kind: 'repair', fromDisks: [folder] })).problem?.code, folder).toMatch(/forbidden|invalid-input|not-found/);
  });

  it('work that does not end when it is cancelled is ended by force, with a sentence; the next one runs', async () => {
    await writeFile(stuck, '');
    const started = await plan({ kind: 'check' });
    while (!existsSync(hangs)) await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await call('jobs.cancel', { id: started.data.id }, true)).status).toBe(200);
    const job = await ended(run, started.data.id);
    expect(job).toMatchObject({ state: 'cancelled', problem: { sentence: expect.stringMatching(/did not stop within .* was ended by force/) } });
    expect(existsSync(stuck)).toBe(true);
    await rm(stuck);
    expect((await planned(run, store, { kind: 'check' })).plan?.refusal).toBeNull();
  });
});

/** Changes bytes in the middle of the largest packfile: contents are lost, listings and headers are not. */
async function damageContent(folder: string): Promise<void> {
  const names = await readdir(join(folder, 'packfiles'), { recursive: true });
  const files = await Promise.all(names.map(async (name) => ({ path: join(folder, 'packfiles', name), info: await stat(join(folder, 'packfiles', name)) })));
  const largest = files.filter(({ info }) => info.isFile()).toSorted((a, b) => b.info.size - a.info.size)[0];
  if (largest === undefined) throw new Error('the store has no packfile');
  const { open } = await import('node:fs/promises');
  const file = await open(largest.path, 'r+');
  await file.write(Buffer.alloc(64, 0x5a), 0, 64, Math.floor(largest.info.size / 2));
  await file.close();
}
