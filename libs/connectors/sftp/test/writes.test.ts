import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { WritableStore } from '@wardrobe/store-connector';
import { contractId as idOf } from '@wardrobe/store-connector/contract';
import { temporaryFolder } from '@wardrobe/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { collect, failureOf, openStore, whole } from './open-store.js';
import { type Extension, madeHostKey, type OwnServer, ownServer } from './own-server.js';

const HOST_KEY = madeHostKey();
const ALL: readonly Extension[] = ['posix-rename@openssh.com', 'fsync@openssh.com', 'statvfs@openssh.com'];
const [OLD, NEW] = [Uint8Array.of(1, 2, 3), Uint8Array.of(9, 8, 7, 6)];
const FAILURE = { status: 4 };

/** Two servers on folders of their own, and a store on each; made once, because making a store is long. */
type Bench = { server: OwnServer; folder: string; store: WritableStore };
let [full, bare] = [{} as Bench, {} as Bench];

async function bench(extensions: readonly Extension[]): Promise<Bench> {
  const root = await temporaryFolder('writes');
  const server = await ownServer({ folder: root, hostKey: HOST_KEY, extensions });
  const store = openStore({ location: `sftp://me@127.0.0.1:${server.port}/store`, home: root, options: { insecure_ignore_host_key: 'true' } });
  await store.create(OLD);
  return { server, folder: join(root, 'store'), store };
}

beforeAll(async () => {
  [full, bare] = await Promise.all([bench(ALL), bench([])]);
});
afterAll(() => Promise.all([full, bare].map(({ store, server }) => store.close().then(() => server.close()))));
beforeEach(() => {
  for (const { server } of [full, bare]) {
    server.inject(null);
    server.freeBytes = 1 << 30;
  }
});

const leftovers = async ({ folder }: Bench) => ((await readdir(folder, { recursive: true })) as string[]).filter((name) => name.endsWith('.tmp'));
const packfile = ({ folder }: Bench, digits: string) => join(folder, 'packfiles', digits.slice(0, 2), idOf(digits));
const once = (operation: string, instead: ReturnType<Parameters<OwnServer['inject']>[0] & object>) => {
  let left = 1;
  return (asked: string) => (asked === operation && left-- > 0 ? instead : null);
};

describe('replacing without a rename that replaces', () => {
  it('moves the old file aside, puts the new one in place and removes the old', async () => {
    await bare.store.write('lock', idOf('a1'), OLD);
    await bare.store.write('lock', idOf('a1'), NEW);
    expect(new Uint8Array(await readFile(join(bare.folder, 'locks', idOf('a1'))))).toEqual(NEW);
    expect(await leftovers(bare)).toEqual([]);
  });

  it('puts the old file back when the new one cannot take its place', async () => {
    await bare.store.write('packfile', idOf('a2'), OLD);
    let renames = 0;
    bare.server.inject((operation) => {
      if (operation === 'RENAME') renames += 1;
      return operation === 'RENAME' && renames === 3 ? FAILURE : null;
    });
    await expect(bare.store.write('packfile', idOf('a2'), NEW)).rejects.toMatchObject({ code: 'store', fault: 'server' });
    expect(new Uint8Array(await readFile(packfile(bare, 'a2')))).toEqual(OLD);
  });

  it('is done again on a new line when the line breaks between the steps', async () => {
    await bare.store.write('packfile', idOf('a3'), OLD);
    let renames = 0;
    bare.server.inject((operation) => {
      if (operation === 'RENAME') renames += 1;
      return operation === 'RENAME' && renames === 2 ? 'cut-after' : null;
    });
    await bare.store.write('packfile', idOf('a3'), NEW);
    expect(new Uint8Array(await readFile(packfile(bare, 'a3')))).toEqual(NEW);
  });

  it('a lock that the server says it has replaced, and has not, is an error', async () => {
    await full.store.write('lock', idOf('a4'), OLD);
    full.server.inject((operation) => (operation === 'POSIX-RENAME' ? { status: 0 } : null));
    await expect(full.store.write('lock', idOf('a4'), NEW)).rejects.toMatchObject({
      code: 'store',
      fault: 'server',
      message: expect.stringContaining('other bytes'),
    });
  });
});

describe('answers that are lost with the line', () => {
  it.each(['OPEN', 'WRITE', 'FSYNC', 'CLOSE', 'POSIX-RENAME'])('to %s: the item is written whole', async (operation) => {
    for (const instead of ['cut', 'cut-after'] as const) {
      full.server.inject(once(operation, instead));
      await full.store.write('state', idOf('b1'), instead === 'cut' ? OLD : NEW);
      expect(await whole(full.store.read('state', idOf('b1')))).toEqual(Buffer.from(instead === 'cut' ? OLD : NEW));
    }
  });

  it('to a removal: it counts as done', async () => {
    await full.store.write('state', idOf('b2'), OLD);
    full.server.inject(once('REMOVE', 'cut-after'));
    await full.store.remove('state', idOf('b2'));
    await expect(full.store.remove('state', idOf('b2'))).rejects.toMatchObject({ code: 'not-found' });
  });

  it('to the making of a store: it is made, and not by somebody else', async () => {
    const open = () =>
      openStore({ location: `sftp://me@127.0.0.1:${full.server.port}/made`, home: full.folder, options: { insecure_ignore_host_key: 'true' } });
    const store = open();
    let renamed = false;
    full.server.inject((operation) => {
      if (operation !== 'RENAME' || renamed) return null;
      renamed = true;
      return 'cut-after';
    });
    await store.create(NEW);
    expect(await store.readConfig()).toEqual(NEW);
    await expect(open().create(OLD)).rejects.toMatchObject({ code: 'invalid-input' });
    await store.close();
    expect((await readdir(join(full.folder, '..', 'made'))).sort()).toEqual(['CONFIG', 'locks', 'packfiles', 'states']);
  });

  it('while a first connection is set up: it is tried again', async () => {
    const store = openStore({ location: `sftp://me@127.0.0.1:${full.server.port}/store`, home: full.folder, options: { insecure_ignore_host_key: 'true' } });
    full.server.hangUp(2);
    expect(new Uint8Array(await store.readConfig())).toEqual(OLD);
    expect(store.line?.().retries).toBe(2);
    await store.close();
    full.server.hangUp(9);
    await expect(store.readConfig()).rejects.toMatchObject({ code: 'store', fault: 'line' });
    full.server.hangUp(0);
    await store.close();
  });

  it('without end are a StoreError of the line', async () => {
    full.server.inject((operation) => (operation === 'LSTAT' || operation === 'STAT' ? 'cut' : null));
    await expect(full.store.sizeBytes('state', idOf('b3'))).rejects.toMatchObject({ code: 'store', fault: 'line', retryable: true });
  });

  it('because the server is silent are a StoreError of time', async () => {
    full.server.inject((operation) => (operation === 'STAT' ? 'silence' : null));
    const error = await failureOf(full.store.sizeBytes('state', idOf('b3')));
    expect(error).toMatchObject({ code: 'store', fault: 'timeout', retryable: true });
    expect(error.message).toMatch(/has not answered for \d+ s/);
  });
});

describe('what a server refuses', () => {
  it('a full disk is told from other failures by asking for the free space', async () => {
    full.server.inject((operation) => (operation === 'WRITE' ? FAILURE : null));
    await expect(full.store.write('state', idOf('c1'), OLD)).rejects.toMatchObject({ code: 'store', fault: 'server' });
    full.server.freeBytes = 4096;
    await expect(full.store.write('state', idOf('c1'), OLD)).rejects.toMatchObject({ code: 'disk-full' });
    expect(await collect(full.store.list('state'))).not.toContainEqual(expect.objectContaining({ id: idOf('c1') }));
    bare.server.inject((operation) => (operation === 'WRITE' ? { status: 4, message: 'No space left on device' } : null));
    await expect(bare.store.write('state', idOf('c1'), OLD)).rejects.toMatchObject({ code: 'disk-full' });
  });

  it.each(['OPEN', 'POSIX-RENAME'])('a permission for %s is a PermissionError', async (operation) => {
    full.server.inject((asked) => (asked === operation ? { status: 3, message: 'Permission denied' } : null));
    await expect(full.store.write('state', idOf('c2'), OLD)).rejects.toMatchObject({ code: 'permission' });
  });

  it('leaves no temporary file behind', async () => {
    full.server.inject((operation) => (operation === 'POSIX-RENAME' ? FAILURE : null));
    await failureOf(full.store.write('state', idOf('c3'), OLD));
    full.server.inject(null);
    await full.store.close();
    expect((await leftovers(full)).filter((name) => name.includes(idOf('c3')))).toEqual([]);
  });
});

describe('places', () => {
  it('temporary files of locks lie in the root, of others beside them', async () => {
    const opened: string[] = [];
    full.server.inject((operation, path) => {
      if (operation === 'OPEN') opened.push(path);
      return null;
    });
    await full.store.write('lock', idOf('d1'), OLD);
    await full.store.write('state', idOf('d1'), OLD);
    const written = opened.filter((path) => path.endsWith('.tmp'));
    expect(written).toEqual([
      expect.stringMatching(/^\/store\/(d1){32}\.[0-9a-f]+\.tmp$/),
      expect.stringMatching(/^\/store\/states\/d1\/(d1){32}\.[0-9a-f]+\.tmp$/),
    ]);
  });

  it('a bucket that is missing is made, in a store that is there', async () => {
    await rm(join(full.folder, 'states', 'e1'), { recursive: true });
    await rm(join(full.folder, 'locks'), { recursive: true });
    expect(await collect(full.store.list('lock'))).toEqual([]);
    await full.store.write('state', idOf('e1'), OLD);
    await full.store.write('lock', idOf('e1'), OLD);
    expect(await full.store.sizeBytes('state', idOf('e1'))).toBe(3);
    await rename(join(full.folder, 'CONFIG'), join(full.folder, 'gone'));
    await rm(join(full.folder, 'states', 'e2'), { recursive: true });
    await expect(full.store.write('state', idOf('e2'), OLD)).rejects.toMatchObject({ code: 'store', message: expect.stringContaining('not there any more') });
    await expect(full.store.sizeBytes('state', idOf('e2'))).rejects.toMatchObject({ code: 'store', message: expect.stringContaining('not there any more') });
    await rename(join(full.folder, 'gone'), join(full.folder, 'CONFIG'));
    expect(await readdir(join(full.folder, 'states'))).not.toContain('e2');
  });

  it('an item in the wrong bucket is listed once, read where it lies, and named as misplaced', async () => {
    for (const [bucket, digits] of [
      ['f2', 'f1'],
      ['strange', 'f1'],
      ['f2', 'f3'],
    ] as const) {
      await mkdir(join(bare.folder, 'states', bucket), { recursive: true });
      await writeFile(join(bare.folder, 'states', bucket, idOf(digits)), NEW);
    }
    await bare.store.write('state', idOf('f3'), OLD);
    await writeFile(join(bare.folder, 'states', 'f2', 'readme.txt'), 'x');
    await rm(join(bare.folder, 'states', 'f4'), { recursive: true });
    await writeFile(join(bare.folder, 'states', 'f4'), 'a file where a bucket belongs');
    expect(new Uint8Array(await bare.store.readRange('state', idOf('f1'), 1, 2))).toEqual(Uint8Array.of(8, 7));
    const states = (await collect(bare.store.list('state'))).filter(({ id }) => id.startsWith('f'));
    expect(states.map(({ id, sizeBytes }) => [id, sizeBytes]).sort()).toEqual([
      [idOf('f1'), 4],
      [idOf('f3'), 3],
    ]);
    const foreign = (await collect(bare.store.listForeign())).map(({ path }) => path).filter((path) => path.startsWith('states/'));
    expect(foreign.sort()).toEqual(
      ['states/f2/readme.txt', `states/f2/${idOf('f1')}`, `states/f2/${idOf('f3')}`, 'states/f4', `states/strange/${idOf('f1')}`].sort(),
    );
    await rm(join(bare.folder, 'states', 'f2', idOf('f1')));
    await rm(join(bare.folder, 'states', 'strange', idOf('f1')));
    await expect(bare.store.readRange('state', idOf('f1'), 0, 1)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('a percent sign is tried as written, then decoded; no store is made under such a path', async () => {
    const open = (path: string) =>
      openStore({ location: `sftp://me@127.0.0.1:${full.server.port}/${path}`, home: full.folder, options: { insecure_ignore_host_key: 'true' } });
    const make = async (name: string, config: Uint8Array) => {
      await mkdir(join(full.folder, '..', name));
      await writeFile(join(full.folder, '..', name, 'CONFIG'), config);
    };
    await make('a b', OLD);
    const decoded = open('a%20b');
    expect(new Uint8Array(await decoded.readConfig())).toEqual(OLD);
    await make('a%20b', NEW);
    const raw = open('a%20b');
    expect(new Uint8Array(await raw.readConfig())).toEqual(NEW);
    const [made, there, file] = [open('c%20d'), open('a%20b'), open('store/CONFIG')];
    await expect(made.create(OLD)).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(there.create(OLD)).rejects.toMatchObject({ code: 'invalid-input' });
    await expect(file.readConfig()).rejects.toMatchObject({ code: 'not-a-store' });
    await Promise.all([decoded, raw, made, there, file].map((store) => store.close()));
  });
});

describe('packfiles that are read in ranges', () => {
  it('are opened once for many ranges, also at the same time, and anew when their handle or the line is lost, or they were replaced', async () => {
    const read = (offset: number) => full.store.readRange('packfile', idOf('9a'), offset, 2);
    await full.store.write('packfile', idOf('9a'), Uint8Array.of(1, 2, 3, 4, 5));
    full.server.counts.clear();
    expect((await Promise.all([read(0), read(1), read(3)])).map((bytes) => bytes[0])).toEqual([1, 2, 4]);
    expect((await read(2))[0]).toBe(3);
    expect(full.server.counts.get('OPEN')).toBe(1);
    full.server.inject(once('READ', FAILURE));
    expect((await read(2))[0]).toBe(3);
    expect(full.server.counts.get('OPEN')).toBe(2);
    full.server.inject(once('READ', 'cut'));
    expect((await read(2))[0]).toBe(3);
    expect(full.server.counts.get('OPEN')).toBe(3);
    await full.store.write('packfile', idOf('9a'), Uint8Array.of(6, 7, 8));
    expect([...(await read(0))]).toEqual([6, 7]);
    await expect(read(2)).rejects.toMatchObject({ code: 'store', message: expect.stringContaining('ended after 1 of 2 bytes') });
    await full.store.remove('packfile', idOf('9a'));
    await expect(read(0)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('one of several readers may stop', async () => {
    await full.store.write('packfile', idOf('9b'), NEW);
    full.server.inject((operation) => (operation === 'READ' ? 'silence' : null));
    const controller = new AbortController();
    const reason = new Error('stopped');
    const stopped = failureOf(full.store.readRange('packfile', idOf('9b'), 0, 1, { signal: controller.signal }));
    controller.abort(reason);
    expect(await stopped).toBe(reason);
    full.server.inject(null);
    expect([...(await full.store.readRange('packfile', idOf('9b'), 0, 2))]).toEqual([9, 8]);
  });
});

describe('a slow side', () => {
  it('holds the writer back: no more than 64 requests are under way, and a stop works at once', async () => {
    const file = join(full.folder, '..', 'large');
    await writeFile(file, new Uint8Array(16 << 20));
    full.server.inject((operation) => (operation === 'WRITE' ? 'silence' : null));
    full.server.counts.clear();
    const controller = new AbortController();
    const reason = new Error('stopped');
    const adopting = failureOf(full.store.adopt('packfile', idOf('aa'), file, { signal: controller.signal }));
    while ((full.server.counts.get('WRITE') ?? 0) < 64) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(full.server.counts.get('WRITE')).toBe(64);
    controller.abort(reason);
    expect(await adopting).toBe(reason);
    expect((await readFile(file)).length).toBe(16 << 20);
    full.server.inject(null);
    await full.store.close();
    expect((await leftovers(full)).filter((name) => name.includes(idOf('aa')))).toEqual([]);
    await full.store.adopt('packfile', idOf('aa'), file);
    expect(await full.store.sizeBytes('packfile', idOf('aa'))).toBe(16 << 20);
  });

  it('three files at once have no more under way than the server lets the channel carry: 2 MiB and a little', async () => {
    const files = ['c7', 'c8', 'c9'];
    for (const name of files) await writeFile(join(full.folder, '..', name), new Uint8Array(4 << 20));
    full.server.inject((operation) => (operation === 'WRITE' ? 'silence' : null));
    full.server.counts.clear();
    const controller = new AbortController();
    const reason = new Error('stopped');
    const { signal } = controller;
    const adopting = files.map((name) => failureOf(full.store.adopt('packfile', idOf(name), join(full.folder, '..', name), { signal })));
    while ((full.server.counts.get('WRITE') ?? 0) < 66) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(full.server.counts.get('WRITE')).toBeLessThanOrEqual(68);
    controller.abort(reason);
    expect(await Promise.all(adopting)).toEqual([reason, reason, reason]);
    full.server.inject(null);
    await full.store.close();
  });

  it('of the server’s disk is not waited for before its size is asked and the file is closed', async () => {
    full.server.inject((operation) => (operation === 'FSYNC' ? 'silence' : null));
    full.server.counts.clear();
    const controller = new AbortController();
    const writing = failureOf(full.store.write('state', idOf('ca'), NEW, { signal: controller.signal }));
    await expect.poll(() => ['FSTAT', 'CLOSE'].map((operation) => full.server.counts.get(operation))).toEqual([1, 1]);
    expect(full.server.counts.get('POSIX-RENAME')).toBeUndefined();
    controller.abort(new Error('stopped'));
    await writing;
    full.server.inject(null);
    await full.store.close();
  });

  it('a reader that takes one piece and waits has asked for two MB, not for the file', async () => {
    full.server.counts.clear();
    const pieces = full.store.read('packfile', idOf('aa'))[Symbol.asyncIterator]();
    await pieces.next();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(full.server.counts.get('READ')).toBeLessThanOrEqual(9 * 8);
    await pieces.return?.();
  });

  it('a stop is rethrown as it came while a connection is made, and harms nobody else who waits for it', async () => {
    const store = openStore({ location: `sftp://me@127.0.0.1:${full.server.port}/store`, home: full.folder, options: { insecure_ignore_host_key: 'true' } });
    const controller = new AbortController();
    const reason = new Error('stopped');
    const [stopped, other] = [failureOf(store.readConfig({ signal: controller.signal })), store.readConfig()];
    controller.abort(reason);
    expect(await stopped).toBe(reason);
    expect(new Uint8Array(await other)).toEqual(OLD);
    await store.close();
  });

  it('figures count requests, bytes and retries', async () => {
    const store = openStore({ location: `sftp://me@127.0.0.1:${full.server.port}/store`, home: full.folder, options: { insecure_ignore_host_key: 'true' } });
    await store.write('state', idOf('ab'), NEW);
    full.server.inject(once('READ', 'cut'));
    await store.readRange('state', idOf('ab'), 0, 4);
    await store.close();
    const figures = store.line?.();
    expect(figures).toMatchObject({ retries: 1, bytesRead: 4, bytesWritten: 4 });
    expect(figures?.requests).toBeGreaterThan(6);
    expect(figures?.meanLatencyMs).toBeGreaterThan(0);
  });
});
