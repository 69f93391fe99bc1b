import { type ChildProcess, spawn } from 'node:child_process';
import { chownSync, closeSync, existsSync, openSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning, postgresProcessesIn } from '../data/processes.js';
import { StartError } from '../data/start-error.js';
import type { Binaries } from './binaries.js';
import type { Places } from './places.js';

const FAST_STOP_MS = 30_000;
const HARD_STOP_MS = 5_000;
const LOG_LIMIT_BYTES = 10 * 1024 * 1024;

/** Settings given on the command line, so that the cluster's files stay as initdb wrote them. */
const SETTINGS: readonly string[] = [
  'listen_addresses=',
  'port=5432',
  'unix_socket_permissions=0700',
  'max_connections=50',
  'shared_buffers=64MB',
  'max_wal_size=512MB',
  'wal_level=minimal',
  'max_wal_senders=0',
  // Containers often have 64 MB of shared memory only; nothing here needs parallel plans or compiled expressions.
  'max_parallel_workers_per_gather=0',
  'jit=off',
  'log_timezone=UTC',
  'timezone=UTC',
  'log_min_messages=warning',
  'password_encryption=scram-sha-256',
];

/** Makes the cluster when there is none: aside, then renamed, so that a cluster that is there is whole. Passwords from the first moment, never `trust`. */
export async function initCluster(places: Places, binaries: Binaries, password: string): Promise<void> {
  for (const name of readdirSync(places.home)) if (name.startsWith('cluster.new')) rmSync(join(places.home, name), { recursive: true, force: true });
  const aside = join(places.home, `cluster.new-${process.pid}`);
  const passwordFile = join(places.home, `.password-${process.pid}`);
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  try {
    if (places.user !== null) chownSync(passwordFile, places.user.uid, places.user.gid);
    const args = [
      '-D',
      aside,
      '-U',
      'postgres',
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--locale=C',
    ];
    const { code, output } = await run(binaries.initdb, args, places);
    if (code !== 0) throw new StartError(`The database could not be made in ${places.home}: ${lastLines(output)}`);
    renameSync(aside, places.cluster);
  } finally {
    rmSync(passwordFile, { force: true });
  }
}

/** The cluster's major version against the programs'. @throws StartError */
export function checkClusterVersion(places: Places, binaries: Binaries): void {
  const found = readFileSync(join(places.cluster, 'PG_VERSION'), 'utf8').trim();
  const have = binaries.version.split('.')[0] ?? '';
  if (found !== have) {
    throw new StartError(
      `The database in ${places.cluster} was made by PostgreSQL ${found}; this Wardrobe brings PostgreSQL ${have}. Start the version of Wardrobe that made it, dump the database, and load it into the new one (docs: "Upgrading the database").`,
    );
  }
}

/**
 * Ends a server that a dead console left on this cluster, so that the new one starts clean. Only processes whose name is `postgres` and whose
 * working directory is the cluster are touched: a pid in `postmaster.pid` alone proves nothing. Answers the pid of the server that was ended.
 */
export async function endOrphans(places: Places): Promise<number | null> {
  const pidFile = join(places.cluster, 'postmaster.pid');
  const postmaster = existsSync(pidFile) ? Number.parseInt(readFileSync(pidFile, 'utf8'), 10) : Number.NaN;
  const running = (): number[] => postgresProcessesIn(places.cluster);
  const found = running();
  const leader = found.includes(postmaster) ? postmaster : null;
  if (leader !== null) await signalAndWait([leader], 'SIGINT', { ms: FAST_STOP_MS, running });
  // Backends whose postmaster was killed end by themselves within a moment.
  if (leader === null && running().length > 0) await waitUntil(() => running().length === 0, HARD_STOP_MS);
  if (running().length > 0) await signalAndWait(running(), 'SIGQUIT', { ms: HARD_STOP_MS, running });
  if (running().length > 0) await signalAndWait(running(), 'SIGKILL', { ms: HARD_STOP_MS, running });
  if (running().length > 0)
    throw new StartError(`The database left by an earlier start does not end (processes ${running().join(', ')}). End them and start again.`);
  // With no server on the cluster its pid files are leftovers; PostgreSQL would refuse them if their pid belongs to another program now.
  rmSync(pidFile, { force: true });
  for (const name of ['.s.PGSQL.5432', '.s.PGSQL.5432.lock']) rmSync(join(places.run, name), { force: true });
  return leader;
}

async function signalAndWait(pids: readonly number[], signal: NodeJS.Signals, wait: { ms: number; running: () => number[] }): Promise<void> {
  for (const pid of pids) if (isRunning(pid)) process.kill(pid, signal);
  await waitUntil(() => wait.running().length === 0, wait.ms);
}

async function waitUntil(done: () => boolean, ms: number): Promise<void> {
  const end = Date.now() + ms;
  while (!done() && Date.now() < end) await sleep(50);
}

export type ServerProcess = { readonly child: ChildProcess; readonly exited: Promise<number | null> };

/** Starts the server in a process group of its own: Ctrl-C in the terminal reaches the console only, which then stops the server in order. */
export function startServer(places: Places, binaries: Binaries): ServerProcess {
  if (existsSync(places.log) && statSync(places.log).size > LOG_LIMIT_BYTES) renameSync(places.log, `${places.log}.1`);
  const log = openSync(places.log, 'a', 0o600);
  const args = ['-D', places.cluster, '-k', places.run, ...SETTINGS.flatMap((setting) => ['-c', setting])];
  const child = spawn(binaries.postgres, args, { ...spawnOptions(places), stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => reject(new StartError(`The database's program could not be started: ${error.message}`, { cause: error })));
    child.once('exit', (code) => resolve(code));
  });
  // Somebody always awaits this later; until then a failure must not count as unhandled.
  exited.catch(() => undefined);
  return { child, exited };
}

/** Fast stop (running statements are undone, everything acknowledged is on disk); harder after a while. */
export async function stopServer({ child, exited }: ServerProcess): Promise<void> {
  for (const [signal, ms] of [
    ['SIGINT', FAST_STOP_MS],
    ['SIGQUIT', HARD_STOP_MS],
    ['SIGKILL', HARD_STOP_MS],
  ] as const) {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    const timer = new AbortController();
    await Promise.race([exited, sleep(ms, undefined, { signal: timer.signal }).catch(() => undefined)]);
    timer.abort();
  }
}

export function lastLines(text: string): string {
  return text.trim().split('\n').slice(-5).join(' | ');
}

export function lastLogLines(places: Places): string {
  return existsSync(places.log) ? lastLines(readFileSync(places.log, 'utf8').slice(-4000)) : 'no log';
}

function spawnOptions(places: Places): { cwd: string; env: NodeJS.ProcessEnv; uid?: number; gid?: number } {
  // Nothing of our environment is the database's business: DATABASE_URL and passphrases may be in it.
  const env = { NODE_ENV: 'production' as const, PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', HOME: places.home };
  return { cwd: places.home, env, ...(places.user === null ? {} : { uid: places.user.uid, gid: places.user.gid }) };
}

async function run(program: string, args: readonly string[], places: Places): Promise<{ code: number | null; output: string }> {
  const child = spawn(program, args, { ...spawnOptions(places), stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-20_000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, output };
}
