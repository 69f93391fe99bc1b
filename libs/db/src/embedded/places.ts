import { createHash } from 'node:crypto';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readFileSync, realpathSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataFolder } from '../data/data-folder.js';
import { StartError } from '../data/start-error.js';

/** The user that the server's processes run as; null: ours. */
export type DatabaseUser = { readonly uid: number; readonly gid: number; readonly name: string };

export type Places = {
  /** 0700, owned by the database's user: holds the cluster, log and temporary files. */
  readonly home: string;
  readonly cluster: string;
  readonly log: string;
  /** 0700: the socket's folder. Short enough for a socket path. */
  readonly run: string;
  /** Where copies of the programs lie. */
  readonly programs: string;
  readonly user: DatabaseUser | null;
  /** Files in the data folder that are the database's own. */
  readonly note: string | null;
};

/** Longest path of a unix socket on Linux (108 with the final zero), 104 on macOS. */
const MAX_SOCKET_PATH = process.platform === 'darwin' ? 103 : 107;
const SOCKET_NAME = '/.s.PGSQL.5432';
const NOBODY: DatabaseUser = { uid: 65_534, gid: 65_534, name: 'nobody' };
export const DEFAULT_ROOT_HOME = '/var/lib/wardrobe';

/**
 * Decides where the cluster lies. An ordinary user: in the data folder. Root: PostgreSQL refuses to run as root, so cluster and programs
 * lie below `rootHome`, where the database's own user reaches them even if the data folder and the checkout are in a 0700 folder. The
 * data folder then notes the place, and a note whose cluster is missing is an error: never a new, empty database in place of a lost one.
 */
export function preparePlaces(data: DataFolder, options: { readonly rootHome?: string | undefined } = {}): Places {
  const uid = process.getuid?.();
  if (uid !== 0) return finishPlaces({ home: join(data.path, 'postgres'), programs: join(data.path, 'programs'), user: null, note: null });
  const user = databaseUser();
  const rootHome = options.rootHome ?? DEFAULT_ROOT_HOME;
  makeReachable(rootHome);
  const notePath = join(data.path, 'postgres.location');
  const noted = existsSync(notePath) ? readFileSync(notePath, 'utf8').trim() : null;
  if (noted !== null && !existsSync(join(noted, 'cluster', 'PG_VERSION'))) {
    throw new StartError(
      `The database of ${data.path} should be in ${noted} and is not there. Put it back, or remove ${notePath} to begin with an empty database.`,
    );
  }
  const home = noted ?? join(realpathSync(rootHome), `postgres-${shortHash(data.path)}`);
  const places = finishPlaces({ home, programs: join(realpathSync(rootHome), 'programs'), user, note: notePath });
  return places;
}

/** Notes in the data folder where its cluster is, once there is one. */
export function noteCluster(places: Places): void {
  if (places.note !== null) writeFileSync(places.note, `${places.home}\n`, { mode: 0o600 });
}

function finishPlaces(base: Pick<Places, 'home' | 'programs' | 'user' | 'note'>): Places {
  privateFolder(base.home, base.user);
  const run = socketFolder(base);
  return { ...base, run, cluster: join(realpathSync(base.home), 'cluster'), log: join(base.home, 'postgres.log') };
}

function socketFolder({ home, user }: Pick<Places, 'home' | 'user'>): string {
  const inside = join(home, 'run');
  if (Buffer.byteLength(inside + SOCKET_NAME) <= MAX_SOCKET_PATH) return privateFolder(inside, user);
  const owner = user?.uid ?? process.getuid?.() ?? 0;
  for (const base of [process.env['XDG_RUNTIME_DIR'], tmpdir(), '/tmp']) {
    const folder = base === undefined || base === '' ? null : join(base, `wardrobe-${owner}-${shortHash(home)}`);
    const reachable = user === null || !folder?.startsWith('/run/user');
    if (folder !== null && reachable && existsSync(join(folder, '..')) && Buffer.byteLength(folder + SOCKET_NAME) <= MAX_SOCKET_PATH)
      return privateFolder(folder, user);
  }
  throw new StartError(
    `No folder with a path short enough for the database's socket: tried ${inside} and the temporary folder. Name a data folder with a shorter path.`,
  );
}

/** A folder of the database's user alone. One that is there and is not exactly that is refused: somebody else may have made it. */
function privateFolder(path: string, user: DatabaseUser | null): string {
  const owner = user?.uid ?? process.getuid?.();
  try {
    mkdirSync(path, { mode: 0o700 });
    if (user !== null) chownSync(path, user.uid, user.gid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const info = lstatSync(path);
  if (!info.isDirectory() || (owner !== undefined && info.uid !== owner && info.uid !== process.getuid?.())) {
    throw new StartError(`${path} is in the way: it is not a folder of the database's user (uid ${owner}). Remove it and start again.`);
  }
  if (user !== null && info.uid !== user.uid) chownSync(path, user.uid, user.gid);
  if ((info.mode & 0o777) !== 0o700) chmodSync(path, 0o700);
  return path;
}

/** Others may pass through (not list): `x` for all on the folder and each of its parents that is ours. */
function makeReachable(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  const mode = statSync(folder).mode & 0o777;
  if ((mode & 0o011) !== 0o011) chmodSync(folder, mode | 0o011);
  for (let path = realpathSync(folder); path !== '/'; path = join(path, '..')) {
    if ((statSync(path).mode & 0o001) === 0) {
      throw new StartError(
        `The database runs as a user of its own and cannot pass through ${path} (mode ${(statSync(path).mode & 0o777).toString(8)}). Name another place with WARDROBE_PG_HOME.`,
      );
    }
  }
}

/** `postgres` where the system has that user, else `nobody`. */
function databaseUser(): DatabaseUser {
  const lines = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8').split('\n') : [];
  for (const name of ['postgres', 'nobody']) {
    const fields = lines.find((line) => line.startsWith(`${name}:`))?.split(':');
    const uid = Number(fields?.[2]);
    if (fields !== undefined && uid > 0) return { uid, gid: Number(fields[3]), name };
  }
  return NOBODY;
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
