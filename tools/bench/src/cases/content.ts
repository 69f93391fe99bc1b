import { createCipheriv } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { blake3Hash } from '@wardrobe/kernel';
import { runCommand, type Usage } from '../command.js';
import { buildCli } from '../folders.js';
import { largest, median, repeat } from '../statistics.js';
import { largeFile } from '../stores/generate.js';
import type { Row, Section } from '../table.js';
import type { BenchContext } from './context.js';

const MIB = 1 << 20;
const GIB = 2 ** 30;

type Measured = { readonly command: string; readonly sizeBytes: number; readonly encrypted: boolean; readonly runs: readonly Usage[] };

/** `cat`, `restore` and `check` of one file of 256 MiB, 1 GiB and 2 GiB, half of it compressible. */
export async function content({ work, turns }: BenchContext): Promise<Section> {
  const cli = buildCli();
  const measured: Measured[] = [];
  for (const { sizeBytes, encrypted } of [
    { sizeBytes: 256 * MIB, encrypted: false },
    { sizeBytes: GIB, encrypted: false },
    { sizeBytes: 2 * GIB, encrypted: false },
    { sizeBytes: GIB, encrypted: true },
  ]) {
    const name = `file-${sizeBytes / MIB}${encrypted ? '-encrypted' : ''}`;
    const root = await work.store(name, (folder) => largeFile(folder, { sizeBytes, ...(encrypted ? { passphrase: 'bench' } : {}) }));
    const id = snapshotIn(root);
    for (const command of ['cat', 'restore', 'check'] as const)
      measured.push({ command, sizeBytes, encrypted, runs: await repeat(turns, () => runOne(cli, { command, root, id, work: work.path })) });
  }
  const limits = measureLimits(work.path);
  return { title: 'A large file: `cat`, `restore`, `check` (whole processes)', rows: [...measured.flatMap(rowsOf), ...flatness(measured), ...limits] };
}

async function runOne(cli: string, run: { readonly command: string; readonly root: string; readonly id: string; readonly work: string }): Promise<Usage> {
  const target = join(run.work, 'restored');
  const args = { cat: [`${run.id}:/data/large.bin`], restore: ['--to', target, run.id], check: [] }[run.command] ?? [];
  try {
    return await runCommand(cli, ['at', run.root, run.command, ...args], { folder: run.work });
  } finally {
    rmSync(target, { recursive: true, force: true });
  }
}

/** The id of the only state, which is that of the snapshot. */
function snapshotIn(root: string): string {
  const [id] = readdirSync(join(root, 'states'), { recursive: true, encoding: 'utf8' }).filter((name) => /[0-9a-f]{64}$/.test(name));
  if (id === undefined) throw new Error(`no state in ${root}`);
  return id.slice(-64, -48);
}

function rowsOf({ command, sizeBytes, encrypted, runs }: Measured): Row[] {
  const label = `\`${command}\` ${sizeBytes / MIB} MiB${encrypted ? ', encrypted' : ''}`;
  const seconds = median(runs.map((run) => run.wallMs)) / 1000;
  const cpu = median(runs.map((run) => run.cpuSeconds));
  return [
    {
      what: `${label}: peak memory`,
      value: largest(runs.map((run) => run.peakMiB)),
      unit: 'MiB',
      budget: encrypted ? null : 200,
      ...(encrypted ? { note: '256 MiB of it is the key derivation' } : {}),
    },
    {
      what: `${label}: speed`,
      value: sizeBytes / 1e6 / seconds,
      unit: 'MB/s',
      budget: null,
      note: `${(sizeBytes / 1e6 / cpu).toFixed(0)} MB per second of processor time`,
    },
  ];
}

function flatness(measured: readonly Measured[]): Row[] {
  return ['cat', 'restore', 'check'].map((command) => {
    const peak = (sizeBytes: number) =>
      largest(
        measured.filter((one) => one.command === command && one.sizeBytes === sizeBytes && !one.encrypted).flatMap((one) => one.runs.map((run) => run.peakMiB)),
      );
    return { what: `\`${command}\`: memory of 2 GiB over that of 1 GiB`, value: peak(2 * GIB) / peak(GIB), unit: '', budget: 1.15 };
  });
}

/** What this machine could do at best: disk, BLAKE3 and AES alone. */
function measureLimits(folder: string): Row[] {
  const piece = new Uint8Array(4 * MIB).fill(7);
  const rate = (bytes: number, work: () => void): number => {
    const start = performance.now();
    work();
    return bytes / 1000 / (performance.now() - start);
  };
  const passes = 64;
  const bytes = passes * piece.length;
  const path = join(folder, 'limit.bin');
  mkdirSync(folder, { recursive: true });
  const times = (work: () => void) => () => {
    for (let pass = 0; pass < passes; pass += 1) work();
  };
  const aes = createCipheriv('aes-256-ecb', piece.subarray(0, 32), null).setAutoPadding(false);
  const out = openSync(path, 'w');
  const written = rate(bytes, () => {
    times(() => writeSync(out, piece))();
    fsyncSync(out);
  });
  closeSync(out);
  const input = openSync(path, 'r');
  const read = rate(
    bytes,
    times(() => readSync(input, piece)),
  );
  closeSync(input);
  rmSync(path);
  return [
    { what: 'limit: writing and syncing 256 MiB', value: written, unit: 'MB/s', budget: null },
    { what: 'limit: reading 256 MiB from the page cache', value: read, unit: 'MB/s', budget: null },
    {
      what: 'limit: BLAKE3, one thread (every byte is hashed twice)',
      value: rate(
        bytes,
        times(() => blake3Hash(piece)),
      ),
      unit: 'MB/s',
      budget: null,
    },
    {
      what: 'limit: AES-256, one thread, 64 KiB pieces',
      value: rate(
        bytes,
        times(() => aesPass(aes, piece)),
      ),
      unit: 'MB/s',
      budget: null,
    },
  ];
}

function aesPass(cipher: { update(bytes: Uint8Array): unknown }, piece: Uint8Array): void {
  for (let at = 0; at < piece.length; at += 65_536) cipher.update(piece.subarray(at, at + 65_536));
}
