import type { Mac } from '@wardrobe/kloset-model';
import type { WritableStore } from '@wardrobe/store-connector';
import { contractId as idOf, wholeOf } from '@wardrobe/store-connector/contract';
import { assertMoto, httpFaultProxy, type S3Server, startS3Server } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keysOf, openAt, RawBucket } from './s3-places.js';
import { availableServers, START_TIMEOUT_MS } from './s3-servers.js';

const CONFIG = Buffer.from('_KLOSET_ config');

it('the second server is there, or it is said that it is not', () => assertMoto());

describe.each(availableServers())('layout on $name', ({ name, start }) => {
  let server: S3Server;
  let raw: RawBucket;
  let buckets = 0;
  beforeAll(async () => {
    server = await start();
  }, START_TIMEOUT_MS);
  afterAll(() => server.close());

  async function freshBucket(): Promise<string> {
    buckets += 1;
    raw = new RawBucket(server, `layout-${name}-${buckets}`);
    await raw.make();
    return raw.bucket;
  }
  const open = (rest: string, options: Record<string, string> = {}) => openAt(`s3://${rest}`, { options: { ...keysOf(server), ...options } });

  it('every way to write a location reaches the same objects', async () => {
    const bucket = await freshBucket();
    await raw.put('pre/fix/CONFIG', CONFIG);
    const at = `${server.host}:${server.port}`;
    const stores = [
      open(`${at}/${bucket}/pre/fix`),
      open(`${server.host}/${bucket}/pre/fix`, { port: String(server.port) }),
      open(server.host, { port: String(server.port), root: `/${bucket}/pre/fix` }),
      open(`${bucket}/pre/fix`, { endpoint: at }),
      open(`${bucket}.${at}/pre/fix`, { endpoint: at, virtual_host: 'true' }),
      open(`${at}/${bucket}//pre/fix/`),
    ];
    for (const store of stores) {
      expect(Buffer.from(await store.readConfig()).equals(CONFIG)).toBe(true);
      await store.close();
    }
  });

  it('writes the keys that plakar writes, also at the top of a bucket', async () => {
    const bucket = await freshBucket();
    for (const prefix of ['', 'a/b']) {
      const store = open(`${server.host}:${server.port}/${bucket}/${prefix}`);
      await store.create(CONFIG);
      for (const kind of ['packfile', 'state', 'lock'] as const) await store.write(kind, idOf('c4'), Uint8Array.of(1));
      const base = prefix === '' ? '' : `${prefix}/`;
      for (const path of ['CONFIG', `packfiles/c4/${idOf('c4')}`, `states/c4/${idOf('c4')}`, `locks/${idOf('c4')}`])
        expect(await raw.get(`${base}${path}`), path).not.toBeNull();
      await store.close();
    }
  });

  it('percent signs: as written where a store is, else decoded', async () => {
    const bucket = await freshBucket();
    const at = `${server.host}:${server.port}/${bucket}`;
    await raw.put('a b/CONFIG', 'decoded');
    const decoded = open(`${at}/a%20b`);
    expect(Buffer.from(await decoded.readConfig()).toString()).toBe('decoded');
    await decoded.write('state', idOf('1'), Uint8Array.of(1));
    expect(await raw.get(`a b/states/11/${idOf('1')}`)).not.toBeNull();
    await raw.put('c%20d/CONFIG', 'as written');
    await raw.put('c d/CONFIG', 'decoded');
    expect(Buffer.from(await open(`${at}/c%20d`).readConfig()).toString()).toBe('as written');
    await expect(open(`${at}/e%20f`).readConfig()).rejects.toMatchObject({ code: 'not-a-store' });
    await expect(open(`${at}/e%20f`).create(CONFIG)).rejects.toMatchObject({ code: 'invalid-input' });
  });

  // s3rver answers listings of more than a page with HTTP 500; the pages made by hand below stand in where moto is missing.
  if (name !== 's3rver')
    it('long listings come page by page: the first is handed out before the last is fetched', async () => {
      const bucket = await freshBucket();
      const ids = Array.from({ length: 1003 }, (_, index) => (index + 4096).toString(16).padStart(64, '0') as Mac);
      const queue = [...ids];
      const worker = async () => {
        for (let id = queue.pop(); id !== undefined; id = queue.pop()) await raw.put(`p/states/00/${id}`, 'x');
      };
      await Promise.all(Array.from({ length: 16 }, worker));
      const proxy = await httpFaultProxy(server);
      const store = open(`${proxy.host}:${proxy.port}/${bucket}/p`);
      const found = new Set<string>();
      for await (const item of store.list('state')) {
        if (found.size === 0) expect(proxy.seen.length).toBe(1);
        expect(item.stamp).toMatch(/[0-9a-f]{32}/);
        found.add(item.id);
      }
      expect(proxy.seen.length).toBe(2);
      expect([...found].sort()).toEqual(ids);
      await store.close();
      await proxy.close();
    });

  it('names in listings that need encoding are read as they are', async () => {
    const bucket = await freshBucket();
    const names = ['states/with space+plus', 'states/ümlaut&<xml>', 'packfiles/100%25'];
    await raw.put('CONFIG', CONFIG);
    for (const path of names) await raw.put(path, 'x');
    const found: string[] = [];
    for await (const { path } of open(`${server.host}:${server.port}/${bucket}`).listForeign()) found.push(path);
    expect(found.sort()).toEqual([...names].sort());
  });

  it('an item in the wrong folder is listed, foreign, and readable; one in both places is read from its own', async () => {
    const bucket = await freshBucket();
    await raw.put('CONFIG', CONFIG);
    await raw.put(`states/00/${idOf('ab')}`, 'misplaced');
    await raw.put(`states/00/${idOf('cd')}`, 'copy');
    await raw.put(`states/cd/${idOf('cd')}`, 'own');
    const store = open(`${server.host}:${server.port}/${bucket}`);
    const sizes = new Map<string, number>();
    for await (const item of store.list('state')) sizes.set(item.id, item.sizeBytes);
    expect(sizes).toEqual(
      new Map([
        [idOf('cd'), 3],
        [idOf('ab'), 9],
      ]),
    );
    expect((await wholeOf(store.read('state', idOf('ab')))).toString()).toBe('misplaced');
    expect((await wholeOf(store.read('state', idOf('cd')))).toString()).toBe('own');
    const foreign: string[] = [];
    for await (const { path } of store.listForeign()) foreign.push(path);
    expect(foreign.sort()).toEqual([`states/00/${idOf('ab')}`, `states/00/${idOf('cd')}`]);
  });

  it('an archived item is neither listed nor foreign, and asking for it says archived', async () => {
    const bucket = await freshBucket();
    await raw.put('CONFIG', CONFIG);
    await raw.put('CONFIG.frozen', CONFIG);
    await raw.put(`packfiles/ab/${idOf('ab')}.frozen`, 'cold');
    const store = open(`${server.host}:${server.port}/${bucket}`);
    for await (const item of store.list('packfile')) expect(item).toBeNull();
    for await (const item of store.listForeign()) expect(item).toBeNull();
    const archived = { code: 'store', fault: 'archived', retryable: false };
    const reads: ((store: WritableStore) => Promise<unknown>)[] = [
      (s) => s.readRange('packfile', idOf('ab'), 0, 1),
      (s) => s.sizeBytes('packfile', idOf('ab')),
      (s) => wholeOf(s.read('packfile', idOf('ab'))),
      (s) => s.remove('packfile', idOf('ab')),
    ];
    for (const read of reads) await expect(read(store)).rejects.toMatchObject(archived);
  });

  it('a missing bucket is no store, is made by create, and is an error elsewhere', async () => {
    buckets += 1;
    const bucket = `layout-${name}-${buckets}`;
    const store = open(`${server.host}:${server.port}/${bucket}/p`);
    await expect(store.readConfig()).rejects.toMatchObject({
      code: 'not-a-store',
      cause: expect.objectContaining({ message: expect.stringContaining('no bucket') }),
    });
    await expect(store.write('state', idOf('1'), Uint8Array.of(1))).rejects.toMatchObject({
      code: 'store',
      message: expect.stringContaining('does not exist'),
    });
    await expect(store.readRange('state', idOf('1'), 0, 1)).rejects.toMatchObject({ code: 'store' });
    await store.create(CONFIG);
    expect(Buffer.from(await store.readConfig()).equals(CONFIG)).toBe(true);
  });

  it('storage class and encryption go with packfiles and states; archive classes are refused', async () => {
    const bucket = await freshBucket();
    const proxy = await httpFaultProxy(server);
    const at = `${proxy.host}:${proxy.port}/${bucket}/p`;
    const store = open(at, { storage_class: 'standard_ia', sse: 'AES256' });
    await store.create(CONFIG);
    await store.write('state', idOf('1'), Uint8Array.of(1));
    await store.write('lock', idOf('2'), Uint8Array.of(1));
    const puts = proxy.seen.filter(({ method, url }) => method === 'PUT' && url.includes('/p/'));
    expect(puts.map(({ headers }) => [headers['x-amz-storage-class'], headers['x-amz-server-side-encryption'], headers['if-none-match']])).toEqual([
      [undefined, 'AES256', '*'],
      ['STANDARD_IA', 'AES256', undefined],
      [undefined, 'AES256', undefined],
    ]);
    for (const { headers } of puts) {
      expect(headers['content-md5']).toMatch(/==$/);
      expect(
        Object.keys(headers).filter((header) => header.startsWith('x-amz-checksum') || header === 'x-amz-sdk-checksum-algorithm' || header === 'expect'),
      ).toEqual([]);
    }
    for (const storage_class of ['GLACIER', 'DEEP_ARCHIVE']) {
      const cold = open(`${server.host}:${server.port}/${bucket}/cold`, { storage_class });
      await expect(cold.create(CONFIG)).rejects.toMatchObject({ code: 'invalid-input', message: expect.stringContaining(storage_class) });
      await expect(cold.write('state', idOf('1'), Uint8Array.of(1))).rejects.toMatchObject({ code: 'invalid-input' });
    }
    await proxy.close();
  });

  it('of creators at the same time one wins where the server knows conditions, and nobody fails where it does not', async () => {
    const bucket = await freshBucket();
    const at = `${server.host}:${server.port}/${bucket}/race`;
    const outcomes = await Promise.allSettled(['one', 'two', 'three'].map((text) => open(at).create(Buffer.from(text))));
    const won = outcomes.filter(({ status }) => status === 'fulfilled').length;
    if (name === 'moto') expect(won).toBe(1);
    else expect(won).toBeGreaterThan(0);
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'invalid-input' });
  });
});

it('pages are asked for one after the other with the token of the one before, and a server that goes round in circles is an error', async () => {
  const server = await startS3Server({ buckets: ['bucket'] });
  const proxy = await httpFaultProxy(server);
  const page = (ids: readonly Mac[], token: string | null) =>
    `<?xml version="1.0"?><ListBucketResult><EncodingType>url</EncodingType><IsTruncated>${token !== null}</IsTruncated>${
      token === null ? '' : `<NextContinuationToken>${token}</NextContinuationToken>`
    }${ids.map((id) => `<Contents><Key>states%2F${id.slice(0, 2)}%2F${id}</Key><Size>7</Size><ETag>"e"</ETag></Contents>`).join('')}</ListBucketResult>`;
  const answer = (body: string) => proxy.fault({ fault: { kind: 'answer', status: 200, body } });
  answer(page([idOf('1'), idOf('2')], 'a/+ b='));
  answer(page([], 'second'));
  answer(page([idOf('3')], null));
  const store = openAt(`s3://127.0.0.1:${proxy.port}/bucket`, { options: keysOf(server) });
  const found: [string, number][] = [];
  for await (const { id } of store.list('state')) found.push([id, proxy.seen.length]);
  expect(found).toEqual([
    [idOf('1'), 1],
    [idOf('2'), 1],
    [idOf('3'), 3],
  ]);
  expect(proxy.seen.map(({ url }) => new URLSearchParams(url.split('?')[1]).get('continuation-token'))).toEqual([null, 'a/+ b=', 'second']);
  for (const { url } of proxy.seen) expect(url).not.toContain('max-keys');
  for (const token of ['round', 'round']) answer(page([idOf('1')], token));
  const circling = async () => {
    for await (const { id } of store.list('state')) expect(id).toBe(idOf('1'));
  };
  await expect(circling()).rejects.toMatchObject({ code: 'store', fault: 'server' });
  await store.close();
  await proxy.close();
  await server.close();
});
