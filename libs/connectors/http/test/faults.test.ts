import { randomBytes } from 'node:crypto';
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fsStore } from '@wardrobe/connector-fs';
import type { Mac } from '@wardrobe/kloset-model';
import { KlosetError, type WritableStore } from '@wardrobe/store-connector';
import { type HttpFault, httpFaultProxy, type HttpFaultProxy, lineProxy } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openHttp, type Served, serveFolder } from './serve.js';

const ID = 'ab'.repeat(32) as Mac;
const CONFIG = Buffer.from('_KLOSET_ and more');
const PACKFILE = randomBytes(300_000);
const STATE = randomBytes(20_000);

type Operation = { readonly name: string; readonly run: (store: WritableStore, kit: Kit) => Promise<unknown>; readonly expected: unknown };
/** `made`: the id of what the operation makes. */
type Kit = { readonly served: Served; readonly folder: string; readonly made: Mac };

const bytesOf = async (pieces: AsyncIterable<Uint8Array>): Promise<string> => {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all).toString('hex');
};

const OPERATIONS: readonly Operation[] = [
  { name: 'config', run: async (store) => Buffer.from(await store.readConfig()).toString(), expected: CONFIG.toString() },
  {
    name: 'list',
    run: async (store) => {
      for await (const item of store.list('packfile')) if (item.id === ID) return item.sizeBytes;
      return null;
    },
    expected: PACKFILE.length,
  },
  { name: 'size', run: (store) => store.sizeBytes('packfile', ID), expected: PACKFILE.length },
  {
    name: 'range',
    run: async (store) => Buffer.from(await store.readRange('packfile', ID, 70_000, 999)).toString('hex'),
    expected: PACKFILE.toString('hex', 70_000, 70_999),
  },
  { name: 'packfile', run: (store) => bytesOf(store.read('packfile', ID)), expected: PACKFILE.toString('hex') },
  { name: 'state', run: (store) => bytesOf(store.read('state', ID)), expected: STATE.toString('hex') },
  {
    name: 'write',
    run: async (store, { served, made }) => {
      await store.write('state', made, STATE);
      return bytesOf(fsStore(served.path).read('state', made));
    },
    expected: STATE.toString('hex'),
  },
  {
    name: 'adopt',
    run: async (store, { served, folder, made }) => {
      const path = join(folder, made);
      await writeFile(path, PACKFILE);
      await store.adopt('packfile', made, path);
      return bytesOf(fsStore(served.path).read('packfile', made));
    },
    expected: PACKFILE.toString('hex'),
  },
  {
    name: 'remove',
    run: async (store, { served, made }) => {
      await fsStore(served.path).write('lock', made, STATE);
      await store.remove('lock', made);
      for await (const item of fsStore(served.path).list('lock')) if (item.id === made) return 'there';
      return 'gone';
    },
    expected: 'gone',
  },
];

const PASSING: readonly HttpFault[] = [
  { kind: 'reset' },
  { kind: 'reset-after' },
  { kind: 'answer', status: 503, headers: { 'retry-after': '0' } },
  { kind: 'answer', status: 429 },
  { kind: 'answer', status: 500, body: 'a fault' },
  { kind: 'answer', status: 502, body: '<html>' },
  { kind: 'answer-after', status: 500, body: 'a fault' },
  { kind: 'short-body' },
  { kind: 'twice' },
];
const LASTING: readonly [HttpFault, object][] = [
  [{ kind: 'reset' }, { code: 'store', fault: 'line' }],
  [
    { kind: 'answer', status: 503 },
    { code: 'store', fault: 'throttled' },
  ],
  [
    { kind: 'answer', status: 503, headers: { 'retry-after': '3600' } },
    { code: 'store', fault: 'throttled' },
  ],
  [
    { kind: 'answer', status: 500, body: 'a fault' },
    { code: 'store', fault: 'server' },
  ],
  [
    { kind: 'answer', status: 401 },
    { code: 'store', fault: 'credentials' },
  ],
  [{ kind: 'answer', status: 403, body: 'no' }, { code: 'permission' }],
  [{ kind: 'answer', status: 507 }, { code: 'disk-full' }],
  [
    { kind: 'answer', status: 302, headers: { location: 'http://elsewhere/' } },
    { code: 'store', fault: 'server' },
  ],
];

describe.each(['1.1', '1.0'] as const)('faults, protocol of %s', (line) => {
  let served: Served;
  let port: number;
  const counts = { right: 0, told: 0 };

  beforeAll(async () => {
    served = await serveFolder({ protocols: [line] });
    const store = fsStore(served.path);
    await store.create(CONFIG);
    await store.write('packfile', ID, PACKFILE);
    await store.write('state', ID, STATE);
    port = Number(new URL(served.server.url).port);
  });
  afterAll(async () => {
    await served.close();
    process.stdout.write(`http faults, protocol of ${line}: ${counts.right} times the right answer, ${counts.told} times a sentence\n`);
  });

  /** A store that has found its protocol, so that what `proxy` is told hits the operation. */
  const through = async <T>(options: Readonly<Record<string, string>>, work: (store: WritableStore, proxy: HttpFaultProxy) => Promise<T>): Promise<T> => {
    const proxy = await httpFaultProxy({ port });
    const store = openHttp(`http://${proxy.host}:${proxy.port}`, options);
    await store.readConfig();
    const result = await work(store, proxy);
    await store.close();
    await proxy.close();
    return result;
  };
  const kitFor = (number: number): Kit => ({ served, folder: served.folder, made: (number + 16).toString(16).repeat(32) as Mac });

  it.each(OPERATIONS)('$name gives the right answer after each fault that passes', async ({ name, run, expected }) => {
    // A server that hears the same removal twice rightly says the second time that there is nothing.
    const faults = PASSING.filter(({ kind }) => name !== 'remove' || kind !== 'twice');
    const results = faults.map((fault, number) =>
      through({}, (store, proxy) => {
        proxy.fault({ fault });
        return run(store, kitFor(number));
      }),
    );
    expect(await Promise.all(results)).toEqual(faults.map(() => expected));
    counts.right += faults.length;
  });

  it.each(OPERATIONS.filter(({ name }) => ['list', 'range', 'state', 'write', 'adopt'].includes(name)))(
    '$name tells what is wrong when it lasts',
    async ({ name, run }) => {
      const failures = LASTING.map(([fault], number) =>
        through({}, async (store, proxy) => {
          proxy.fault({ fault, times: 1000 });
          const kit = kitFor(number + 20);
          const failure: unknown = await run(store, kit).catch((error: unknown) => error);
          if (name === 'adopt') await access(join(kit.folder, kit.made));
          return failure;
        }),
      );
      const told = await Promise.all(failures);
      expect(told).toMatchObject(LASTING.map(([, expected]) => expected));
      expect(told.every((failure) => failure instanceof KlosetError)).toBe(true);
      counts.told += told.length;
    },
  );

  it('silence, at once or within an answer, is given up after a while, and right when it passes', async () => {
    const kinds = ['stalled', 'stalled-body'] as const;
    const runs = kinds.map((kind) =>
      through({ timeout_seconds: '1' }, async (store, proxy) => {
        proxy.fault({ fault: { kind } });
        expect(await store.readRange('packfile', ID, 0, 5000)).toEqual(new Uint8Array(PACKFILE.subarray(0, 5000)));
        proxy.fault({ fault: { kind }, times: 1000 });
        await expect(store.readRange('packfile', ID, 0, 5000)).rejects.toMatchObject({ code: 'store', fault: 'timeout' });
      }),
    );
    await Promise.all(runs);
    counts.right += kinds.length;
    counts.told += kinds.length;
  });

  it('a range that is cut is never a short buffer, and never the wrong bytes', () =>
    through({}, async (store, proxy) => {
      proxy.fault({ fault: { kind: 'cut-body' }, times: 1000 });
      await expect(store.readRange('packfile', ID, 10, 4000)).rejects.toMatchObject({ code: 'store' });
      counts.told += 1;
    }));

  it('stopping is heard at once, also while a server is silent or asks to wait', async () => {
    const reason = new Error('stopped');
    for (const fault of [{ kind: 'stalled' }, { kind: 'stalled-body' }, { kind: 'answer', status: 503, headers: { 'retry-after': '15' } }] as const) {
      await through({}, async (store, proxy) => {
        proxy.fault({ fault, times: 1000 });
        const controller = new AbortController();
        const reading = store.readRange('packfile', ID, 0, 5000, { signal: controller.signal });
        setTimeout(() => controller.abort(reason), 50);
        await expect(reading).rejects.toBe(reason);
      });
      counts.told += 1;
    }
  });

  it('a server that is down is told from one that is slow, and is found again', async () => {
    const wire = await lineProxy({ port });
    const store = openHttp(`http://${wire.host}:${wire.port}`, { timeout_seconds: '1' });
    await wire.fault({ kind: 'refused' });
    await expect(store.readConfig()).rejects.toMatchObject({ code: 'store', fault: 'route' });
    await wire.fault({ kind: 'slow', bytesPerSecond: 20 });
    await expect(store.readConfig()).rejects.toMatchObject({ code: 'store', fault: 'timeout' });
    await wire.fault(null);
    expect(Buffer.from(await store.readConfig()).equals(CONFIG)).toBe(true);
    counts.told += 2;
    counts.right += 1;
    await store.close();
    await wire.close();
  });
});
