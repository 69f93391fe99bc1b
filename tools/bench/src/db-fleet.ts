import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { createApi } from '@wardrobe/api';
import type { MachineReport } from '@wardrobe/contracts';
import {
  createDb,
  createStore,
  type Db,
  machineRows,
  matrixColumns,
  migrate,
  openDataFolder,
  openKeyRing,
  saveHeaders,
  saveReading,
  startEmbedded,
  type Embedded,
} from '@wardrobe/db';

/**
 * Reports and matrix of a large fleet: `npx tsx tools/bench/src/db-fleet.ts [--machines 100] [--snapshots 10000] [--json]`.
 * A built-in database of its own; reports go the whole way of `POST /api/agent/report` (parse and check on a thread, set-based ingest,
 * cells computed again). Build the server first (`npm run build`): its bundle holds the threads' code. Inputs are the same at every run.
 */
const number = (name: string, fallback: number): number => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : Number(process.argv[at + 1]);
};
const machines = number('machines', 100);
const snapshots = number('snapshots', 10_000);
const id = (text: string): string => createHash('sha256').update(`bench ${text}`).digest('hex');
const snapshotIds = Array.from({ length: snapshots }, (_, index) => id(`snapshot ${index}`));
const PER_STATE = 10;
const stateOf = (index: number): string => id(`state ${Math.floor(index / PER_STATE)}`);
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** The last snapshots of the store are known to some machines only: one machine in ten is behind, one in fifty shows a phantom. */
const PHANTOMS = 3;

type Row = { readonly what: string; readonly value: string; readonly budget: string };
const rows: Row[] = [];
const add = (what: string, value: string, budget = ''): void => void rows.push({ what, value, budget });
const ms = (values: readonly number[]): string => {
  const sorted = [...values].sort((a, b) => a - b);
  return `${(sorted[Math.floor(sorted.length / 2)] ?? 0).toFixed(0)} ms (worst of ${sorted.length}: ${(sorted.at(-1) ?? 0).toFixed(0)})`;
};
async function timed<T>(work: () => Promise<T>): Promise<[number, T]> {
  const started = performance.now();
  const result = await work();
  return [performance.now() - started, result];
}

async function main(): Promise<void> {
  const worker = join(ROOT, 'apps/server/dist/worker.js');
  if (!existsSync(worker)) throw new Error('build the server first: npm run build');
  const folder = mkdtempSync(join(tmpdir(), 'wardrobe-bench-'));
  const home = mkdtempSync(join(tmpdir(), 'wardrobe-bench-pg-'));
  const data = openDataFolder(join(folder, 'data'));
  const keys = openKeyRing(data);
  const embedded: Embedded = await startEmbedded({ data, keys, rootHome: home });
  await migrate(embedded.target, join(ROOT, 'libs/db/prisma/migrations'));
  const db = createDb(embedded.target);
  const config = { baseUrl: 'http://127.0.0.1', secure: false, demo: false, storeRoots: [], version: 'bench', workerUrl: new URL(`file://${worker}`) };
  const api = createApi({ db, dataDirectory: data.path, sealer: keys.sealer, config });
  try {
    const repositoryId = randomUUID();
    const storeId = await fillStore(db, repositoryId);
    await reports(api, repositoryId);
    await pages(db, api, storeId);
  } finally {
    await api.stop();
    await db.close();
    await embedded.stop();
    for (const path of [folder, home]) rmSync(path, { recursive: true, force: true });
  }
  print();
}

async function fillStore(db: Db, repositoryId: string): Promise<string> {
  const store = await createStore(db, {
    name: 'bench',
    location: '/nowhere',
    repositoryId,
    encrypted: false,
    keyKept: 'none',
    refreshIntervalSeconds: 86_400,
    unknownAfterHours: 26,
  });
  const live = snapshotIds.slice(0, snapshots - PHANTOMS);
  const states = Array.from({ length: Math.ceil(live.length / PER_STATE) }, (_, index) => ({
    id: stateOf(index * PER_STATE),
    version: '1.0.0',
    sizeBytes: 1000,
    serial: null,
    parent: null,
    metadataNs: BigInt(index),
    readable: true,
    error: null,
    brings: live.slice(index * PER_STATE, (index + 1) * PER_STATE),
    colours: [],
  }));
  const listed = live.map((snapshot, index) => ({
    id: snapshot,
    availability: 'live' as const,
    scheduledForDeletion: false,
    deletedAt: null,
    packedAt: null,
    lock: null,
    packfiles: [id(`pack ${index}`)],
    states: [stateOf(index)],
  }));
  const reading = {
    readAt: new Date(),
    states,
    snapshots: listed,
    findings: [],
    packfiles: snapshotIds.map((_, index) => id(`pack ${index}`)),
    tombstoned: [],
  };
  add('first reading saved', ms([(await timed(() => saveReading(db, store.id, reading)))[0]]));
  add('same reading again', ms([(await timed(() => saveReading(db, store.id, reading)))[0], (await timed(() => saveReading(db, store.id, reading)))[0]]));
  await saveHeaders(
    db,
    store.id,
    live.map((snapshot, index) => ({ id: snapshot, takenAtNs: BigInt(1_600_000_000 + index * 3600) * 1_000_000_000n, sealed: new Uint8Array(200) })),
  );
  return store.id;
}

function report(machine: number, change = 0): MachineReport {
  const behind = machine % 10 === 1 ? 5 : 0;
  const last = machine % 50 === 7 ? snapshots : snapshots - PHANTOMS - behind - change;
  const shown = snapshotIds
    .slice(0, last)
    .map((snapshot, index) => ({ snapshot, packfiles: [id(`pack ${index}`)] }))
    .sort((a, b) => (a.snapshot < b.snapshot ? -1 : 1));
  const states = [...new Set(Array.from({ length: last }, (_, index) => stateOf(index)))].sort();
  return {
    format: 'wardrobe-report',
    version: 1,
    machine: { id: `00000000-0000-4000-8000-${String(machine).padStart(12, '0')}`, name: `machine-${machine}`, hostName: `host-${machine}`, os: 'linux' },
    agent: { version: 'bench' },
    createdAt: new Date().toISOString(),
    failures: [],
    sightings: [
      {
        repositoryId: repository,
        user: 'root',
        cache: '~/.cache/plakar',
        tool: 'plakar',
        line: '1.0',
        copy: 'own',
        lastUsedAt: null,
        inMotion: { value: false, why: [] },
        states,
        shown,
        deleted: [],
        introduced: { scope: 'asked', states: [] },
        loneStates: [],
        digest: id(`digest ${last}`),
        counts: { states: states.length, packfiles: last, shown: shown.length, deleted: 0, ignoredKeys: 0 },
        setAside: [],
      },
    ],
  };
}
let repository = '';

async function reports(api: ReturnType<typeof createApi>, repositoryId: string): Promise<void> {
  repository = repositoryId;
  const delay = monitorEventLoopDelay({ resolution: 5 });
  const first: number[] = [];
  delay.enable();
  for (let machine = 0; machine < machines; machine++) {
    const made = report(machine);
    first.push((await timed(() => api.importReport(made)))[0]);
  }
  const again = [];
  const changed = [];
  for (let machine = 0; machine < Math.min(machines, 15); machine++) {
    const [same, other] = [report(machine), report(machine, 1)];
    again.push((await timed(() => api.importReport(same)))[0]);
    changed.push((await timed(() => api.importReport(other)))[0]);
  }
  delay.disable();
  const size = JSON.stringify(report(0)).length;
  add(`one full report (${(size / 1e6).toFixed(1)} MB of JSON), new machine`, ms(first), '500 ms');
  add('one full report, one snapshot changed', ms(changed), '500 ms');
  add('one full report, unchanged', ms(again), '500 ms');
  add('main thread delay meanwhile (with the making of the reports), p99', `${(delay.percentile(99) / 1e6).toFixed(0)} ms`);
}

async function pages(db: Db, api: ReturnType<typeof createApi>, storeId: string): Promise<void> {
  const queries: number[] = [];
  for (let turn = 0; turn < 15; turn++) queries.push((await timed(() => Promise.all([machineRows(db, storeId), matrixColumns(db, storeId)])))[0]);
  add(`matrix rows and columns, database only (${machines} x ${snapshots})`, ms(queries.slice(1)), '100 ms');
  const server = createServer((req, res) => void api.handle(req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const admin = createServer((req, res) => void api.adminHandler(req, res));
  await new Promise<void>((resolve) => admin.listen(0, '127.0.0.1', resolve));
  const { secret } = JSON.parse(
    await ask(admin.address() as AddressInfo, { path: '/token/create', method: 'POST', body: JSON.stringify({ name: 'bench', kind: 'read' }) }),
  ) as { secret: string };
  const calls: number[] = [];
  let body = '';
  const path = `/api/trpc/machines.list?input=${encodeURIComponent(JSON.stringify({ storeId }))}`;
  for (let turn = 0; turn < 15; turn++) {
    const [time, text] = await timed(() => ask(server.address() as AddressInfo, { path, headers: { authorization: `Bearer ${secret}` } }));
    calls.push(time);
    body = text;
  }
  add('machines.list over HTTP (what the matrix is drawn from), first', ms(calls.slice(0, 1)));
  add('machines.list over HTTP, later', ms(calls.slice(1)), '100 ms');
  add(
    'its payload as the server sends it (gzip)',
    `${(gzipSync(body, { level: 5 }).length / 1024).toFixed(1)} KiB (${(body.length / 1024).toFixed(1)} KiB unpacked)`,
    '64 KB',
  );
  server.close();
  admin.close();
}

function ask(place: AddressInfo, options: { path: string; method?: string; body?: string; headers?: Record<string, string> }): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port: place.port,
        path: options.path,
        method: options.method ?? 'GET',
        headers: { ...options.headers, ...(options.body === undefined ? {} : { 'content-type': 'application/json' }) },
      },
      (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString();
        });
        response.on('end', () =>
          response.statusCode === 200 ? resolve(text) : reject(new Error(`${options.path}: ${response.statusCode} ${text.slice(0, 500)}`)),
        );
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(options.body);
  });
}

function print(): void {
  if (process.argv.includes('--json')) for (const row of rows) console.log(JSON.stringify(row));
  else {
    console.log('| what | measured | budget |\n| --- | --- | --- |');
    for (const row of rows) console.log(`| ${row.what} | ${row.value} | ${row.budget} |`);
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
