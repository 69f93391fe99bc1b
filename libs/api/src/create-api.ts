import type { IncomingMessage, ServerResponse } from 'node:http';
import { type machineReport, type ReportAnswer, type StoreDto, storeInput } from '@wardrobe/contracts';
import { type Db, listAudit, pruneAttempts, pruneJobs, pruneReports, pruneSessions } from '@wardrobe/db';
import type { z } from 'zod';
import { handleAdmin } from './admin.js';
import type { ApiConfig, Clock, Log, Sealer } from './config.js';
import { EventBus } from './events.js';
import { sessionOfCookies } from './http/cookies.js';
import { handleRequest } from './http/handle.js';
import { bearerOf } from './http/request.js';
import { type Caller, createCaller } from './routers/app.js';
import { createAccounts } from './services/accounts.js';
import { CONSOLE, type Deps, now } from './services/deps.js';
import { createExplorer } from './services/explorer.js';
import { createJobs } from './services/jobs.js';
import { createLive } from './services/live.js';
import { createRefreshes } from './services/refresh.js';
import { Registry } from './services/registry.js';
import { createReports } from './services/reports.js';
import { createSnapshots } from './services/snapshots.js';
import { createStores } from './services/stores.js';
import { createTracking } from './services/tracking.js';
import type { Services } from './services/types.js';
import { createWork } from './services/work.js';
import { workerClient } from './workers/client.js';
import type { TextMethods } from './workers/text-role.js';

export type ApiOptions = {
  readonly db: Db;
  /** Indexes of stores lie below it. */
  readonly dataDirectory: string;
  readonly sealer: Sealer;
  readonly config: ApiConfig;
  readonly clock?: Clock;
  readonly log?: Log;
};

export interface Api {
  /** Answers everything below `/api/` and `/healthz`; false: not ours. Never rejects. */
  handle(req: IncomingMessage, res: ServerResponse): Promise<boolean>;
  /** The procedures in process, as the person whose cookie is in `headers`: for server components. */
  caller(headers: Headers): Promise<Caller>;
  /** For the 0600 unix socket (admin.ts tells the paths). */
  adminHandler(req: IncomingMessage, res: ServerResponse): Promise<void>;
  /** Begins the schedule of readings. */
  start(): Promise<void>;
  /** Ends readings, threads and timers; the database is the caller's. */
  stop(): Promise<void>;
  /** A fresh one-time address for the first admin; null once there is an account. */
  setupLink(): Promise<string | null>;
  /** For the demonstration: a report without a token. */
  importReport(report: z.input<typeof machineReport>): Promise<ReportAnswer>;
  /** For the demonstration and tests; answers after the first reading. Answers the store that is there already. */
  addStore(input: z.input<typeof storeInput>): Promise<StoreDto>;
}

const PRUNE_MS = 3_600_000;
const KEPT_MS = 30 * 86_400_000;

/** The whole API behind plain Node HTTP: one pool, one key ring, all heavy work on threads. */
export function createApi(options: ApiOptions): Api {
  const deps: Deps = { ...options, clock: options.clock ?? { nowMs: Date.now }, log: options.log ?? (() => undefined), bus: new EventBus() };
  const registry = new Registry(deps);
  const refreshes = createRefreshes(deps, registry);
  const accounts = createAccounts(deps);
  const tracking = createTracking(deps);
  const snapshots = createSnapshots(deps, tracking);
  const explorer = createExplorer(deps, { registry, snapshots });
  const reports = createReports(deps);
  const work = createWork(deps, { registry, refreshes, tracking });
  const stores = createStores(deps, { registry, refreshes, work });
  const text = workerClient<TextMethods>({
    url: deps.config.workerUrl,
    role: 'text',
    onCrash: (why) => deps.log('error', `the thread that colours text ended: ${why}`),
  });
  const services: Services = {
    accounts,
    stores,
    tracking,
    snapshots,
    explorer,
    jobs: createJobs(deps, { refreshes, work, registry }),
    audit: { list: (input) => auditEntries(deps, input) },
    live: createLive(deps),
  };
  const parts = {
    deps,
    accounts,
    services,
    tracking,
    reports,
    downloads: {
      explorer,
      bus: deps.bus,
      preview: (input: Parameters<TextMethods['preview']>[0], signal: AbortSignal) => text.call('preview', input, { signal }),
    },
  };
  let pruning: NodeJS.Timeout | null = null;

  return {
    handle: (req, res) => handleRequest(parts, req, res),
    async caller(headers) {
      const actor = await accounts.authenticate({
        session: sessionOfCookies(headers.get('cookie'), deps.config.secure),
        bearer: bearerOf(headers.get('authorization') ?? undefined),
        address: 'page',
      });
      return createCaller({ services, actor, address: 'page', setSession: null });
    },
    adminHandler: (req, res) => handleAdmin({ deps, accounts, services, reports, settled: (storeId) => refreshes.settled(storeId) }, req, res),
    async start() {
      await refreshes.start();
      await work.start();
      pruning = setInterval(() => {
        prune(deps).catch((error: unknown) => deps.log('warn', `old rows were not removed: ${error instanceof Error ? error.message : String(error)}`));
      }, PRUNE_MS);
      pruning.unref();
    },
    async stop() {
      if (pruning) clearInterval(pruning);
      await work.stop();
      await refreshes.stop();
      await Promise.all([registry.stop(), reports.stop(), text.stop()]);
    },
    setupLink: () => accounts.setupLink(),
    async importReport(report) {
      const bytes = Buffer.from(JSON.stringify(report), 'utf8');
      return reports.take(await reports.parse(bytes, false), { kind: 'demo' });
    },
    async addStore(input) {
      const parsed = storeInput.parse(input);
      const known = (await stores.list()).find(({ location, name }) => location === parsed.location || name === parsed.name);
      const store = known ?? (await stores.add(CONSOLE, parsed));
      await refreshes.settled(store.id);
      return stores.get(store.id);
    },
  };
}

async function auditEntries(
  deps: Deps,
  input: { limit: number; before?: string | undefined },
): Promise<{ id: string; at: string; who: string; what: string; about: string }[]> {
  const before = input.before !== undefined && /^\d{1,18}$/.test(input.before) ? input.before : undefined;
  return (await listAudit(deps.db, { limit: input.limit, before })).map((row) => ({ ...row, at: row.at.toISOString() }));
}

async function prune(deps: Deps): Promise<void> {
  const at = now(deps);
  const old = new Date(at.getTime() - KEPT_MS);
  await pruneSessions(deps.db, at);
  await pruneJobs(deps.db, old);
  await pruneReports(deps.db, old);
  await pruneAttempts(deps.db, new Date(at.getTime() - PRUNE_MS));
}
