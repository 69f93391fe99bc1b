import { existsSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { type Api, createApi } from '@wardrobe/api';
import type { MachineReport } from '@wardrobe/machine-cache';
import { type DataFolder, type KeyRing, lockFolder, openDataFolder, openKeyRing, type ProcessLock } from '@wardrobe/db';
import { allowedHosts, baseUrlFor } from './address.js';
import type { ServerOptions } from './arguments.js';
import { type Database, openDatabase } from './database.js';
import { addDemo, demoFolder } from './demo.js';
import type { ServerEnvironment } from './env.js';
import { Gateway } from './gateway.js';
import { closeServer, listen, listenForAdmin } from './listen.js';
import type { Log } from './log.js';
import { openPages } from './pages.js';
import { originsOf } from './security.js';

/** Where the parts of the installation lie. */
export type Installation = {
  readonly version: string;
  readonly migrations: string;
  readonly worker: URL;
  readonly webFolder: string;
  readonly fixtures: string;
};
export type StartOptions = {
  readonly options: ServerOptions;
  readonly environment: ServerEnvironment;
  readonly installation: Installation;
  readonly log: Log;
  readonly say: (line: string) => void;
};
export type RunningServer = {
  readonly baseUrl: string;
  readonly port: number;
  readonly stop: () => Promise<void> /** Settles when the built-in database ends. */;
  readonly databaseEnded: Promise<void>;
};

/** How long answers under way may take when the console stops. */
const GRACE_MS = 5_000;

/** Undoes, last first, what was begun. Every step is tried; the first failure is rethrown at the end. */
class Undo {
  private readonly steps: (() => Promise<void> | void)[] = [];

  add(step: () => Promise<void> | void): void {
    this.steps.push(step);
  }

  async run(): Promise<void> {
    const failures: unknown[] = [];
    for (let step = this.steps.pop(); step !== undefined; step = this.steps.pop()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

/** Starts everything in order; what was begun is undone when a step fails. @throws StartError */
export async function startServer(start: StartOptions): Promise<RunningServer> {
  const undo = new Undo();
  try {
    return await startSteps(start, undo);
  } catch (error) {
    await undo.run().catch((failure: unknown) => start.log('error', `while giving up: ${String(failure)}`));
    throw error;
  }
}

async function startSteps(start: StartOptions, undo: Undo): Promise<RunningServer> {
  const { options, environment, installation, log, say } = start;
  const { data, keys } = openFolder(start, undo);
  const gateway = new Gateway(log);
  // First the port: a taken one is known at once, and browsers are told to wait instead of being refused.
  const { server, port } = await listen(options, gateway.handle);
  undo.add(() => closeServer(server, GRACE_MS));
  const database = await openDatabase({ data, keys, environment, migrations: installation.migrations, log, say });
  undo.add(() => database.close());
  const site = siteOf(options, port, environment.allowedHosts);
  const api = openApi({ ...start, data, keys, database, site });
  undo.add(() => api.stop());
  const pages = await openPages({ folder: installation.webFolder, host: options.host, port, slot: { caller: (headers) => api.caller(headers) } });
  if (pages === null) say('The pages are not built: only the api is served. Run npm start, which builds them.');
  else undo.add(() => pages.close());
  const admin = await listenForAdmin(data.adminSocket, (request, response) => api.adminHandler(request, response));
  undo.add(async () => {
    await closeServer(admin.server, GRACE_MS);
    rmSync(admin.path, { force: true });
  });
  await api.start();
  gateway.open({ api: (request, response) => api.handle(request, response), pages: pages?.handle ?? null }, site);
  undo.add(() => {
    log('info', 'stopping');
    gateway.close();
  });
  if (options.demo) await demonstrate(start, data, api);
  await greet(api, site.baseUrl, say);
  return { baseUrl: site.baseUrl, port, databaseEnded: database.ended, stop: once(() => undo.run()) };
}

function openFolder({ options, environment }: StartOptions, undo: Undo): { data: DataFolder; keys: KeyRing } {
  const data = openDataFolder(options.data ?? environment.dataFolder);
  const lock: ProcessLock = lockFolder(data.path);
  undo.add(() => lock.release());
  return { data, keys: openKeyRing(data, environment.keyFile) };
}

type Site = {
  readonly baseUrl: string;
  readonly secure: boolean;
  readonly hosts: readonly string[];
  readonly allowedHosts: ReadonlySet<string>;
  readonly allowedOrigins: ReadonlySet<string>;
};

function siteOf(options: ServerOptions, port: number, further: readonly string[]): Site {
  const baseUrl = baseUrlFor(options, port);
  const secure = options.tls !== null || options.behindProxy;
  const hosts = allowedHosts(options, port, further);
  return {
    baseUrl,
    secure,
    hosts,
    allowedHosts: new Set(hosts),
    allowedOrigins: new Set(originsOf(hosts, { baseUrl, secure, behindProxy: options.behindProxy })),
  };
}

function openApi({
  options,
  environment,
  installation,
  log,
  say,
  data,
  keys,
  database,
  site,
}: StartOptions & { data: DataFolder; keys: KeyRing; database: Database; site: Site }): Api {
  const roots = environment.storeRoots.length > 0 ? [...environment.storeRoots] : defaultStoreRoots();
  say(`Stores may lie below ${roots.join(', ')}${environment.storeRoots.length > 0 ? '' : ' (WARDROBE_STORE_ROOTS names others)'}.`);
  // A demonstration added by an earlier start stays readable.
  if (options.demo || existsSync(demoFolder(data.path))) roots.push(demoFolder(data.path));
  return createApi({
    db: database.db,
    dataDirectory: data.path,
    sealer: keys.sealer,
    log,
    config: {
      baseUrl: site.baseUrl,
      allowedHosts: site.hosts,
      secure: site.secure,
      demo: options.demo,
      storeRoots: roots,
      restoreRoots: environment.restoreRoots,
      restorePrivileges: environment.restorePrivileges,
      version: installation.version,
      behindProxy: options.behindProxy,
      workerUrl: installation.worker,
    },
  });
}

/** Where people keep backups, as far as it is there: their home folder and the usual places of disks and shares. */
function defaultStoreRoots(): string[] {
  return [homedir(), '/srv', '/mnt', '/media', '/backup', '/var/backups', '/Volumes'].filter((folder) => existsSync(folder));
}

async function demonstrate({ installation, say }: StartOptions, data: DataFolder, api: Api): Promise<void> {
  const actions = {
    addStore: async (store: { name: string; location: string }) => void (await api.addStore(store)),
    importReport: async (report: MachineReport) => void (await api.importReport(report)),
  };
  await addDemo({ fixtures: installation.fixtures, dataFolder: data.path, actions, now: new Date(), say });
}

async function greet(api: Api, baseUrl: string, say: (line: string) => void): Promise<void> {
  const link = await api.setupLink();
  say(`\nWardrobe is at ${baseUrl}`);
  if (link !== null) say(`\nFirst start: make the administrator's account here (works once, for one hour):\n  ${link}`);
}

function once(work: () => Promise<void>): () => Promise<void> {
  let result: Promise<void> | null = null;
  return () => (result ??= work());
}
