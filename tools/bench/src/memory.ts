import { mkdirSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { buildCli } from './folders.js';
import { outputOf } from './side-by-side.js';
import { type Corpus, ensureCorpus } from './stores/corpora.js';
import { large, tiny } from './stores/many-and-large.js';
import { type Sample, type Watched, watchProgram } from './watched.js';

/**
 * `npm run memory --workspace @wardrobe/bench -- OPERATION[,OPERATION …] CORPUS …`: peak memory of whole processes beside the budget, as a markdown table, and
 * how memory went over time. Operations: backup, unchanged, check, fast (`check --fast`), restore, ls, maintenance; what was not backed up yet is. Corpora: a
 * number of files of 12 bytes, or `50GiB` (one sparse file), or `50GiB+data` (with 4 MiB of noise in every GiB). Linux only: it reads /proc.
 * `BENCH_STORES`: a folder that keeps corpora between runs; `BENCH_ENCRYPTED=1`: a store with a passphrase; `BENCH_CLI`: a built `main.js` instead of a fresh build.
 */
const MIB = 2 ** 20;
/** 256 MB, and 40 bytes for each blob above a million in the store. */
const BUDGET_BYTES = 256e6;
const FREE_BLOBS = 1_000_000;
const BYTES_PER_BLOB = 40;
/** While the key is derived. */
const ARGON2_MIB = 256;
const STEPS = 12;

const [operationList = '', ...corpusNames] = process.argv.slice(2);
const encrypted = process.env['BENCH_ENCRYPTED'] === '1';
const kept = process.env['BENCH_STORES'];
const folder = kept ?? join(tmpdir(), `wardrobe-memory-${process.pid}`);
const work = join(folder, `memory-work-${process.pid}`);
const env = { WARDROBE_INDEX: join(work, 'index'), WARDROBE_CONFIG: join(work, 'config'), PLAKAR_PASSPHRASE: 'correct horse battery staple 42' };
const cli = process.env['BENCH_CLI'] ?? buildCli();
const at = (...args: string[]): string[] => [process.execPath, cli, 'at', join(work, 'store'), ...args];

const OPERATIONS: Readonly<Record<string, (source: string) => string[]>> = {
  backup: (source) => at('backup', source),
  unchanged: (source) => at('backup', source),
  check: () => at('check'),
  fast: () => at('check', '--fast'),
  restore: () => at('restore', '--to', join(work, 'restored')),
  ls: () => at('ls', '--recursive', `${newestSnapshot()}:/`),
  maintenance: () => at('maintenance', '--apply'),
};

function corpusOf(name: string): Corpus {
  const sizeGiB = /^(\d+)GiB(\+data)?$/.exec(name);
  if (sizeGiB !== null) return large(Number(sizeGiB[1]), sizeGiB[2] !== undefined);
  if (!/^\d+$/.test(name)) throw new Error(`${name} is neither a number of files nor a size such as 50GiB`);
  return tiny(Number(name));
}

function newestSnapshot(): string {
  const [first = ''] = outputOf(at('ls', '--json', '--uuid'), env).split('\n');
  return (JSON.parse(first) as { readonly id: string }).id;
}

function blobsInStore(): number {
  return (JSON.parse(outputOf(at('info', '--json'), env)) as { readonly locations: number }).locations;
}

/** What was resident after the key's memory was given up: the largest sample behind the first trough. */
function peakAfterKey(samples: readonly Sample[]): number {
  const from = samples.findIndex(({ residentMiB }) => residentMiB > ARGON2_MIB);
  const trough = samples.findIndex(({ residentMiB }, index) => index > from && residentMiB < ARGON2_MIB - 40);
  return Math.max(0, ...samples.slice(Math.max(0, trough)).map(({ residentMiB }) => residentMiB));
}

/** Resident memory at so many points of the run, evenly spaced. */
function course(samples: readonly Sample[]): string {
  const last = samples.length - 1;
  return Array.from({ length: STEPS }, (_, step) => samples[Math.round((last * (step + 1)) / STEPS)]?.residentMiB.toFixed(0) ?? '').join(' ');
}

function rowOf(corpus: string, operation: string, { samples, wallMs }: Watched): string {
  const blobs = blobsInStore();
  const budget = (BUDGET_BYTES + Math.max(0, blobs - FREE_BLOBS) * BYTES_PER_BLOB) / MIB;
  const peak = Math.max(...samples.map(({ peakMiB }) => peakMiB));
  const counted = encrypted ? Math.max(peak - ARGON2_MIB, peakAfterKey(samples)) : peak;
  const shown = encrypted ? `${peak.toFixed(0)}, without the key ${counted.toFixed(0)}` : peak.toFixed(0);
  const verdict = counted <= budget ? 'met' : `**missed**, ${(counted / budget).toFixed(2)} ×`;
  const cpu = samples.at(-1)?.cpuSeconds ?? Number.NaN;
  return `| ${corpus}${encrypted ? ', encrypted' : ''} | ${operation} | ${blobs} | ${shown} | ${budget.toFixed(0)} | ${verdict} | ${(wallMs / 1000).toFixed(1)} | ${cpu.toFixed(1)} | ${course(samples)} |`;
}

async function measure(name: string, operations: readonly string[]): Promise<string[]> {
  const source = ensureCorpus(folder, corpusOf(name), 1);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  outputOf(at('create', '--line', '1.1', ...(encrypted ? [] : ['--plaintext'])), env);
  if (!operations.includes('backup')) outputOf(at('backup', source), env);
  const rows: string[] = [];
  for (const operation of operations) {
    rmSync(join(work, 'restored'), { recursive: true, force: true });
    const watched = await watchProgram((OPERATIONS[operation] as (source: string) => string[])(source), env);
    rows.push(rowOf(name, operation, watched));
    process.stderr.write(`${rows.at(-1)}\n`);
  }
  return rows;
}

const operations = operationList.split(',');
const unknown = operations.filter((name) => !Object.hasOwn(OPERATIONS, name));
if (unknown.length > 0 || corpusNames.length === 0) {
  process.stderr.write(`say what to measure: ${Object.keys(OPERATIONS).join(',')}, and on what: a number of files, 50GiB, 50GiB+data\n`);
  process.exit(1);
}
mkdirSync(folder, { recursive: true });
const before = loadavg()[0] ?? 0;
const rows: string[] = [];
try {
  for (const name of corpusNames) rows.push(...(await measure(name, operations)));
} finally {
  rmSync(kept === undefined ? folder : work, { recursive: true, force: true });
}
process.stdout.write(
  `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}. Load of the machine: ${before.toFixed(1)} before, ${(loadavg()[0] ?? 0).toFixed(1)} after.\n\n` +
    '| files | operation | blobs | peak, MiB | budget | | wall, s | processor, s | resident over time, MiB |\n| --- | --- | ---: | ---: | ---: | --- | ---: | ---: | --- |\n' +
    `${rows.join('\n')}\n`,
);
