import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { NotFoundError, type ResourceKind, StoreError, type WritableStore } from '@wardrobe/store-connector';
import { contractId as idOf } from '@wardrobe/store-connector/contract';
import { type LineFault, lineProxy, temporaryFolder } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collect, failureOf, IMPATIENT, openStore, whole } from './open-store.js';
import { homeWith, type OpensshServer, opensshAvailable, opensshServer } from './openssh.js';
import type { Patience } from '../src/session.js';
import { madeHostKey, ownServer } from './own-server.js';

const CONFIG = randomBytes(300);
const LARGE = randomBytes(3_000_000);
const [OLD, NEW] = [randomBytes(50_000), randomBytes(60_000)];
const PATIENCE = { ...IMPATIENT, stallMs: 1_200, connectMs: 3_500, retries: 3, firstDelayMs: 50 };

/** A server on this machine: OpenSSH where it is there, else the library's. */
type Behind = {
  readonly port: number;
  readonly root: string;
  readonly username: string;
  readonly home: string;
  readonly options: Readonly<Record<string, string>>;
  stop(): Promise<void>;
};
let behind: Behind;
let openssh: OpensshServer | null = null;

beforeAll(async () => {
  if (opensshAvailable()) {
    openssh = await opensshServer({ settings: ['LoginGraceTime 5'] });
    const home = await homeWith([openssh.knownHost.replace(/^\S+/, '*')]);
    behind = { port: openssh.port, root: openssh.folder, username: openssh.username, home, options: { identity: openssh.key.file }, stop: openssh.stop };
  } else {
    const root = await temporaryFolder('faults');
    const server = await ownServer({ folder: '/', hostKey: madeHostKey() });
    behind = { port: server.port, root, username: 'me', home: root, options: { insecure_ignore_host_key: 'true' }, stop: () => server.close() };
  }
});
afterAll(() => behind.stop());

let made = 0;
/** A store with old items, and how to open it over a port. */
async function newStore(): Promise<{ readonly folder: string; open(port: number, patience?: Patience): WritableStore }> {
  made += 1;
  const folder = join(behind.root, `store${made}`);
  const put = async (path: string, bytes: Uint8Array) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  };
  await put('CONFIG', CONFIG);
  await put(`packfiles/aa/${idOf('a')}`, LARGE);
  await put(`states/bb/${idOf('b')}`, OLD);
  await put(`states/cc/${idOf('c')}`, OLD);
  await put(`locks/${idOf('d')}`, OLD);
  const open = (port: number, patience = PATIENCE) =>
    openStore({ location: `sftp://${behind.username}@127.0.0.1:${port}${folder}`, home: behind.home, options: behind.options, patience });
  return { folder, open };
}

type Operation = { readonly name: string; run(store: WritableStore, folder: string): Promise<void> };

const OPERATIONS: readonly Operation[] = [
  { name: 'readConfig', run: async (store) => expect(CONFIG.equals(await store.readConfig())).toBe(true) },
  { name: 'list', run: async (store) => expect((await collect(store.list('state'))).map(({ id }) => id).sort()).toEqual([idOf('b'), idOf('c')]) },
  { name: 'listForeign', run: async (store) => expect((await collect(store.listForeign())).filter(({ path }) => !path.endsWith('.tmp'))).toEqual([]) },
  { name: 'sizeBytes', run: async (store) => expect(await store.sizeBytes('packfile', idOf('a'))).toBe(LARGE.length) },
  { name: 'read', run: async (store) => expect((await whole(store.read('packfile', idOf('a')))).equals(LARGE)).toBe(true) },
  {
    name: 'readRange',
    run: async (store) => expect(LARGE.subarray(1_000_000, 2_500_000).equals(await store.readRange('packfile', idOf('a'), 1_000_000, 1_500_000))).toBe(true),
  },
  { name: 'write, new', run: (store) => store.write('state', idOf('e'), NEW) },
  { name: 'write, replacing', run: (store) => store.write('state', idOf('b'), NEW) },
  { name: 'write, a lock', run: (store) => store.write('lock', idOf('d'), NEW) },
  {
    name: 'adopt',
    async run(store, folder) {
      await writeFile(`${folder}.local`, LARGE);
      await store.adopt('packfile', idOf('f'), `${folder}.local`);
    },
  },
  { name: 'remove', run: (store) => store.remove('state', idOf('c')) },
];

/** What each item may be afterwards: the first is what it was, null when it may be absent. */
const AFTERWARDS: readonly { readonly kind: ResourceKind; readonly id: string; readonly may: readonly (Buffer | null)[]; readonly changedBy: string }[] = [
  { kind: 'packfile', id: 'a', may: [LARGE], changedBy: '' },
  { kind: 'state', id: 'b', may: [OLD, NEW], changedBy: 'write, replacing' },
  { kind: 'state', id: 'c', may: [OLD, null], changedBy: 'remove' },
  { kind: 'state', id: 'e', may: [null, NEW], changedBy: 'write, new' },
  { kind: 'lock', id: 'd', may: [OLD, NEW], changedBy: 'write, a lock' },
  { kind: 'packfile', id: 'f', may: [null, LARGE], changedBy: 'adopt' },
];

/** Looks at each item over a line without faults: it is as it was or as it was to be, and as it was to be when the operation said so. */
async function mustBeWhole(store: WritableStore, operation: string, done: boolean): Promise<void> {
  for (const { kind, id, may, changedBy } of AFTERWARDS) {
    const found = await whole(store.read(kind, idOf(id))).catch((error: unknown) => {
      if (error instanceof NotFoundError) return null;
      throw error;
    });
    const allowed = operation !== changedBy ? may.slice(0, 1) : done ? may.slice(1) : may;
    expect(allowed.some((bytes) => (bytes === null ? found === null : found?.equals(bytes) === true))).toBe(true);
  }
}

type Outcome = 'right' | NonNullable<StoreError['fault']>;
type Cell = { readonly operation: string; readonly outcome: Outcome; readonly retries: number };

/** One operation over a line that has stood before the fault came. */
async function cell({ name, run }: Operation, fault: LineFault): Promise<Cell> {
  const { folder, open } = await newStore();
  const proxy = await lineProxy({ port: behind.port });
  const store = open(proxy.port);
  try {
    await store.readConfig();
    await proxy.fault(fault);
    const outcome = await run(store, folder).then(
      (): Outcome => 'right',
      (error: unknown): Outcome => {
        if (!(error instanceof StoreError) || error.fault === undefined) throw error;
        expect(error.retryable).toBe(true);
        return error.fault;
      },
    );
    await proxy.fault(null);
    const again = open(behind.port);
    await mustBeWhole(again, name, outcome === 'right');
    await again.close();
    return { operation: name, outcome, retries: store.line?.().retries ?? 0 };
  } finally {
    await store.close();
    await proxy.close();
  }
}

const FAULTS: readonly { readonly name: string; readonly fault: LineFault; readonly outcomes: readonly Outcome[] }[] = [
  { name: 'refused', fault: { kind: 'refused' }, outcomes: ['route', 'line'] },
  { name: 'reset once', fault: { kind: 'reset', afterBytes: 100, times: 1 }, outcomes: ['right'] },
  { name: 'reset in mid-transfer', fault: { kind: 'reset', afterBytes: 1_000_000, times: 1 }, outcomes: ['right'] },
  { name: 'reset always', fault: { kind: 'reset', afterBytes: 20 }, outcomes: ['line'] },
  { name: 'stalled', fault: { kind: 'stalled' }, outcomes: ['timeout'] },
  { name: 'slow, 1 B/s', fault: { kind: 'slow' }, outcomes: ['timeout'] },
];

describe('faults of the line', () => {
  it.each(FAULTS)('$name: every operation gives the right answer or says that it is the line, and no item is half', async ({ name, fault, outcomes }) => {
    const cells = await Promise.all(OPERATIONS.map((operation) => cell(operation, fault)));
    const counts = new Map<string, number>();
    for (const { outcome } of cells) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    const retries = cells.reduce((sum, found) => sum + found.retries, 0);
    process.stdout.write(
      `sftp faults | ${name.padEnd(22)} | ${[...counts]
        .map(([outcome, count]) => `${count} ${outcome}`)
        .join(', ')
        .padEnd(20)} | ${retries} retries\n`,
    );
    expect(cells.filter(({ outcome }) => !outcomes.includes(outcome))).toEqual([]);
  });
});

/** A small disk of its own, where this user may make one. */
const SMALL_DISK = process.platform === 'linux' && spawnSync('unshare', ['-m', 'true']).status === 0;

if (opensshAvailable() && SMALL_DISK) {
  it('a disk that is full is a DiskFullError, and the item is absent', async () => {
    const disk = await temporaryFolder('disk');
    const before = `exec unshare -m sh -c 'mount -t tmpfs -o size=4m,mode=700 tmpfs ${disk} && exec "$@"' sh`;
    const server = await opensshServer({ before });
    const home = await homeWith([server.knownHost]);
    const store = openStore({ location: `sftp://${server.username}@127.0.0.1:${server.port}${disk}/store`, home, options: { identity: server.key.file } });
    try {
      await store.create(CONFIG);
      await store.write('state', idOf('b'), OLD);
      await writeFile(join(home, 'large'), new Uint8Array(6 << 20));
      await expect(store.adopt('packfile', idOf('f'), join(home, 'large'))).rejects.toMatchObject({ code: 'disk-full' });
      await expect(store.sizeBytes('packfile', idOf('f'))).rejects.toMatchObject({ code: 'not-found' });
      await store.close();
      expect(await collect(store.listForeign())).toEqual([]);
      await store.write('state', idOf('b'), NEW);
      expect((await whole(store.read('state', idOf('b')))).equals(NEW)).toBe(true);
    } finally {
      await store.close();
      await server.stop();
    }
  });
}

if (opensshAvailable()) {
  describe('a server that goes down', () => {
    it('and comes back in mid-operation: every operation gives the right answer', async () => {
      const server = openssh as OpensshServer;
      const places = await Promise.all(
        OPERATIONS.map(async (operation) => {
          const { folder, open } = await newStore();
          const store = open(behind.port, { ...PATIENCE, retries: 9 });
          await store.readConfig();
          return { operation, folder, store, open };
        }),
      );
      await server.stop();
      const running = Promise.all(places.map(({ operation, store, folder }) => operation.run(store, folder)));
      // Its failure is seen below.
      running.catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 300));
      await server.start();
      await running;
      let retries = 0;
      for (const { operation, store, open } of places) {
        await mustBeWhole(open(behind.port), operation.name, true);
        retries += store.line?.().retries ?? 0;
        await store.close();
      }
      expect(retries).toBeGreaterThan(0);
      process.stdout.write(`sftp faults | ${'restart'.padEnd(22)} | ${`${places.length} right`.padEnd(20)} | ${retries} retries\n`);
    });

    it.each(['read', 'adopt'] as const)('in the middle of a transfer (%s) and comes back: the transfer goes on', async (way) => {
      const server = openssh as OpensshServer;
      const { folder, open } = await newStore();
      const proxy = await lineProxy({ port: behind.port }, { bytesPerSecond: 1_000_000 });
      const store = open(proxy.port);
      await store.readConfig();
      const begun = proxy.figures();
      const transfer = OPERATIONS.find(({ name }) => name === way)?.run(store, folder);
      transfer?.catch(() => undefined);
      const moved = () => (way === 'read' ? proxy.figures().bytesDown - begun.bytesDown : proxy.figures().bytesUp - begun.bytesUp);
      while (moved() < 500_000) await new Promise((resolve) => setTimeout(resolve, 5));
      await server.stop();
      await server.start();
      await transfer;
      expect(store.line?.().retries).toBeGreaterThan(0);
      await mustBeWhole(open(behind.port), way, true);
      await Promise.all([store.close(), proxy.close()]);
    });

    it('for good in mid-write: the item is absent, the local file is there, and what is left is named as temporary', async () => {
      const server = openssh as OpensshServer;
      const { folder, open } = await newStore();
      const proxy = await lineProxy({ port: behind.port }, { bytesPerSecond: 1_000_000 });
      const store = open(proxy.port);
      await store.readConfig();
      const begun = proxy.figures().bytesUp;
      const failing = failureOf(OPERATIONS.find(({ name }) => name === 'adopt')?.run(store, folder) ?? Promise.resolve());
      while (proxy.figures().bytesUp - begun < 500_000) await new Promise((resolve) => setTimeout(resolve, 5));
      await server.stop();
      expect(await failing).toMatchObject({ code: 'store', retryable: true });
      await Promise.all([store.close(), proxy.close()]);
      expect((await readFile(`${folder}.local`)).equals(LARGE)).toBe(true);
      await server.start();
      const again = open(behind.port);
      await mustBeWhole(again, 'adopt', false);
      await expect(again.sizeBytes('packfile', idOf('f'))).rejects.toMatchObject({ code: 'not-found' });
      const left = (await readdir(join(folder, 'packfiles', 'ff'))).filter((name) => name.endsWith('.tmp'));
      expect((await collect(again.listForeign())).map(({ path }) => path).sort()).toEqual(left.map((name) => `packfiles/ff/${name}`).sort());
      await again.close();
    });
  });
}
