import { readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkSnapshots, checkStore, openRepository, type Repository } from '@wardrobe/kloset';
import type { Mac } from '@wardrobe/kloset-model';
import { temporaryFolder } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { archiveOf, contentsOf, headersOf, openFixture, openPtar, type WebServer, webServer } from './archive-kit.js';

let folder: string;
let source: Repository;
let archive: string;
let web: WebServer;

beforeAll(async () => {
  folder = await temporaryFolder('ptar');
  source = await openFixture('v11-plain-desync');
  archive = join(folder, 'all.ptar');
  await archiveOf(source, archive);
  web = await webServer(archive);
});
afterAll(() => web.close());

describe('an archive', () => {
  it.each([
    ['plain', {}],
    ['encrypted with a passphrase of its own', { passphrase: 'archive ü' }],
    ['without compression, SHA256', { compression: null, hashing: 'SHA256' }],
  ] as const)('%s holds the snapshots under their ids, whole, and nothing else lies beside it', async (name, more) => {
    const place = await temporaryFolder('ptar-made');
    const path = join(place, 'x.ptar');
    const { sizeBytes, snapshots } = await archiveOf(source, path, more);
    expect((await stat(path)).size).toBe(sizeBytes);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(place)).toEqual(['x.ptar']);
    const made = await openRepository(openPtar(path), 'passphrase' in more ? { passphrase: more.passphrase } : {});
    expect(made.encrypted).toBe(name.startsWith('encrypted'));
    expect(made.config).toMatchObject({ compression: 'compression' in more ? null : 'LZ4', packfileMaxSize: 2n ** 64n - 1n });
    const [ours, theirs] = [await headersOf(made), await headersOf(source)];
    expect(ours.map(({ id }) => id)).toEqual(theirs.map(({ id }) => id));
    expect(snapshots.length).toBe(theirs.length);
    for (const { id } of theirs) expect(await contentsOf(made, id)).toEqual(await contentsOf(source, id));
    for await (const problem of checkSnapshots(made, { snapshots: theirs.map(({ id }) => id) })) throw problem.error;
    await made.close();
  });

  it('is in order as a store: its packfile is known, nothing is lost, lying about or hidden', async () => {
    const made = await openRepository(openPtar(archive));
    for await (const problem of checkStore(made, {})) throw new Error(JSON.stringify(problem));
    expect((await made.orphans()).packfiles).toEqual([]);
    expect(await made.hidden({ nowMs: Date.now() })).toEqual([]);
    await made.close();
  });

  it('is refused, without touching what is there, where a file lies', async () => {
    const path = join(folder, 'there.ptar');
    await writeFile(path, 'mine');
    await expect(archiveOf(source, path)).rejects.toMatchObject({ code: 'invalid-input', message: expect.stringContaining('there already') });
    expect(await readFile(path, 'utf8')).toBe('mine');
    await archiveOf(source, path, { overwrite: true });
    expect((await stat(path)).size).toBeGreaterThan(1000);
  });

  it('is not there at all when making it was stopped', async () => {
    const place = await temporaryFolder('ptar-stopped');
    const reason = new Error('stopped');
    for (const phase of ['contents', 'trees', 'finish', 'proof']) {
      const controller = new AbortController();
      const onProgress = (progress: { readonly phase: string }) => {
        if (progress.phase === phase) controller.abort(reason);
      };
      await expect(archiveOf(source, join(place, 'x.ptar'), { signal: controller.signal, onProgress })).rejects.toBe(reason);
      expect(await readdir(place)).toEqual([]);
    }
  });

  it('is never changed', async () => {
    const store = openPtar(archive);
    const id = 'ab'.repeat(32) as Mac;
    const changes = [
      store.create(new Uint8Array(1)),
      store.write('state', id, new Uint8Array(1)),
      store.adopt('state', id, archive),
      store.remove('state', id),
    ];
    for (const change of changes) await expect(change).rejects.toMatchObject({ code: 'read-only' });
    await store.close();
    await store.close();
    expect(store.localPath).toBeUndefined();
  });
});

describe('what is no whole archive', () => {
  const copied = async (change: (bytes: Buffer) => Buffer): Promise<string> => {
    const path = join(folder, 'spoiled.ptar');
    await writeFile(path, change(await readFile(archive)));
    return path;
  };
  it('is refused with a sentence at any length', async () => {
    const path = await copied((bytes) => bytes);
    const { size } = await stat(path);
    for (const length of [size - 1, size - 47, size - 48, size - 49, size >> 1, 400, 60, 59, 13, 12, 11, 1, 0]) {
      await truncate(path, length);
      await expect(openPtar(path).readConfig()).rejects.toMatchObject({ code: 'store', message: expect.stringMatching(/cannot be opened: .{20}/) });
    }
  });

  it.each([
    ['foreign bytes', (bytes: Buffer) => Buffer.concat([Buffer.from('PK'), bytes.subarray(2)]), 'no ptar archive'],
    ['a version to come', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, 8), Buffer.from([0, 0, 2, 0]), bytes.subarray(12)]), 'newer than this program'],
    ['something behind it', (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(9)]), 'was cut, has something behind it'],
    ['a trailer of huge numbers', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -48), Buffer.alloc(48, 0xff)]), 'was cut'],
    ['a trailer of nothing', (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -48), Buffer.alloc(48)]), 'was cut'],
  ])('%s: refused', async (_name, change, said) => {
    await expect(openPtar(await copied(change)).readConfig()).rejects.toMatchObject({ code: 'store', message: expect.stringContaining(said) });
  });

  it('no file, or a folder, is no store', async () => {
    await expect(openPtar(join(folder, 'absent.ptar')).readConfig()).rejects.toMatchObject({ code: 'not-a-store' });
    await expect(openPtar(`ptar:${folder}`).readConfig()).rejects.toMatchObject({ code: 'not-a-store' });
  });

  it('damage inside is found and named, not shown', async () => {
    const path = await copied((bytes) => {
      bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
      return bytes;
    });
    const made = await openRepository(openPtar(path));
    const problems: unknown[] = [];
    for await (const problem of checkStore(made, {})) problems.push(problem);
    expect(problems.length).toBeGreaterThan(0);
    await made.close();
  });
});

describe('over HTTP', () => {
  it('it reads as from a disk, in exact ranges', async () => {
    web.asked.length = 0;
    const made = await openRepository(openPtar(web.url));
    expect(web.asked[0]).toBe('HEAD');
    expect(web.asked.length).toBeLessThanOrEqual(6);
    const [header] = await headersOf(made);
    if (header === undefined) throw new Error('no snapshot');
    expect(await contentsOf(made, header.id)).toEqual(await contentsOf(source, header.id));
    expect(web.asked.slice(1).every((line) => /^GET bytes=\d+-\d+$/.test(line))).toBe(true);
    expect(made.store.line?.()).toMatchObject({ retries: 0, requests: web.asked.length });
    await made.close();
  });

  it.each([
    ['no file', 404, { code: 'not-a-store' }],
    ['a locked one', 403, { code: 'store', fault: 'credentials' }],
    ['a server that fails', 500, { code: 'store', fault: 'server' }],
    ['one that is busy', 503, { code: 'store', fault: 'throttled' }],
  ])('%s', async (_name, status, expected) => {
    web.spoil = (_request, response) => {
      response.writeHead(status).end();
      return true;
    };
    await expect(openPtar(web.url).readConfig()).rejects.toMatchObject(expected);
    web.spoil = null;
  });

  it.each(['a broken line', 'a busy server'])('%s that comes to itself is borne', async (name) => {
    let left = 2;
    web.spoil = (_request, response) => {
      left -= 1;
      if (left < 0) return false;
      if (name === 'a broken line') response.destroy();
      else response.writeHead(503).end();
      return true;
    };
    const store = openPtar(web.url);
    expect((await store.readConfig()).length).toBeGreaterThan(100);
    // Beside the size, the head is asked for.
    expect(store.line?.().retries).toBeGreaterThan(0);
    web.spoil = null;
    await store.close();
  });

  it('a server without ranges, one of wrong ranges, and one that is silent are refused', async () => {
    const spoiled = async (spoil: WebServer['spoil']) => {
      web.spoil = spoil;
      const failure: unknown = await openPtar(web.url, { timeout_seconds: '1' })
        .readConfig()
        .catch((error: unknown) => error);
      web.spoil = null;
      return failure;
    };
    const get =
      (answer: (response: Parameters<NonNullable<WebServer['spoil']>>[1]) => void): WebServer['spoil'] =>
      (request, response) => {
        if (request.method === 'HEAD') return false;
        answer(response);
        return true;
      };
    expect(await spoiled(get((response) => response.writeHead(200).end('everything')))).toMatchObject({
      fault: 'server',
      message: expect.stringContaining('no ranges'),
    });
    expect(await spoiled(get((response) => response.writeHead(206, { 'content-range': 'bytes 1-12/99' }).end('x'.repeat(12))))).toMatchObject({
      fault: 'server',
    });
    expect(await spoiled(get((response) => response.writeHead(302, { location: '/x.ptar' }).end()))).toMatchObject({
      message: expect.stringContaining('without end'),
    });
    expect(await spoiled(() => true)).toMatchObject({ fault: 'timeout' });
  });
});
