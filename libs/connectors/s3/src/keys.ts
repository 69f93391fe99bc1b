import { isMac, type Mac } from '@wardrobe/kloset-model';
import type { ResourceKind } from '@wardrobe/store-connector';

const FOLDERS: Readonly<Record<ResourceKind, string>> = { packfile: 'packfiles', state: 'states', lock: 'locks' };
const KINDS: ReadonlyMap<string, ResourceKind> = new Map(Object.entries(FOLDERS).map(([kind, folder]) => [folder, kind as ResourceKind]));

/** Ending of objects that plakar keeps in an archive class. @source 04-remote-stores 3.8 */
export const FROZEN = '.frozen';

/** Path below the prefix of a kind's items, with a slash at the end. */
export function folderOf(kind: ResourceKind): string {
  return `${FOLDERS[kind]}/`;
}

/** Path of an item below the prefix. @source 04-remote-stores 3.1 */
export function itemPath(kind: ResourceKind, id: Mac): string {
  return kind === 'lock' ? `locks/${id}` : `${FOLDERS[kind]}/${id.slice(0, 2)}/${id}`;
}

export type PathMeaning =
  | { readonly kind: ResourceKind; readonly id: Mac /** It lies in the folder of other first digits. */; readonly misplaced: boolean }
  /** CONFIG, archived copies, and the folders that consoles make. */
  | 'known'
  | 'foreign';

/** What an object below the prefix is, by its path. */
export function meaningOf(path: string, sizeBytes: number): PathMeaning {
  if (path === 'CONFIG' || (path.endsWith('/') && sizeBytes === 0)) return 'known';
  const archived = path.endsWith(FROZEN);
  const parts = (archived ? path.slice(0, -FROZEN.length) : path).split('/');
  if (archived && parts.length === 1 && parts[0] === 'CONFIG') return 'known';
  const [folder = '', second = '', third = ''] = parts;
  const kind = KINDS.get(folder);
  if (kind === undefined) return 'foreign';
  const id = kind === 'lock' ? second : third;
  if (parts.length !== (kind === 'lock' ? 2 : 3) || !isMac(id)) return 'foreign';
  if (archived) return 'known';
  return { kind, id, misplaced: kind !== 'lock' && id.slice(0, 2) !== second };
}
