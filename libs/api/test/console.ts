import { randomBytes } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createDb, createSealer, type Db, migrate } from '@wardrobe/db';
import { temporaryFolder } from '@wardrobe/testing';
import pg from 'pg';
import { inject } from 'vitest';
import { type Api, type ApiConfig, type ApiOptions, createApi } from '../src/index.js';

const MIGRATIONS = fileURLToPath(new URL('../../db/prisma/migrations', import.meta.url));

/** A running console on a database of its own. */
export type Console = {
  readonly api: Api;
  /** For another process on the same database. */
  readonly options: ApiOptions;
  readonly db: Db;
  readonly baseUrl: string;
  readonly logs: string[];
  /** The console's clock: real time plus this. */
  readonly clock: { offsetMs: number };
  readonly call: <T = unknown>(
    path: string,
    input?: unknown,
    options?: CallOptions,
  ) => Promise<{ status: number; data: T; problem: { code: string; sentence: string; next: string } | null; headers: Headers }>;
  readonly fetch: (path: string, init?: RequestInit & { cookie?: string | undefined }) => Promise<Response>;
  readonly admin: string;
  readonly stop: () => Promise<void>;
};
export type CallOptions = { readonly cookie?: string | undefined; readonly mutation?: boolean; readonly headers?: Record<string, string> };

export const PASSWORD = 'a long enough password';

export async function freshDatabase(): Promise<Db> {
  const server = inject('superuser');
  const owner = inject('owner');
  const name = `test_${randomBytes(6).toString('hex')}`;
  const client = new pg.Client({ ...server, database: 'postgres' });
  await client.connect();
  await client.query(`create database ${name} owner ${owner.user}`);
  await client.end();
  const target = { host: server.host, port: server.port, ...owner, database: name };
  await migrate(target, MIGRATIONS);
  return createDb(target);
}

export async function startConsole(config: Partial<ApiConfig> & { storeRoots: readonly string[] }): Promise<Console> {
  const db = await freshDatabase();
  const logs: string[] = [];
  const clock = { offsetMs: 0 };
  let api: Api | null = null;
  const server: Server = createServer((req, res) => {
    void api?.handle(req, res).then((ours) => {
      if (!ours) res.writeHead(404).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const options: ApiOptions = {
    db,
    dataDirectory: await temporaryFolder('api-data'),
    sealer: createSealer(randomBytes(32)),
    clock: { nowMs: () => Date.now() + clock.offsetMs },
    log: (level, message) => void logs.push(`${level} ${message}`),
    config: { baseUrl, secure: false, demo: false, version: '0.1.0', workerUrl: pathToFileURL(inject('workerFile')), ...config },
  };
  api = createApi(options);
  const running = api;
  const fetchIt: Console['fetch'] = (path, { cookie, ...init } = {}) =>
    fetch(`${baseUrl}${path}`, { ...init, headers: { ...(cookie === undefined ? {} : { cookie }), ...(init.headers as Record<string, string> | undefined) } });
  const call: Console['call'] = async (path, input, { cookie, mutation = false, headers = {} } = {}) => {
    const query = input === undefined || mutation ? '' : `?input=${encodeURIComponent(JSON.stringify(input))}`;
    const init: RequestInit = mutation
      ? { method: 'POST', body: JSON.stringify(input ?? {}), headers: { 'content-type': 'application/json', origin: baseUrl, ...headers } }
      : { headers };
    const response = await fetchIt(`/api/trpc/${path}${query}`, { ...init, cookie });
    const body = (await response.json()) as {
      result?: { data: unknown };
      error?: { data: { problem: { code: string; sentence: string; next: string } } };
      problem?: { code: string; sentence: string; next: string };
    };
    return { status: response.status, data: body.result?.data as never, problem: body.error?.data.problem ?? body.problem ?? null, headers: response.headers };
  };
  const admin = await signUp(running, call);
  return {
    api: running,
    options,
    db,
    baseUrl,
    logs,
    clock,
    call,
    fetch: fetchIt,
    admin,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await running.stop();
      await db.close();
    },
  };
}

async function signUp(api: Api, call: Console['call']): Promise<string> {
  const link = await api.setupLink();
  const setupToken = link?.split('#token=')[1] ?? '';
  const answer = await call('session.setUp', { setupToken, name: 'Ada', email: 'ada@example.org', password: PASSWORD }, { mutation: true });
  if (answer.status !== 200) throw new Error(`set-up failed: ${JSON.stringify(answer.problem)}`);
  return cookieOf(answer.headers);
}

export function cookieOf(headers: Headers): string {
  return (headers.get('set-cookie') ?? '').split(';')[0] ?? '';
}

/** A raw request whose headers are not touched (fetch forbids Host and Origin). */
export function rawRequest(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string | Uint8Array },
): Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer; complete: boolean }> {
  return new Promise((resolve, reject) => {
    const req = request(url, { method: options.method ?? 'GET', headers: options.headers ?? {} }, (res) => {
      const pieces: Buffer[] = [];
      const done = (): void => resolve({ status: res.statusCode ?? 0, headers: res.headers, body: Buffer.concat(pieces), complete: res.complete });
      res.on('data', (piece: Buffer) => pieces.push(piece));
      res.on('end', done);
      res.on('error', done);
      res.on('close', done);
    });
    req.on('error', reject);
    req.end(options.body);
  });
}
