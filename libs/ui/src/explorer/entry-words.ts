import type { EntryRowDto } from '@wardrobe/contracts';
import { percentDecode, percentEncodeName } from '@wardrobe/kloset-model';

export const ENTRY_SORTS = ['name', '-name', 'size', '-size', 'mtime', '-mtime', 'type', '-type'] as const;
export type EntrySort = (typeof ENTRY_SORTS)[number];

/** Order of the address; by name when it says none or nonsense. */
export function entrySort(value: string | null): EntrySort {
  return ENTRY_SORTS.find((sort) => sort === value) ?? 'name';
}

/** Parent of a percent-encoded absolute path; of the root the root. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

/** Last component of a percent-encoded path, still encoded; empty for the root. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function childOf(directory: string, name: string): string {
  return directory === '/' ? `/${name}` : `${directory}/${name}`;
}

/** Where a relative link of a document leads inside the snapshot, percent-encoded; null when it leaves it or is not a path. */
export function relativePath(document: string, link: string): string | null {
  if (link === '' || /^[a-z][a-z0-9+.-]*:|^\/\/|^#/i.test(link)) return null;
  const [target = ''] = link.split(/[?#]/, 1);
  const parts = target.startsWith('/') ? [] : parentOf(document).split('/').filter(Boolean);
  for (const part of target.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(percentEncodeName(percentDecode(part)));
    else if (parts.pop() === undefined) return null;
  }
  return parts.length === 0 ? null : `/${parts.join('/')}`;
}

/** One word for what an entry is, as phones show it under the name. */
export const TYPE_WORD: Readonly<Record<EntryRowDto['type'], string>> = {
  file: 'file',
  directory: 'folder',
  symlink: 'link',
  fifo: 'pipe',
  socket: 'socket',
  device: 'device',
  irregular: 'irregular file',
  damaged: 'damaged',
};

/** Extension in lower case; empty when there is none. */
export function extensionOf(name: string): string {
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? '' : name.slice(dot + 1).toLowerCase();
}
