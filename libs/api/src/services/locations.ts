import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ApiError } from '../errors/api-error.js';
import type { Deps } from './deps.js';

/** The local folder that a location names: an absolute path, `fs:` or `file:` address. @throws ApiError invalid-input */
export function localFolder(location: string): string {
  const text = location.trim();
  if (text.startsWith('file://')) {
    try {
      return resolve(fileURLToPath(text));
    } catch (error) {
      throw new ApiError('invalid-input', 'This file address cannot be read.', 'Give the folder as an absolute path.', { cause: error });
    }
  }
  const path = text.startsWith('fs:') ? text.slice(3).replace(/^\/\//, '') : text;
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(path))
    throw new ApiError('invalid-input', `Stores at ${path.slice(0, path.indexOf(':'))} cannot be read by this version.`, 'Give a folder on this machine.');
  if (!isAbsolute(path) || path.includes('\0')) throw new ApiError('invalid-input', 'The path of a store is absolute.', 'Begin it with a slash.');
  return resolve(path);
}

/**
 * The real folder of a store, checked against the folders that the admin allowed, before and after links are followed.
 * @throws ApiError forbidden (outside), not-found (no such folder), permission
 */
export async function allowedFolder(deps: Pick<Deps, 'config'>, location: string): Promise<string> {
  const folder = localFolder(location);
  const roots = deps.config.storeRoots.map((root) => resolve(root));
  const realRoots = await Promise.all(roots.map((root) => realpath(root).catch(() => root)));
  if (![...roots, ...realRoots].some((root) => isBelow(folder, root))) throw outside(deps);
  const real = await realpath(folder).catch((error: unknown) => {
    throw pathError(error, folder);
  });
  if (!realRoots.some((root) => isBelow(real, root))) throw outside(deps);
  return real;
}

/** Folders of the server that a repair may take lost content from: where stores may lie, and where restores may write. */
export function readRoots(config: Deps['config']): string[] {
  return [...new Set([...config.storeRoots, ...(config.restoreRoots ?? [])])];
}

/** A folder with files that were backed up, checked as that of a store is. @throws ApiError as `allowedFolder` */
export function readableFolder(deps: Pick<Deps, 'config'>, folder: string): Promise<string> {
  if (!isAbsolute(folder)) throw new ApiError('invalid-input', 'The folder to take content from is an absolute path.', 'Begin it with a slash.');
  return allowedFolder({ config: { ...deps.config, storeRoots: readRoots(deps.config) } }, folder);
}

/** Where the local index of the store at this folder lies. */
export function indexFolder(deps: Pick<Deps, 'dataDirectory'>, folder: string): string {
  return join(deps.dataDirectory, 'index', createHash('sha256').update(folder).digest('hex').slice(0, 32));
}

export function isBelow(path: string, root: string): boolean {
  const way = relative(root, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

function outside(deps: Pick<Deps, 'config'>): ApiError {
  const allowed = deps.config.storeRoots.length === 0 ? 'none are allowed now' : `allowed now: ${deps.config.storeRoots.join(', ')}`;
  return new ApiError(
    'forbidden',
    `This folder is outside those that the console may read (${allowed}).`,
    'Whoever runs the console can allow more with WARDROBE_STORE_ROOTS.',
  );
}

function pathError(error: unknown, folder: string): ApiError {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'EACCES' || code === 'EPERM')
    return new ApiError('permission', `The console may not read ${folder}.`, 'Give the user that runs the console the right to read it.', { cause: error });
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new ApiError('not-found', `There is no folder ${folder} on the machine that runs the console.`, 'Check the path, and that its disk is mounted.', {
      cause: error,
    });
  return new ApiError('store', `The folder ${folder} cannot be reached.`, 'Check its disk, then try again.', { cause: error });
}
