import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { CacheReadError, errorCode, fileFailure } from './cache-error.js';
import type { CacheFailure } from './types.js';

/** The cache version of both plakar lines. */
const CACHE_VERSION = '2.0.0';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const VERSION = /^\d+\.\d+\.\d+$/;
const LABEL_CHARACTERS = 512;

/** `<base>/plakar` or `<base>/plakar-agentless` of one user. `label`: the path with the home folder as `~`. */
export type CacheFolder = { readonly path: string; readonly label: string; readonly user: string; readonly agentless: boolean };

/** What one cache folder holds for one store: the Pebble directory, the SQLite directory, or both. */
export type FoundCache = { readonly folder: CacheFolder; readonly repositoryId: string; readonly pebble: string | null; readonly store: string | null };

export type FoundCaches = { readonly caches: readonly FoundCache[]; readonly failures: readonly CacheFailure[] };

/**
 * Finds plakar's caches below the given directories: cache bases (such as `~/.cache`), plakar's folder in one, or homes.
 * A directory that holds none, or that cannot be listed, is a failure: nothing is left out silently.
 * @source 01-store 8.1, 03 C1
 */
export async function findCaches(directories: readonly string[]): Promise<FoundCaches> {
  const seen = new Set<string>();
  const caches: FoundCache[] = [];
  const failures: CacheFailure[] = [];
  for (const directory of directories) {
    const given = resolve(directory);
    const failure = (error: CacheReadError): void =>
      void failures.push({ repositoryId: null, user: ownUser().name, cache: clip(given), code: error.code, message: clip(error.message) });
    try {
      const folders = await plakarFolders(given);
      if (folders.length === 0) failure(new CacheReadError('empty', 'no plakar cache in this folder'));
      for (const path of folders) {
        const real = await realpath(path);
        if (seen.has(real)) continue;
        seen.add(real);
        const found = await cachesOf(await describeFolder(path));
        caches.push(...found.caches);
        failures.push(...found.failures);
      }
    } catch (error) {
      failure(fileFailure(error, 'the folder'));
    }
  }
  return { caches: withDistinctLabels(caches), failures };
}

async function plakarFolders(given: string): Promise<string[]> {
  if ((await list(given)) === null) throw new CacheReadError('empty', 'there is no such folder');
  const bases = [given, join(given, '.cache'), join(given, 'AppData', 'Local')];
  const candidates = [
    given,
    ...(basename(given) === CACHE_VERSION ? [dirname(given)] : []),
    ...bases.flatMap((base) => [join(base, 'plakar'), join(base, 'plakar-agentless')]),
  ];
  const folders: string[] = [];
  for (const candidate of candidates) {
    const names = await list(candidate);
    if (names?.some((name) => VERSION.test(name))) folders.push(candidate);
  }
  return folders;
}

async function cachesOf(folder: CacheFolder): Promise<FoundCaches> {
  const failures: CacheFailure[] = [];
  const places = new Map<string, { pebble: string | null; store: string | null }>();
  const fail = (where: string, error: CacheReadError): void =>
    void failures.push({ repositoryId: null, user: folder.user, cache: clip(`${folder.label}/${where}`), code: error.code, message: clip(error.message) });
  for (const version of ((await list(folder.path)) ?? []).filter((name) => VERSION.test(name))) {
    for (const kind of ['repository', 'store'] as const) {
      try {
        const parent = join(folder.path, version, kind);
        const ids = ((await list(parent)) ?? []).filter((name) => UUID.test(name));
        if (version !== CACHE_VERSION) {
          if (ids.length > 0) fail(`${version}/${kind}`, new CacheReadError('unsupported', `unsupported cache version ${version} with ${ids.length} stores`));
          continue;
        }
        for (const id of ids) {
          const place = places.get(id) ?? { pebble: null, store: null };
          place[kind === 'repository' ? 'pebble' : 'store'] = join(parent, id);
          places.set(id, place);
        }
      } catch (error) {
        fail(`${version}/${kind}`, fileFailure(error, `${version}/${kind}`));
      }
    }
  }
  const caches = [...places].sort(([left], [right]) => (left < right ? -1 : 1)).map(([repositoryId, place]) => ({ folder, repositoryId, ...place }));
  return { caches, failures };
}

/** Names in a directory, null where there is none. @throws CacheReadError no permission, and other failures */
async function list(directory: string): Promise<string[] | null> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return null;
    throw fileFailure(error, basename(directory));
  }
}

async function describeFolder(path: string): Promise<CacheFolder> {
  const owner = await ownerOf(path);
  return { path, label: clip(shortenHome(path, owner.home)), user: clip(owner.name), agentless: basename(path) === 'plakar-agentless' };
}

async function ownerOf(path: string): Promise<{ readonly name: string; readonly home: string }> {
  const { uid } = await stat(path);
  const own = ownUser();
  if (process.platform === 'win32' || own.uid === uid) return own;
  return (await passwdEntry(uid)) ?? { name: `uid ${uid}`, home: '' };
}

/** In a container the user may have no name. */
function ownUser(): { readonly uid: number; readonly name: string; readonly home: string } {
  try {
    const { uid, username } = userInfo();
    return { uid, name: username, home: homedir() };
  } catch (error) {
    if (errorCode(error) === null) throw error;
    const uid = process.getuid?.() ?? -1;
    return { uid, name: `uid ${uid}`, home: process.platform === 'win32' ? '' : '/' };
  }
}

/** An agent that runs as root reads the caches of others: their names come from the system's list of users. */
async function passwdEntry(uid: number): Promise<{ readonly name: string; readonly home: string } | null> {
  try {
    const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((text) => text.split(':')[2] === String(uid));
    const fields = line?.split(':');
    return fields === undefined ? null : { name: fields[0] ?? '', home: fields[5] ?? '' };
  } catch (error) {
    if (errorCode(error) === null) throw error;
    return null;
  }
}

function shortenHome(path: string, home: string): string {
  if (home.length > 1 && path.startsWith(home + sep)) return `~${path.slice(home.length)}`;
  const dotCache = path.lastIndexOf(`${sep}.cache${sep}`);
  return dotCache > 0 ? `~${path.slice(dotCache)}` : path;
}

/** Two homes of one user (copies, mounts) would get one label: then both are named in full. */
function withDistinctLabels(caches: readonly FoundCache[]): FoundCache[] {
  const paths = new Map<string, Set<string>>();
  for (const { folder } of caches) {
    const key = `${folder.user}\n${folder.label}`;
    paths.set(key, (paths.get(key) ?? new Set()).add(folder.path));
  }
  return caches.map((cache) =>
    (paths.get(`${cache.folder.user}\n${cache.folder.label}`)?.size ?? 1) > 1
      ? { ...cache, folder: { ...cache.folder, label: clip(cache.folder.path) } }
      : cache,
  );
}

export function clip(text: string): string {
  return text.length <= LABEL_CHARACTERS ? text : `${text.slice(0, LABEL_CHARACTERS - 1)}…`;
}
