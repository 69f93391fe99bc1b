import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildServer, HOOKS } from './folders.js';

export type Delay = { readonly p50: number; readonly p99: number; readonly max: number; readonly peakMiB: number };

/** The real server process on a database of its own, an administrator signed in. */
export type RunningConsole = {
  readonly baseUrl: string;
  readonly cookie: string;
  query<T>(procedure: string, input?: unknown): Promise<T>;
  mutate<T>(procedure: string, input: unknown): Promise<T>;
  /** Forgets the delays of the event loop so far. */
  resetDelay(): void;
  readDelay(): Promise<Delay>;
  stop(): Promise<void>;
};

const PASSWORD = 'a password for measuring';
const START_MS = 120_000;

export async function startConsole(storeRoots: readonly string[], options: { readonly pages?: boolean } = {}): Promise<RunningConsole> {
  const server = buildServer(options);
  const folder = mkdtempSync(join(tmpdir(), 'wardrobe-bench-console-'));
  // Started by root, the database runs as a user of its own, which must pass through.
  chmodSync(folder, 0o711);
  const home = join(folder, 'pg');
  mkdirSync(home, { mode: 0o755 });
  const env = { ...process.env, WARDROBE_DATA: join(folder, 'data'), WARDROBE_PG_HOME: home, WARDROBE_STORE_ROOTS: storeRoots.join(':') };
  const child = spawn(process.execPath, [...profiling(), '--import', HOOKS.delay, server, '--port', '0'], { env, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  try {
    const link = await setupLink(child);
    const baseUrl = link.origin;
    const token = new URLSearchParams(link.hash.slice(1)).get('token') ?? '';
    const input = { setupToken: token, name: 'Bench', email: 'bench@example.org', password: PASSWORD };
    const answer = await post(`${baseUrl}/api/trpc/session.setUp`, { input, cookie: '', baseUrl });
    const cookie = (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
    return connected({ child, baseUrl, cookie, stop });
  } catch (error) {
    await stop();
    throw error;
  }

  async function stop(): Promise<void> {
    if (child.exitCode === null) child.kill('SIGTERM');
    await exited;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `BENCH_PROFILE`: a folder for processor profiles of all threads of the server. */
function profiling(): string[] {
  const folder = process.env['BENCH_PROFILE'];
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`];
}

function connected(parts: {
  readonly child: ChildProcess;
  readonly baseUrl: string;
  readonly cookie: string;
  readonly stop: () => Promise<void>;
}): RunningConsole {
  const { child, baseUrl, cookie, stop } = parts;
  return {
    baseUrl,
    cookie,
    stop,
    async query(procedure, input) {
      const suffix = input === undefined ? '' : `?input=${encodeURIComponent(JSON.stringify(input))}`;
      return unwrap(procedure, await fetch(`${baseUrl}/api/trpc/${procedure}${suffix}`, { headers: { cookie } }));
    },
    mutate: async (procedure, input) => unwrap(procedure, await post(`${baseUrl}/api/trpc/${procedure}`, { input, cookie, baseUrl })),
    resetDelay: () => void child.send('reset'),
    readDelay() {
      return new Promise((resolve) => {
        child.once('message', (message) => resolve(message as Delay));
        child.send('read');
      });
    },
  };
}

function post(url: string, options: { readonly input: unknown; readonly cookie: string; readonly baseUrl: string }): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    body: JSON.stringify(options.input),
    headers: { 'content-type': 'application/json', origin: options.baseUrl, cookie: options.cookie },
  });
}

async function unwrap<T>(procedure: string, response: Response): Promise<T> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${procedure} answered ${response.status}: ${text.slice(0, 400)}`);
  const body = JSON.parse(text) as { readonly result: { readonly data: T } };
  return body.result.data;
}

/** What the server prints at its very first start. */
function setupLink(child: ChildProcess): Promise<URL> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the server printed no set-up link')), START_MS);
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)));
    if (child.stdout === null) throw new TypeError('the server has no standard output');
    createInterface({ input: child.stdout }).on('line', (text) => {
      const found = /https?:\/\/\S+#token=\S+/.exec(text)?.[0];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(new URL(found));
    });
  });
}

type StoreAnswer = { readonly id: string; readonly readAt: string | null };

/** Adds a store and waits until its first reading ended. */
export async function addStore(console: RunningConsole, store: { readonly name: string; readonly location: string }): Promise<string> {
  const { id } = await console.mutate<StoreAnswer>('stores.add', { ...store, refreshIntervalSeconds: 86_400 });
  await readingEnds(console, id);
  return id;
}

type JobAnswer = { readonly state: string; readonly problem: unknown };

/** Waits until no job of the store is under way. @throws Error the last one failed */
export async function readingEnds(console: RunningConsole, storeId: string): Promise<void> {
  for (;;) {
    const [last] = await console.query<readonly JobAnswer[]>('jobs.list', { storeId });
    if (last !== undefined && last.state !== 'running' && last.state !== 'waiting' && last.state !== 'queued') {
      if (last.state !== 'done') throw new Error(`the reading ended as ${last.state}: ${JSON.stringify(last.problem)}`);
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
