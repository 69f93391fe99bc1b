import { realpath } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { listStores } from '@wardrobe/db';
import { ApiError } from '../errors/api-error.js';
import type { Deps } from './deps.js';
import { isBelow } from './locations.js';

/** Where a restore goes: `below` is real and was allowed; from there on the engine follows no link. */
export type RestoreTarget = { readonly below: string; readonly directory: string };

/**
 * The folder that a restore may write to, checked against those that whoever runs the console allowed, by real paths. Stores and the console's own data are
 * never a target.
 * @throws ApiError forbidden, invalid-input
 */
export async function restoreTarget(deps: Pick<Deps, 'config' | 'db' | 'dataDirectory'>, target: string): Promise<RestoreTarget> {
  const roots = deps.config.restoreRoots ?? [];
  if (roots.length === 0)
    throw new ApiError(
      'forbidden',
      'This console restores to no folder of its server.',
      'Whoever runs the console can allow folders with WARDROBE_RESTORE_ROOTS. Downloading works without.',
    );
  if (!isAbsolute(target) || target.includes('\0'))
    throw new ApiError('invalid-input', 'The folder to restore to is an absolute path.', 'Begin it with a slash.');
  const wanted = resolve(target);
  for (const root of roots) {
    const real = await realpath(root).catch(() => null);
    if (real === null) continue;
    const base = [resolve(root), real].find((one) => isBelow(wanted, one));
    if (base === undefined) continue;
    const directory = join(real, relative(base, wanted));
    if (!isBelow(await realOfExisting(directory), real)) throw outside(roots);
    await refuseOwn(deps, directory);
    return { below: real, directory };
  }
  throw outside(roots);
}

/** The real path of the part that is there already. */
async function realOfExisting(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const parent = resolve(path, '..');
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOENT' || parent === path) throw unreachable(path, error);
    return realOfExisting(parent);
  }
}

async function refuseOwn(deps: Pick<Deps, 'db' | 'dataDirectory'>, directory: string): Promise<void> {
  const own = await Promise.all(
    [deps.dataDirectory, ...(await listStores(deps.db)).map(({ location }) => location)].map((path) => realpath(path).catch(() => path)),
  );
  if (own.some((path) => isBelow(directory, path) || isBelow(path, directory)))
    throw new ApiError('forbidden', 'A store or the console’s own data lies there.', 'Restore to another folder.');
}

function outside(roots: readonly string[]): ApiError {
  return new ApiError(
    'forbidden',
    `This folder is outside those that the console may restore to (allowed: ${roots.join(', ')}).`,
    'Choose a folder below one of them.',
  );
}

function unreachable(path: string, cause: unknown): ApiError {
  return new ApiError('permission', `The console cannot reach ${path}.`, 'Give the user that runs the console the right to write there.', { cause });
}
