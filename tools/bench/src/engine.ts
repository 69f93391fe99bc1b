import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { cpus, loadavg, totalmem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildCli } from './folders.js';
import { largest, median } from './statistics.js';
import { big, type Corpus, ensureCorpus, small, tree } from './stores/corpora.js';

/**
 * `npm run engine --workspace @wardrobe/bench [-- big small tree]`: the engine beside the oracle (tools/oracle, line 1.1), in turn, on the corpora of fixed
 * seeds; prints the table as markdown. Needs Go.
 * `BENCH_SCALE` (default 1): part of the corpora; `BENCH_TURNS` (default 3); `BENCH_STORES`: a folder that keeps the corpora between runs.
 */
const PASSPHRASE = 'correct horse battery staple 42';
const scale = Number(process.env['BENCH_SCALE'] ?? 1);
const turns = Number(process.env['BENCH_TURNS'] ?? 3);
const kept = process.env['BENCH_STORES'];
const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = kept ?? join(tmpdir(), `wardrobe-bench-${process.pid}`);

type Used = { readonly wallMs: number; readonly cpuSeconds: number; readonly peakMiB: number };
type Side = { readonly ours: readonly Used[]; readonly theirs: readonly Used[] };
type Operation = {
  readonly name: string;
  readonly gate: string;
  readonly ours: readonly string[];
  readonly theirs: readonly string[];
  readonly afterwards?: () => void;
};

/** One run as a whole process; `time` tells what it used. */
async function run(command: readonly string[], env: NodeJS.ProcessEnv): Promise<Used> {
  const report = join(folder, 'time');
  const start = performance.now();
  const child = spawn('/usr/bin/time', ['-o', report, '-f', '%U %S %M', ...command], { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const wallMs = performance.now() - start;
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}\n${errors}`);
  const [user = 0, system = 0, peakKiB = 0] = readFileSync(report, 'utf8').trim().split('\n').at(-1)?.split(' ').map(Number) ?? [];
  return { wallMs, cpuSeconds: user + system, peakMiB: peakKiB / 1024 };
}

async function both(operation: Operation, env: NodeJS.ProcessEnv): Promise<Side> {
  const ours: Used[] = [];
  const theirs: Used[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    ours.push(await run(operation.ours, env));
    theirs.push(await run(operation.theirs, env));
    operation.afterwards?.();
  }
  return { ours, theirs };
}

async function measure(corpus: Corpus, encrypted: boolean, programs: { readonly cli: string; readonly oracle: string }): Promise<string[]> {
  const source = ensureCorpus(folder, corpus, scale);
  const at = (name: string): string => join(folder, `work-${name}`);
  const env = {
    WARDROBE_INDEX: at('index'),
    WARDROBE_CONFIG: at('config'),
    PLAKAR_PASSPHRASE: PASSPHRASE,
    ORACLE_PASSPHRASE: PASSPHRASE,
  };
  const clear = (...names: string[]): void => names.forEach((name) => void rmSync(at(name), { recursive: true, force: true }));
  const cli = (...args: string[]): string[] => [process.execPath, programs.cli, 'at', at('ours'), ...args];
  const oracle = (command: string, ...args: string[]): string[] => [programs.oracle, command, '-store', at('theirs'), '-cache', at('machine'), ...args];
  const create = async (): Promise<void> => {
    clear('ours', 'theirs', 'machine', 'index');
    await run(cli('create', '--line', '1.1', ...(encrypted ? [] : ['--plaintext'])), env);
    await run([programs.oracle, 'create', '-store', at('theirs'), ...(encrypted ? ['-kdf', 'ARGON2ID'] : [])], env);
  };
  const title = `${corpus.name}${encrypted ? ', encrypted' : ''}`;
  const rows: string[] = [];
  const backups: { ours: Used[]; theirs: Used[] } = { ours: [], theirs: [] };
  const backup: Operation = {
    name: 'backup',
    gate: corpus.name === 'big' ? '0.9' : '0.6',
    ours: cli('backup', source),
    theirs: oracle('backup', '-path', source),
  };
  for (let turn = 0; turn < turns; turn += 1) {
    await create();
    backups.ours.push(await run(backup.ours, env));
    backups.theirs.push(await run(backup.theirs, env));
  }
  rows.push(line(title, backup, backups));
  const others: Operation[] = [
    { ...backup, name: 'backup unchanged', gate: '0.4' },
    { name: 'check', gate: '0.5', ours: cli('check'), theirs: oracle('check') },
    { name: 'check --fast (the oracle has no such check: against its whole one)', gate: '', ours: cli('check', '--fast'), theirs: oracle('check') },
    {
      name: 'restore',
      gate: corpus.name === 'big' ? '1.0' : '0.7',
      ours: cli('restore', '--to', at('restored')),
      theirs: oracle('restore', '-exporter', '-to', at('restored-theirs')),
      afterwards: () => clear('restored', 'restored-theirs'),
    },
  ];
  for (const operation of others) rows.push(line(title, operation, await both(operation, env)));
  clear('ours', 'theirs', 'machine', 'index', 'config', 'restored', 'restored-theirs');
  return rows;
}

function line(title: string, operation: Operation, { ours, theirs }: Side): string {
  const of = (side: readonly Used[], value: (used: Used) => number): number => median(side.map(value));
  const wall = (side: readonly Used[]): number => of(side, (used) => used.wallMs) / 1000;
  const cpu = (side: readonly Used[]): number => of(side, (used) => used.cpuSeconds);
  const peak = (side: readonly Used[]): string => largest(side.map((used) => used.peakMiB)).toFixed(0);
  const text = `| ${title} | ${operation.name} | ${wall(ours).toFixed(2)} / ${wall(theirs).toFixed(2)} | **${(wall(ours) / wall(theirs)).toFixed(2)}** | ${operation.gate} | ${cpu(ours).toFixed(2)} / ${cpu(theirs).toFixed(2)} | ${(cpu(ours) / cpu(theirs)).toFixed(2)} | ${peak(ours)} / ${peak(theirs)} |`;
  process.stderr.write(`${text}\n`);
  return text;
}

function buildOracle(): string {
  const program = join(folder, 'oracle');
  const built = spawnSync('go', ['build', '-o', program, '.'], { cwd: join(root, 'tools/oracle/line-1.1'), stdio: ['ignore', 'inherit', 'inherit'] });
  if (built.status !== 0) throw new Error('the oracle needs Go, and was not built');
  return program;
}

mkdirSync(folder, { recursive: true });
const names = process.argv.slice(2);
const programs = { cli: buildCli(), oracle: buildOracle() };
const before = loadavg()[0] ?? 0;
const rows: string[] = [];
for (const corpus of [big(scale), small(scale), tree()]) {
  if (names.length > 0 ? !names.includes(corpus.name) : corpus.name === 'tree') continue;
  for (const encrypted of [false, true]) rows.push(...(await measure(corpus, encrypted, programs)));
}
if (kept === undefined) rmSync(folder, { recursive: true, force: true });
process.stdout.write(
  `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}; corpora at ${scale} of their size, ${turns} turns. Load of the machine: ${before.toFixed(1)} before, ${(loadavg()[0] ?? 0).toFixed(1)} after.\n\n`,
);
process.stdout.write(
  `| corpus | operation | wall, s: ours / oracle | ratio | gate | processor, s: ours / oracle | ratio | peak, MiB: ours / oracle |\n| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n${rows.join('\n')}\n`,
);
process.exit(0);
