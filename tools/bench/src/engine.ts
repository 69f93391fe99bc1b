import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, truncateSync, utimesSync } from 'node:fs';
import { cpus, loadavg, totalmem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildCli } from './folders.js';
import { outputOf, row, runProgram, type Side } from './side-by-side.js';
import { big, type Corpus, ensureCorpus, small, tree } from './stores/corpora.js';

/**
 * `npm run engine --workspace @wardrobe/bench [-- big small tree]`: the engine beside the oracle (tools/oracle, line 1.1), in turn, on the corpora of fixed
 * seeds; and beside restic, where that is installed, on the encrypted small files. Prints the table as markdown. Needs Go.
 * `BENCH_SCALE` (default 1): part of the corpora; `BENCH_WITHOUT`: operations left out, `check,check --fast`; `BENCH_TURNS` (default 3); `BENCH_STORES`: a folder that keeps the corpora between runs.
 */
const PASSPHRASE = 'correct horse battery staple 42';
const scale = Number(process.env['BENCH_SCALE'] ?? 1);
const turns = Number(process.env['BENCH_TURNS'] ?? 3);
const kept = process.env['BENCH_STORES'];
/** Names of operations to leave out: the oracle needs minutes for some. */
const left = new Set((process.env['BENCH_WITHOUT'] ?? '').split(',').map((name) => name.trim()));
const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = kept ?? join(tmpdir(), `wardrobe-bench-${process.pid}`);
/** What changes: were it beside the corpora, the folder above them would change too, and every snapshot had a tree of its own. */
const work = join(folder, 'work');
/** Restored trees that are removed at the end. */
let asideCount = 0;
const hasRestic = spawnSync('restic', ['version'], { stdio: 'ignore' }).status === 0;

type Programs = { readonly cli: string; readonly oracle: string };
/** `gate` '': none. `before`, `afterwards`: around each turn, not measured. */
type Operation = {
  readonly name: string;
  readonly gate: string;
  readonly ours: readonly string[];
  readonly theirs: readonly string[];
  readonly restic?: readonly string[] | null;
  readonly resticGate?: string;
  readonly before?: () => Promise<void>;
  readonly afterwards?: () => void;
};
type Bench = {
  readonly title: string;
  readonly isBig: boolean;
  readonly encrypted: boolean;
  readonly source: string;
  readonly env: NodeJS.ProcessEnv;
  at(name: string): string;
  clear(...names: string[]): void;
  /** As `clear`, later: files that are made soon after many others were removed cost ext4 a look at each of those. */
  setAside(...names: string[]): void;
  cli(...args: string[]): string[];
  oracle(command: string, ...args: string[]): string[];
  /** Null where restic is not to be measured. */
  restic(...args: string[]): string[] | null;
};

function benchOf(corpus: Corpus, encrypted: boolean, programs: Programs): Bench {
  const at = (name: string): string => join(work, name);
  const env = {
    WARDROBE_INDEX: at('index'),
    WARDROBE_CONFIG: at('config'),
    PLAKAR_PASSPHRASE: PASSPHRASE,
    ORACLE_PASSPHRASE: PASSPHRASE,
    RESTIC_PASSWORD: PASSPHRASE,
  };
  return {
    title: `${corpus.name}${encrypted ? ', encrypted' : ''}`,
    isBig: corpus.name === 'big',
    encrypted,
    source: ensureCorpus(folder, corpus, scale),
    env,
    at,
    clear: (...names) => names.forEach((name) => void rmSync(at(name), { recursive: true, force: true })),
    setAside: (...names) => names.forEach((name) => void renameSync(at(name), at(`aside-${asideCount++}`))),
    cli: (...args) => [process.execPath, programs.cli, 'at', at('ours'), ...args],
    oracle: (command, ...args) => [programs.oracle, command, '-store', at('theirs'), '-cache', at('machine'), ...args],
    restic: (...args) =>
      hasRestic && encrypted && corpus.name !== 'big' ? ['restic', '-q', '-r', at('restic'), '--cache-dir', at('restic-cache'), ...args] : null,
  };
}

async function measure(bench: Bench): Promise<string[]> {
  const { at, cli, clear, oracle, setAside, source } = bench;
  const rows: string[] = [];
  const backup = { name: 'backup', gate: bench.isBig ? '0.9' : '0.6', ours: cli('backup', source), theirs: oracle('backup', '-path', source) };
  const first = { ...backup, restic: bench.restic('backup', source), resticGate: '1.2', before: () => createStores(bench) };
  rows.push(...(await compare(bench, first)));
  const operations: Operation[] = [
    { ...backup, name: 'backup unchanged', gate: '0.4' },
    { name: 'check', gate: '0.5', ours: cli('check'), theirs: oracle('check', '-library'), restic: bench.restic('check', '--read-data'), resticGate: '1.2' },
    { name: 'check --fast', gate: '0.2', ours: cli('check', '--fast'), theirs: oracle('check', '-library', '-fast') },
    {
      name: 'restore',
      gate: bench.isBig ? '1.0' : '0.7',
      ours: cli('restore', '--to', at('restored')),
      theirs: oracle('restore', '-exporter', '-to', at('restored-theirs')),
      afterwards: () => setAside('restored', 'restored-theirs'),
    },
  ];
  for (const operation of operations) rows.push(...(await compare(bench, operation)));
  rows.push(...(await measureChanged(bench)));
  clear('ours', 'theirs', 'machine', 'index', 'config', 'restic', 'restic-cache');
  return rows;
}

async function createStores({ clear, cli, encrypted, env, oracle, restic }: Bench): Promise<void> {
  clear('ours', 'theirs', 'machine', 'index', 'restic', 'restic-cache');
  const init = restic('init');
  await runProgram(cli('create', '--line', '1.1', ...(encrypted ? [] : ['--plaintext'])), { env, folder: work });
  await runProgram([...oracle('create'), ...(encrypted ? ['-kdf', 'ARGON2ID'] : [])], { env, folder: work });
  if (init !== null) await runProgram(init, { env, folder: work });
}

/** What needs two snapshots: one file changes between them; and the tidying up after the older one is removed. */
async function measureChanged(bench: Bench): Promise<string[]> {
  const { cli, env, oracle, source } = bench;
  const undo = changeOneFile(source);
  try {
    await runProgram(cli('backup', source), { env, folder: work });
    await runProgram(oracle('backup', '-path', source), { env, folder: work });
  } finally {
    undo();
  }
  const ours = ids(outputOf(cli('ls', '--json', '--uuid'), env));
  const theirs = ids(outputOf(oracle('ls'), env));
  const [newest = '', older = ''] = ours;
  const rows = await compare(bench, { name: 'ls --recursive', gate: '1.0', ours: cli('ls', '--recursive', `${newest}:/`), theirs: oracle('walk') });
  rows.push(...(await compare(bench, { name: 'diff, 1 file changed ¹', gate: '0.2', ours: cli('diff', older, newest), theirs: oracle('diff') })));
  await runProgram(cli('rm', ...ours.slice(1), '--apply'), { env, folder: work });
  for (const id of theirs.slice(1)) await runProgram(oracle('rm', '-snapshot', id), { env, folder: work });
  const maintenance = { ours: cli('maintenance', '--apply', '--grace', '0s'), theirs: oracle('maintenance', '-grace', '0s') };
  return [...rows, ...(await compare(bench, { name: 'maintenance ²', gate: '0.5', ...maintenance }))];
}

/** A few bytes more in one file; returns what takes them away again. */
function changeOneFile(source: string): () => void {
  const name = readdirSync(source, { recursive: true, encoding: 'utf8' }).find((path) => statSync(join(source, path)).isFile());
  if (name === undefined) throw new Error(`no file in ${source}`);
  const path = join(source, name);
  const { atime, mtime, size } = statSync(path);
  appendFileSync(path, 'changed');
  return () => {
    truncateSync(path, size);
    utimesSync(path, atime, mtime);
  };
}

/** Ids of snapshots, newest first, as both programs list them. */
function ids(output: string): string[] {
  return output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { readonly id?: string; readonly snapshot?: string })
    .flatMap(({ id, snapshot }) => id ?? snapshot ?? []);
}

/** One row; two where restic is measured as well. */
async function compare({ env, title }: Bench, operation: Operation): Promise<string[]> {
  if (left.has(operation.name.replace(/ [¹²]$/, ''))) return [];
  const sides = { ours: [] as Side, theirs: [] as Side, restic: [] as Side };
  const run = (command: readonly string[]): ReturnType<typeof runProgram> => runProgram(command, { env, folder: work });
  for (let turn = 0; turn < turns; turn += 1) {
    await operation.before?.();
    sides.ours.push(await run(operation.ours));
    sides.theirs.push(await run(operation.theirs));
    if (operation.restic) sides.restic.push(await run(operation.restic));
    operation.afterwards?.();
  }
  const rows = [row(title, operation, sides)];
  if (operation.restic)
    rows.push(row(title, { name: `${operation.name} (beside restic)`, gate: operation.resticGate ?? '' }, { ours: sides.ours, theirs: sides.restic }));
  for (const line of rows) process.stderr.write(`${line}\n`);
  return rows;
}

function buildOracle(): string {
  const program = join(folder, 'oracle');
  const built = spawnSync('go', ['build', '-o', program, '.'], { cwd: join(root, 'tools/oracle/line-1.1'), stdio: ['ignore', 'inherit', 'inherit'] });
  if (built.status !== 0) throw new Error('the oracle needs Go, and was not built');
  return program;
}

mkdirSync(work, { recursive: true });
const names = process.argv.slice(2);
const programs = { cli: buildCli(), oracle: buildOracle() };
const before = loadavg()[0] ?? 0;
const rows: string[] = [];
for (const corpus of [big(scale), small(scale), tree()]) {
  if (names.length > 0 ? !names.includes(corpus.name) : corpus.name === 'tree') continue;
  for (const encrypted of [false, true]) rows.push(...(await measure(benchOf(corpus, encrypted, programs))));
}
rmSync(kept === undefined ? folder : work, { recursive: true, force: true });
process.stdout.write(
  `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}; corpora at ${scale} of their size, ${turns} turns. Load of the machine: ${before.toFixed(1)} before, ${(loadavg()[0] ?? 0).toFixed(1)} after.\n\n`,
);
process.stdout.write(
  `| corpus | operation | wall, s: ours / theirs | ratio | gate | processor, s: ours / theirs | ratio | peak, MiB: ours / theirs |\n| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n${rows.join('\n')}\n`,
);
process.stdout.write(
  `\n¹ The oracle tells contents apart by their objects; plakar's program reads all of them. ² After the removal of all snapshots but one: the first turn schedules, the second removes, the others find nothing to do.${hasRestic ? '' : ' restic is not installed: not measured.'}\n`,
);
process.exit(0);
