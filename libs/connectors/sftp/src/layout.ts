import { randomBytes } from 'node:crypto';
import { isMac, type Mac } from '@wardrobe/kloset-model';
import type { ResourceKind } from '@wardrobe/store-connector';

export const FOLDERS: Readonly<Record<ResourceKind, string>> = { packfile: 'packfiles', state: 'states', lock: 'locks' };
export const BUCKETS: readonly string[] = Array.from({ length: 256 }, (_, bucket) => bucket.toString(16).padStart(2, '0'));

/** Joins parts of a path on the server. */
export function under(root: string, ...parts: readonly string[]): string {
  return `${root === '/' ? '' : root}/${parts.join('/')}`;
}

/** @source 04-remote-stores 4.2 */
export function itemPath(root: string, kind: ResourceKind, id: Mac): string {
  return kind === 'lock' ? under(root, FOLDERS.lock, id) : under(root, FOLDERS[kind], id.slice(0, 2), id);
}

/**
 * Where an item is written before it gets its name: beside it, as plakar does, but for locks in the root, because plakar's 1.0.x client cannot bear
 * another name among the locks. Two writers never share such a name.
 * @source 04-remote-stores 4.3, 4.4
 */
export function temporaryPath(root: string, kind: ResourceKind | 'config', id: Mac | 'CONFIG'): string {
  const name = `${id}.${randomBytes(6).toString('hex')}.tmp`;
  return kind === 'lock' || kind === 'config' ? under(root, name) : under(root, FOLDERS[kind], id.slice(0, 2), name);
}

/** Whether a file at these parts below the root is an item in its place, or CONFIG. */
export function isItemPath(parts: readonly string[]): boolean {
  const [top, second = '', third = ''] = parts;
  if (parts.length === 1) return top === 'CONFIG';
  if (parts.length === 2) return top === FOLDERS.lock && isMac(second);
  return parts.length === 3 && (top === FOLDERS.packfile || top === FOLDERS.state) && isMac(third) && third.slice(0, 2) === second;
}
