import type { StoreDto, StoreKindDto, StoreTestDto } from '@wardrobe/contracts';
import { fsStore } from '@wardrobe/connector-fs';
import { openRepository } from '@wardrobe/kloset';
import { connectorFor } from '@wardrobe/connections';
import { parseStoreLocation, type WritableStore } from '@wardrobe/store-connector';
import { copyFixtureStore, fullServer, type S3Server, startS3Server, temporaryFolder } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApi } from '../src/index.js';
import { type Console, startConsole } from './console.js';

const KINDS = ['packfile', 'state'] as const;

describe('stores on the network', () => {
  let run: Console;
  let root: string;
  let server: S3Server;
  let listening = true;
  let location: string;
  let options: Record<string, string>;
  const change = <T = StoreDto>(path: string, input: unknown) => run.call<T>(path, input, { cookie: run.admin, mutation: true });
  const test = async (input: object): Promise<StoreTestDto> => (await change<StoreTestDto>('stores.test', { name: 'x', location, options, ...input })).data;
  const last = ({ ok, steps, problem }: StoreTestDto) => ({ ok, last: steps.at(-1)?.step, code: problem?.code ?? null });

  beforeAll(async () => {
    root = await temporaryFolder('roots');
    server = await startS3Server({ buckets: ['backups'] });
    location = `s3://${server.host}:${server.port}/backups/team`;
    options = { access_key: server.accessKey, secret_access_key: server.secretKey, use_tls: 'false' };
    await upload(fsStore(await copyFixtureStore('v10-plain-desync')), await openS3());
    run = await startConsole({ storeRoots: [root] });
  });
  afterAll(async () => {
    await run.stop();
    if (listening) await server.close();
  });

  async function openS3(at = location): Promise<WritableStore> {
    return (await connectorFor('s3', { connectorsFolder: null })).open({
      location: parseStoreLocation(at),
      options,
      host: { environment: {}, home: root, temporaryFolder: root },
    });
  }

  it('are offered by kind, with the options that a form asks for', async () => {
    const { data: kinds } = await run.call<StoreKindDto[]>('stores.kinds', undefined, { cookie: run.admin });
    expect(kinds.map(({ name }) => name)).toEqual(expect.arrayContaining(['fs', 's3', 'sftp', 'http']));
    expect(kinds.find(({ name }) => name === 's3')?.options).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: 'secret_access_key', kind: 'secret' })]),
    );
  });

  it('"test" goes all the way', async () => {
    const answer = await test({});
    expect(last(answer), JSON.stringify(answer)).toEqual({ ok: true, last: 'states', code: null });
    expect(answer.steps.map(({ step }) => step)).toEqual(expect.arrayContaining(['name', 'route', 'credentials', 'permission', 'config', 'key']));
    expect(answer.snapshots).toBeGreaterThan(0);
  });

  it.each<[string, () => object, { last: string; code: string }]>([
    ['a host without an address', () => ({ location: 's3://no-such-host.invalid/backups/team' }), { last: 'name', code: 'store' }],
    ['a port where nothing listens', () => ({ location: 's3://127.0.0.1:9/backups/team' }), { last: 'route', code: 'store' }],
    ['a prefix without a store', () => ({ location: `${location}/else` }), { last: 'config', code: 'not-a-store' }],
    ['an option that is none', () => ({ options: { colour: 'red' } }), { last: 'path', code: 'invalid-input' }],
    ['a link-local address', () => ({ location: 's3://169.254.169.254/latest/meta-data' }), { last: 'path', code: 'forbidden' }],
    ['one written otherwise', () => ({ location: 's3://[::ffff:169.254.169.254]/latest/meta-data' }), { last: 'path', code: 'forbidden' }],
    ['one as endpoint', () => ({ options: { ...options, endpoint: '169.254.169.254:80' } }), { last: 'path', code: 'forbidden' }],
    [
      'one as jump host',
      () => ({ location: 'sftp://me@127.0.0.1/srv', options: { jump: 'good.invalid,me@169.254.169.254:22' } }),
      { last: 'path', code: 'forbidden' },
    ],
    ['a password in the location', () => ({ location: 'sftp://me:hidden@127.0.0.1/srv' }), { last: 'path', code: 'invalid-input' }],
    ['a file outside those allowed', () => ({ options: { ...options, tls_ca: '/etc/hostname' } }), { last: 'path', code: 'forbidden' }],
    ['a name of the command line', () => ({ location: '@cloud' }), { last: 'path', code: 'invalid-input' }],
  ])('"test" of %s tells how far it came', async (_what, input, expected) => {
    const answer = await test(input());
    expect(last(answer), JSON.stringify(answer)).toEqual({ ok: false, ...expected });
    expect(answer.steps.slice(0, -1).every(({ ok }) => ok)).toBe(true);
    expect(JSON.stringify(answer)).not.toContain('hidden@');
  });

  it('"test" of a host that takes no connection ends after the time for one, and says that there is no way', async () => {
    const full = await fullServer();
    const started = performance.now();
    const answer = await test({ location: `s3://127.0.0.1:${full.port}/backups/team` });
    expect(last(answer), JSON.stringify(answer)).toEqual({ ok: false, last: 'route', code: 'store' });
    expect(answer.problem?.sentence).toBeTruthy();
    // Five seconds for the connection; the rest is the loading of the client on a busy machine. Silence is borne for 30 s elsewhere.
    expect(performance.now() - started).toBeLessThan(25_000);
    await full.close();
  });

  it('are added and read; their options are in no answer, no log, and not readable in the database', async () => {
    const { data: store, problem } = await change('stores.add', { name: 'cloud', location, options });
    expect(store, JSON.stringify(problem)).toMatchObject({ name: 'cloud', location, encrypted: false });
    const get = async (): Promise<StoreDto> => (await run.call<StoreDto>('stores.get', { storeId: store.id }, { cookie: run.admin })).data;
    await expect.poll(async () => (await get()).status, { timeout: 30_000 }).toBe('ready');
    const read = await get();
    expect(read.counts.snapshots).toBeGreaterThan(0);
    expect(read.carried?.requests).toBeGreaterThan(0);
    expect(read.carried?.meanLatencyMs).toBeGreaterThan(0);
    expect(JSON.stringify(await run.call('stores.list', undefined, { cookie: run.admin }))).not.toContain('secret_access_key');
    const dump = await run.db.pool.query<{ text: string }>(
      'select stores::text as text from stores union all select audit_entries::text from audit_entries union all select jobs::text from jobs',
    );
    expect(dump.rows.map(({ text }) => text).join('\n')).not.toContain(`"${options['secret_access_key']}"`);
    expect(run.logs.join('\n')).not.toContain('secret_access_key');
  });

  it('their figures outlast the console, go on with each reading, and begin anew at another place', async () => {
    const { data: stores } = await run.call<StoreDto[]>('stores.list', undefined, { cookie: run.admin });
    const storeId = String(stores[0]?.id);
    const get = async (): Promise<StoreDto> => (await run.call<StoreDto>('stores.get', { storeId }, { cookie: run.admin })).data;
    const before = (await get()).carried;
    const next = createApi(run.options);
    const caller = await next.caller(new Headers({ cookie: run.admin }));
    expect((await caller.stores.get({ storeId })).carried).toEqual(before);
    await next.stop();
    await change('stores.refresh', { storeId });
    await expect.poll(async () => (await get()).carried?.requests, { timeout: 30_000 }).toBeGreaterThan(before?.requests ?? Number.POSITIVE_INFINITY);
    const after = (await get()).carried;
    expect([after?.since, after?.bytesRead]).toEqual([before?.since, expect.any(Number)]);
    expect(after?.bytesRead).toBeGreaterThanOrEqual(before?.bytesRead ?? Number.POSITIVE_INFINITY);
    const elsewhere = location.replace('/team', '/copy');
    await upload(fsStore(await copyFixtureStore('v10-plain-desync')), await openS3(elsewhere));
    await change('stores.update', { storeId, location: elsewhere });
    expect((await get()).carried).toBeNull();
    await change('stores.update', { storeId, location });
  });

  it('that cannot be reached are offline, with what was last known; a place that does not open is not taken', async () => {
    const { data: stores } = await run.call<StoreDto[]>('stores.list', undefined, { cookie: run.admin });
    const storeId = String(stores[0]?.id);
    const get = async (): Promise<StoreDto> => (await run.call<StoreDto>('stores.get', { storeId }, { cookie: run.admin })).data;
    const before = await get();
    const refused = await change('stores.update', { storeId, location: 's3://127.0.0.1:9/backups/team' });
    expect(refused.problem?.code).toBe('store');
    expect((await get()).location).toBe(location);
    await server.close();
    listening = false;
    await change('stores.refresh', { storeId });
    await expect.poll(async () => (await get()).status, { timeout: 60_000 }).toBe('offline');
    expect(await get()).toMatchObject({ lastReadAt: before.lastReadAt, counts: { snapshots: before.counts.snapshots } });
    expect((await get()).problem?.sentence).toMatch(/reach|host|connection/i);
  });
});

/** What plakar would have laid there: the files of a store, item by item. */
async function upload(from: WritableStore, to: WritableStore): Promise<void> {
  await to.create(await from.readConfig());
  for (const kind of KINDS) {
    for await (const { id } of from.list(kind)) {
      const pieces: Uint8Array[] = [];
      for await (const piece of from.read(kind, id)) pieces.push(Uint8Array.from(piece));
      await to.write(kind, id, Buffer.concat(pieces));
    }
  }
  const repository = await openRepository(to, {});
  await repository.close();
}
