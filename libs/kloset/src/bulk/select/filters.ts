import { equalBytes, nameBytes, percentDecode } from '@wardrobe/kloset-model';
import type { SnapshotHeader } from '../../snapshot/types.js';

/** Conditions on snapshots; all that are given must hold. An absent one holds always. @source 02-snapshot 7.2 */
export type SnapshotFilters = {
  /** Hex prefixes; any of them. */
  readonly ids?: readonly string[] | undefined;
  /** Not later than this. */
  readonly beforeNs?: bigint | undefined;
  /** Not earlier than this. */
  readonly sinceNs?: bigint | undefined;
  readonly name?: string | undefined;
  readonly category?: string | undefined;
  readonly environment?: string | undefined;
  readonly perimeter?: string | undefined;
  readonly job?: string | undefined;
  readonly dataset?: string | undefined;
  /** Any of them. */
  readonly dataClasses?: readonly string[] | undefined;
  /** Each must be there. */
  readonly tags?: readonly string[] | undefined;
  /** None may be there. */
  readonly withoutTags?: readonly string[] | undefined;
  /** Backup roots; each must be one of the snapshot. `%XX` stands for any byte. */
  readonly roots?: readonly string[] | undefined;
  /** Any of them. */
  readonly origins?: readonly string[] | undefined;
  /** Kind of the source (`fs`, `s3` …); any of them. */
  readonly types?: readonly string[] | undefined;
  /** Of what is left, only the newest. */
  readonly latest?: boolean | undefined;
};

const EXACT = ['name', 'category', 'environment', 'perimeter', 'job', 'dataset'] as const;

/** Whether a snapshot meets the conditions; `latest`, which is about all of them, is left out. */
export function matchesFilters(header: SnapshotHeader, filters: SnapshotFilters): boolean {
  const { ids, beforeNs, sinceNs } = filters;
  if (ids !== undefined && !ids.some((prefix) => header.id.startsWith(prefix.toLowerCase()))) return false;
  if (beforeNs !== undefined && header.timestampNs > beforeNs) return false;
  if (sinceNs !== undefined && header.timestampNs < sinceNs) return false;
  if (EXACT.some((field) => filters[field] !== undefined && filters[field] !== header[field])) return false;
  if (filters.tags?.some((tag) => !header.tags.includes(tag)) === true) return false;
  if (filters.withoutTags?.some((tag) => header.tags.includes(tag)) === true) return false;
  if (filters.roots?.some((root) => !isRoot(header.source.directory.bytes, root)) === true) return false;
  return anyOf(filters.origins, [header.source.origin]) && anyOf(filters.types, [header.source.type]) && anyOf(filters.dataClasses, header.dataClasses);
}

function anyOf(wanted: readonly string[] | undefined, values: readonly string[]): boolean {
  return wanted === undefined || wanted.length === 0 || wanted.some((value) => values.includes(value));
}

function isRoot(directory: Uint8Array, wanted: string): boolean {
  return equalBytes(directory, nameBytes(wanted)) || equalBytes(directory, percentDecode(wanted));
}

/** Newest first; of one time, by id. */
export function compareNewestFirst(a: SnapshotHeader, b: SnapshotHeader): number {
  if (a.timestampNs !== b.timestampNs) return a.timestampNs > b.timestampNs ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** The snapshots that meet the conditions, newest first. */
export function filterSnapshots<T extends SnapshotHeader>(headers: readonly T[], filters: SnapshotFilters): T[] {
  const found = headers.filter((header) => matchesFilters(header, filters)).sort(compareNewestFirst);
  return filters.latest === true ? found.slice(0, 1) : found;
}

/** Whether any condition is given at all. */
export function hasFilters(filters: SnapshotFilters): boolean {
  return Object.values(filters).some((value) => (Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false));
}
