import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { DataFolder } from '../data/data-folder.js';
import type { KeyRing } from '../data/key-file.js';
import { lockFolder, type ProcessLock } from '../data/process-lock.js';
import { StartError } from '../data/start-error.js';
import type { DbTarget } from '../db.js';
import { locateBinaries } from './binaries.js';
import { noteCluster, type Places, preparePlaces } from './places.js';
import { checkClusterVersion, endOrphans, initCluster, lastLogLines, type ServerProcess, startServer, stopServer } from './server-process.js';

export type EmbeddedOptions = {
  readonly data: DataFolder;
  readonly keys: Pick<KeyRing, 'databasePassword'>;
  /** Where cluster and programs lie when root starts the console; default /var/lib/wardrobe. */
  readonly rootHome?: string | undefined;
  /** Lines for the person at the terminal. */
  readonly say?: ((line: string) => void) | undefined;
};

export type Embedded = {
  /** The console's own database, as its own role (not the superuser). */
  readonly target: Exclude<DbTarget, string>;
  readonly cluster: string;
  readonly version: string;
  readonly pid: number;
  /** Settles when the server ends, asked for or not. */
  readonly ended: Promise<void>;
  readonly stop: () => Promise<void>;
};

const APP = { role: 'wardrobe', database: 'wardrobe' } as const;
const SUPERUSER = 'postgres';
const PORT = 5432;
const START_MS = 300_000;
/** Codes of "starting up", "no socket yet", "nobody listens". */
const NOT_YET = new Set(['57P03', 'ENOENT', 'ECONNREFUSED']);

/**
 * Starts the PostgreSQL that comes with the console on a unix socket, makes the cluster at first use, and ends a server that an earlier
 * console left behind. The caller holds the data folder's lock.
 * @throws StartError
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const say = options.say ?? (() => undefined);
  const places = preparePlaces(options.data, { rootHome: options.rootHome });
  // The cluster may lie outside the data folder (root): two data folders that note the same cluster must not share it.
  const lock = lockFolder(places.home, { name: 'console.lock', what: 'the database' });
  try {
    return await startIn(places, lock, { ...options, say });
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function startIn(places: Places, lock: ProcessLock, options: EmbeddedOptions & { say: (line: string) => void }): Promise<Embedded> {
  const { say, keys } = options;
  const binaries = locateBinaries({ copyTo: places.programs, mustCopy: places.user !== null });
  if (places.user !== null)
    say(
      `Started as root: the database runs as user ${places.user.name} (uid ${places.user.uid}); its files are in ${places.home}, its programs in ${places.programs}.`,
    );
  const superPassword = keys.databasePassword(SUPERUSER);
  if (existsSync(join(places.cluster, 'PG_VERSION'))) {
    checkClusterVersion(places, binaries);
    const orphan = await endOrphans(places);
    if (orphan !== null) say(`Ended the database server that an earlier start left behind (process ${orphan}).`);
  } else {
    say('Making the database (first start) …');
    await initCluster(places, binaries, superPassword);
  }
  noteCluster(places);
  const server = startServer(places, binaries);
  try {
    const target = { host: places.run, port: PORT, user: APP.role, password: keys.databasePassword(APP.role), database: APP.database };
    await waitUntilReady(server, places, { ...target, user: SUPERUSER, password: superPassword, database: 'postgres' });
    await ensureDatabase({ ...target, user: SUPERUSER, password: superPassword, database: 'postgres' }, target.password);
    const stop = async (): Promise<void> => {
      await stopServer(server);
      lock.release();
    };
    return { target, cluster: places.cluster, version: binaries.version, pid: server.child.pid ?? 0, ended: server.exited.then(() => undefined), stop };
  } catch (error) {
    await stopServer(server);
    throw error;
  }
}

type Login = Exclude<DbTarget, string>;

/** Connects again and again: after a crash the server replays its log first. */
async function waitUntilReady(server: ServerProcess, places: Places, login: Login): Promise<void> {
  let exit: { code: number | null } | null = null;
  server.exited.then(
    (code) => {
      exit = { code };
    },
    () => {
      exit = { code: null };
    },
  );
  for (const end = Date.now() + START_MS; Date.now() < end; await sleep(40)) {
    if (exit !== null) {
      await server.exited;
      throw new StartError(`The database ended while starting: ${lastLogLines(places)} (log: ${places.log})`);
    }
    const failure = await tryConnect(login);
    if (failure === null) return;
    if (failure.code === '28P01')
      throw new StartError(
        `The database in ${places.cluster} was made with another key file. Put that key file back, or name its place with WARDROBE_KEY_FILE.`,
        { cause: failure },
      );
    if (!NOT_YET.has(failure.code ?? '')) throw failure;
  }
  throw new StartError(`The database did not come up within ${START_MS / 1000} s: ${lastLogLines(places)} (log: ${places.log})`);
}

async function tryConnect(login: Login): Promise<(Error & { code?: string }) | null> {
  const client = new pg.Client({ ...login, connectionTimeoutMillis: 10_000 });
  // A connection that the server drops while starting reports it here too.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.end();
    return null;
  } catch (error) {
    return error as Error & { code?: string };
  }
}

/** The console's role (no superuser) and database, with the password that the key file gives. */
async function ensureDatabase(login: Login, password: string): Promise<void> {
  const client = new pg.Client({ ...login });
  await client.connect();
  try {
    // A failing statement must not write the password into the server's log.
    await client.query('set log_min_error_statement = panic');
    const role = await client.query('select 1 from pg_roles where rolname = $1', [APP.role]);
    if (role.rowCount === 0) await client.query(`create role ${APP.role} login nosuperuser password ${client.escapeLiteral(password)}`);
    const database = await client.query('select 1 from pg_database where datname = $1', [APP.database]);
    if (database.rowCount === 0) await client.query(`create database ${APP.database} owner ${APP.role}`);
  } finally {
    await client.end();
  }
}
