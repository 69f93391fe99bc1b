import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** Bundles the server, as `npm start` does. */
export function buildServer(): void {
  execFileSync(process.execPath, [fileURLToPath(new URL('../build.mjs', import.meta.url))], { stdio: ['ignore', 'ignore', 'inherit'] });
}

export type Program = {
  readonly child: ChildProcess;
  readonly output: () => string /** Settles with the address, or rejects when it ends first. */;
  readonly ready: Promise<string>;
  readonly exit: Promise<number | null>;
  readonly stop: () => Promise<number | null>;
};
export type Place = {
  readonly data: string;
  readonly start: (words: readonly string[], env?: Record<string, string>) => Program;
  readonly remove: () => Promise<void>;
};

/** A data folder in a 0700 folder, and the console started on it as a program of its own. Programs left running end with `remove`. */
export function makePlace(): Place {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'wardrobe-server-')));
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'wardrobe-server-pg-')));
  const data = join(folder, 'data');
  const started: Program[] = [];
  return {
    data,
    start(words, env = {}) {
      const program = launch(['--data', data, '--port', '0', ...words], { WARDROBE_PG_HOME: home, ...env });
      started.push(program);
      return program;
    },
    async remove() {
      await Promise.all(started.map((program) => program.stop()));
      for (const path of [folder, home]) rmSync(path, { recursive: true, force: true });
    },
  };
}

function launch(words: readonly string[], env: Record<string, string>): Program {
  const child = spawn(process.execPath, [MAIN, ...words], {
    env: { ...process.env, NODE_ENV: 'production', DATABASE_URL: '', WARDROBE_KEY_FILE: '', WARDROBE_STORE_ROOTS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let found: ((address: string) => void) | null = null;
  const ready = new Promise<string>((resolve, reject) => {
    found = resolve;
    child.once('close', (code) => reject(new Error(`the console ended with ${code}: ${output}`)));
  });
  ready.catch(() => undefined);
  const take = (chunk: Buffer): void => {
    output += chunk.toString();
    const address = /Wardrobe is at (\S+)/.exec(output)?.[1];
    if (address !== undefined) found?.(address);
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  const stop = async (): Promise<number | null> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    return exit;
  };
  return { child, output: () => output, ready, exit, stop };
}

export type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string };

/** One request; `socketPath` asks the admin socket. */
export function ask(
  address: string,
  options: {
    readonly method?: string;
    readonly headers?: Record<string, string>;
    readonly body?: unknown;
    readonly socketPath?: string;
    readonly ca?: string;
  } = {},
): Promise<Answer> {
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  // As a page of the console sends it; programs send a token instead.
  const origin = body !== undefined && options.socketPath === undefined ? { origin: new URL(address).origin } : {};
  const headers = { ...origin, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...options.headers };
  const given: RequestOptions & { ca?: string } = {
    method: options.method ?? 'GET',
    headers,
    ...(options.socketPath === undefined ? {} : { socketPath: options.socketPath }),
    ...(options.ca === undefined ? {} : { ca: options.ca }),
  };
  return new Promise((resolve, reject) => {
    const sent = (address.startsWith('https:') ? httpsRequest : httpRequest)(address, given, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** A command as `wardrobe admin` sends it. */
export async function admin(place: Place, path: string, body: unknown = {}): Promise<unknown> {
  const answer = await ask(`http://console${path}`, { method: 'POST', body, socketPath: join(place.data, 'admin.sock') });
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.body}`);
  return JSON.parse(answer.body);
}
