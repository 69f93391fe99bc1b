import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import { withRangeCache } from '@wardrobe/connections';
import { checkSnapshots, checkStore, openRepository, openSnapshot, type Repository, wholeStore, type WritableStore } from '@wardrobe/kloset';
import { runCommand, type Usage } from '../command.js';
import { buildCli } from '../folders.js';
import { LINE_BYTES_PER_SECOND, type RemotePlace, s3Place, sftpPlace } from '../remote-servers.js';
import { stream } from '../stores/corpora.js';
import { withCourse } from '../line-course.js';
import { timed } from '../statistics.js';
import type { Row, Section } from '../table.js';
import type { BenchContext } from './context.js';

const MIB = 1 << 20;
const LARGE_BYTES = Number(process.env['BENCH_REMOTE_MIB'] ?? '256') * MIB;
const PLAIN_BYTES = 64 * MIB;
const SMALL_FILES = Number(process.env['BENCH_REMOTE_FILES'] ?? '5000');
const ROUNDS = Number(process.env['BENCH_REMOTE_ROUNDS'] ?? '500');
const LATENCIES_MS = (process.env['BENCH_REMOTE_LATENCIES'] ?? '0,20,100').split(',').map(Number);
/** By default all of them. */
const STEPS = process.env['BENCH_REMOTE_STEPS'] === undefined ? null : new Set(process.env['BENCH_REMOTE_STEPS'].split(','));
const PLACES = (process.env['BENCH_REMOTE_PLACES'] ?? 'S3,SFTP').split(',');

/**
 * Stores over S3 and SFTP behind a line of 100 Mbit/s: whole commands on one large file and on many small ones, a directory as a page sees it, and what
 * 500 rounds of reading leave in the process. Server and line run in this process, the commands in their own.
 */
export async function remote({ work }: BenchContext): Promise<Section> {
  const cli = buildCli();
  const trees = { large: join(work.path, 'remote-large'), small: join(work.path, 'remote-small'), plain: join(work.path, 'remote-plain.bin') };
  makeTrees(trees);
  const rows: Row[] = [];
  const local = await localPeaks(cli, { trees, folder: work.path });
  for (const [name, make] of [
    ['S3', s3Place],
    ['SFTP', sftpPlace],
  ] as const) {
    if (!PLACES.includes(name)) continue;
    for (const latencyMs of LATENCIES_MS) {
      const place = await make(latencyMs);
      try {
        const measured = () => commands(cli, { place, latencyMs, trees, folder: work.path, local });
        rows.push(...(await withCourse(place, `${name}, ${latencyMs} ms`, measured)));
        if (STEPS === null) rows.push(...(await browsing(place, { latencyMs, folder: work.path })));
      } finally {
        await place.close();
      }
    }
    if (ROUNDS === 0) continue;
    const place = await make(0);
    try {
      rows.push(await rounds(cli, { place, tree: trees.small, folder: work.path }));
    } finally {
      await place.close();
    }
  }
  return { title: `Stores over a line of 100 Mbit/s: one file of ${LARGE_BYTES / MIB} MiB of noise, and ${SMALL_FILES} small files`, rows };
}

/** `plain`: a file for the client library by itself. */
type Trees = { readonly large: string; readonly small: string; readonly plain: string };
type Peaks = Readonly<Record<string, number>>;

/** Noise of fixed seeds: nothing compresses, so what goes over the line is what was asked for. */
function makeTrees({ large, small, plain }: Trees): void {
  rmSync(large, { recursive: true, force: true });
  rmSync(small, { recursive: true, force: true });
  mkdirSync(large, { recursive: true });
  const bytes = stream('remote large');
  writeFileSync(join(large, 'noise.bin'), '');
  for (let done = 0; done < LARGE_BYTES; done += 8 * MIB) writeFileSync(join(large, 'noise.bin'), bytes(Math.min(8 * MIB, LARGE_BYTES - done)), { flag: 'a' });
  writeFileSync(plain, stream('remote plain')(Math.min(PLAIN_BYTES, LARGE_BYTES)));
  const pieces = stream('remote small');
  for (let at = 0; at < SMALL_FILES; at += 1) {
    const folder = join(small, `d${at % 100}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `f${at}`), pieces(1 + ((at * 7919) % 8192)));
  }
}

async function run(cli: string, args: readonly string[], folder: string): Promise<Usage> {
  return runCommand(cli, args, { folder });
}

/** What the same commands take at their peak on a store in a folder. */
async function localPeaks(cli: string, { trees, folder }: { readonly trees: Trees; readonly folder: string }): Promise<Peaks> {
  const at = ['at', join(folder, 'remote-local')];
  const peaks: Record<string, number> = {};
  await run(cli, [...at, 'create', '--plaintext'], folder);
  const out = outFolder(folder, 'local');
  for (const [name, args] of steps(trees, out)) peaks[name] = (await run(cli, [...at, ...args], folder)).peakMiB;
  rmSync(join(folder, 'remote-local'), { recursive: true, force: true });
  rmSync(join(out, 'large'), { recursive: true, force: true });
  return peaks;
}

/**
 * Small files that were restored stay until the end: some file systems (ext4 without a journal) pass over every entry that was freed in the last minutes when
 * they look for a free one, and a restore would be measured that makes files for six times as much processor time.
 */
function outFolder(folder: string, name: string): string {
  return join(folder, 'remote-out', name);
}

function steps(trees: Trees, out: string): readonly (readonly [string, readonly string[]])[] {
  const all: readonly (readonly [string, readonly string[]])[] = [
    ['backup large', ['backup', trees.large]],
    ['check large', ['check']],
    ['restore large', ['restore', '--to', join(out, 'large')]],
    ['backup small', ['backup', trees.small]],
    ['list', ['ls']],
    ['check small', ['check', '--latest']],
    ['restore small', ['restore', '--to', join(out, 'small')]],
  ];
  return STEPS === null ? all : all.filter(([name]) => STEPS.has(name));
}

async function commands(
  cli: string,
  at: { readonly place: RemotePlace; readonly latencyMs: number; readonly trees: Trees; readonly folder: string; readonly local: Peaks },
): Promise<Row[]> {
  const { place, latencyMs, trees, folder, local } = at;
  const rows: Row[] = [];
  const plain = await place.plain(trees.plain);
  process.stderr.write(
    `${place.name}, ${latencyMs} ms: the client library by itself ${(plain.upBytesPerSecond / 1e6).toFixed(1)} MB/s up, ${(plain.downBytesPerSecond / 1e6).toFixed(1)} MB/s down\n`,
  );
  await run(cli, [...place.args, 'create', '--plaintext'], folder);
  const out = outFolder(folder, `${place.name}-${latencyMs}`);
  for (const [name, args] of steps(trees, out)) {
    const before = place.bytesDown();
    const usage = await run(cli, [...place.args, ...args], folder);
    const down = (place.bytesDown() - before) / MIB;
    const label = `${place.name}, ${latencyMs} ms: ${name}`;
    const peak = local[name] ?? 0;
    const note = `peak ${usage.peakMiB.toFixed(0)} MiB, on a local store ${peak.toFixed(0)} (${(usage.peakMiB / peak).toFixed(2)})${name.startsWith('backup') ? '' : `; ${down.toFixed(0)} MiB came over the line`}`;
    if (name.endsWith('large')) {
      const bytesPerSecond = LARGE_BYTES / (usage.wallMs / 1000);
      const library = name.startsWith('backup') ? plain.upBytesPerSecond : plain.downBytesPerSecond;
      const share = bytesPerSecond / LINE_BYTES_PER_SECOND;
      rows.push({
        what: label,
        value: bytesPerSecond / 1e6,
        unit: 'MB/s',
        budget: null,
        note: `${(share * 100).toFixed(0)} % of the line, ${((bytesPerSecond / library) * 100).toFixed(0)} % of the client library's ${(library / 1e6).toFixed(1)} MB/s; ${note}`,
      });
    } else rows.push({ what: label, value: usage.wallMs / 1000, unit: 's', budget: null, note });
    process.stderr.write(`${label}: ${(usage.wallMs / 1000).toFixed(2)} s, ${usage.cpuSeconds.toFixed(2)} s of processor time; ${note}\n`);
  }
  rmSync(join(out, 'large'), { recursive: true, force: true });
  return rows;
}

/**
 * The way to the server, opening with nothing new once it stands, and the first rows of a folder: cold with an index and no kept ranges, then warm. Requests
 * are those that the store made; the handshakes of TCP, SSH and the log-in are none.
 */
async function browsing(place: RemotePlace, at: { readonly latencyMs: number; readonly folder: string }): Promise<Row[]> {
  const indexDirectory = join(at.folder, `remote-index-${place.name}-${at.latencyMs}`);
  const ranges = join(at.folder, `remote-ranges-${place.name}-${at.latencyMs}`);
  await (await openRepository(await place.open(), { indexDirectory })).close();
  const far = at.latencyMs === 100;
  const visit = async (): Promise<{ readonly connected: Visited; readonly opened: Visited; readonly rows: Visited }> => {
    const store = withRangeCache(await place.open(), { directory: ranges, limitBytes: 64 * MIB });
    const connected = await counted(store, () => store.readConfig());
    const opened = await counted(store, () => openRepository(store, { indexDirectory }));
    const rows = await counted(store, () => firstRows(opened.value));
    await opened.value.close();
    return { connected, opened, rows };
  };
  const cold = await visit();
  const warm = await visit();
  const row = (what: string, visited: Visited, budget: number | null): Row => ({
    what: `${place.name}, ${at.latencyMs} ms: ${what}`,
    value: visited.ms,
    unit: 'ms',
    budget,
    note: `${visited.requests} requests`,
  });
  return [
    row('connecting, and CONFIG', cold.connected, null),
    row('opening with nothing new, connected', cold.opened, far ? 400 : null),
    row('first rows of a folder, cold', cold.rows, far ? 700 : null),
    row('first rows of a folder, warm', warm.rows, far ? 150 : null),
  ];
}

type Visited = { readonly ms: number; readonly requests: number };

async function counted<T>(store: WritableStore, work: () => Promise<T>): Promise<Visited & { readonly value: T }> {
  const before = store.line?.().requests ?? 0;
  const { ms, value } = await timed(work);
  return { ms, value, requests: (store.line?.().requests ?? 0) - before };
}

async function firstRows(repository: Repository): Promise<void> {
  const newest = repository.view.live.at(-1);
  if (newest === undefined) throw new Error('the store lists no snapshot');
  const snapshot = await openSnapshot(repository, newest.id);
  await snapshot.page(snapshot.header.source.directory.bytes, { limit: 200 });
}

/** What many rounds of listing, reading and checking leave in use; the first tenth warms up. */
async function rounds(cli: string, at: { readonly place: RemotePlace; readonly tree: string; readonly folder: string }): Promise<Row> {
  const tree = join(at.folder, 'remote-rounds');
  mkdirSync(tree, { recursive: true });
  for (let file = 0; file < 20; file += 1) writeFileSync(join(tree, `f${file}`), stream(`round ${file}`)(20_000));
  await run(cli, [...at.place.args, 'create', '--plaintext'], at.folder);
  await run(cli, [...at.place.args, 'backup', tree], at.folder);
  const repository = await openRepository(await at.place.open());
  const ids = repository.view.live.map(({ id }) => id);
  const inUse = async (): Promise<number> => {
    globalThis.gc?.();
    await pause(20);
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    return (heapUsed + external) / MIB;
  };
  let before = 0;
  for (let round = 0; round < ROUNDS * 1.1; round += 1) {
    if (round === Math.floor(ROUNDS * 0.1)) before = await inUse();
    await oneRound(repository, ids);
  }
  const grown = (await inUse()) - before;
  await repository.close();
  return {
    what: `${at.place.name}: ${ROUNDS} rounds of list, read and check in one process, what stays in use`,
    value: Math.max(0, grown),
    unit: 'MiB',
    budget: 5,
    ...(globalThis.gc === undefined ? { note: 'without --expose-gc: garbage counts too' } : {}),
  };
}

async function oneRound(repository: Repository, ids: Parameters<typeof openSnapshot>[1][]): Promise<void> {
  await repository.refresh();
  for (const id of ids) {
    const snapshot = await openSnapshot(repository, id);
    for await (const entry of snapshot.walk(snapshot.header.source.directory.bytes)) {
      if ('damaged' in entry && entry.damaged !== undefined) throw entry.damaged;
      if (!('object' in entry) || entry.object === null) continue;
      for await (const piece of snapshot.content(await snapshot.object(entry.object))) void piece.length;
    }
  }
  const whole = await wholeStore(repository, { blobs: false });
  for await (const problem of checkSnapshots(whole.repository, { snapshots: ids })) throw problem.error;
  for await (const problem of checkStore(whole.repository, { proofs: whole.proofs })) throw problem.error;
  await whole.close();
}
