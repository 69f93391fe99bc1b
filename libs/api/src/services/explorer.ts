import type { EntriesPageDto, EntryDetailDto } from '@wardrobe/contracts';
import { listStores, type SnapshotRow, type StoreRow } from '@wardrobe/db';
import { pathComponents, percentDecode, percentEncodeName } from '@wardrobe/kloset-model';
import { byteNameOf } from '../engine/paths.js';
import type { ListAnswer, SnapshotRef } from '../engine/types.js';
import type { Deps } from './deps.js';
import { headerOf, reachOf } from './headers.js';
import type { Reader, Registry } from './registry.js';
import type { Snapshots } from './snapshots.js';
import { requiredStore } from './tracking.js';
import type { ExplorerService } from './types.js';

/** Other snapshots that are looked through for the same path. */
const VERSIONS = 50;

/** A snapshot of a store ready to be read from. */
export type OpenSnapshot = { readonly store: StoreRow; readonly row: SnapshotRow; readonly ref: SnapshotRef; readonly reader: Reader };

export interface Explorer extends ExplorerService {
  open(storeId: string, snapshotId: string): Promise<OpenSnapshot>;
}

export function createExplorer(deps: Deps, { registry, snapshots }: { readonly registry: Registry; readonly snapshots: Snapshots }): Explorer {
  async function open(storeId: string, snapshotId: string): Promise<OpenSnapshot> {
    const store = await requiredStore(deps, storeId);
    const row = await snapshots.row(store, snapshotId);
    return { store, row, ref: { snapshot: row.id, reach: reachOf(row.availability) }, reader: await registry.reader(store.id) };
  }

  return {
    open,
    async list({ storeId, snapshotId, path, filter, around, ...page }) {
      const { store, row, ref, reader } = await open(storeId, snapshotId);
      const found = await reader.call('list', { ...ref, ...page, path, filter: filter === undefined || filter === '' ? null : filter, around: around ?? null });
      const dto = (await snapshots.dtos(store, [{ row, header: headerOf(deps, store, row) }]))[0];
      if (dto === undefined) throw new Error('a snapshot has a row');
      return {
        snapshot: dto,
        path: found.path,
        crumbs: crumbsOf(found.path),
        total: found.total,
        offset: found.offset,
        entries: [...found.entries],
        entry: found.entry,
        sortReady: found.sortReady,
        sortProgress: found.sortProgress,
        syncedFrom: await syncedFrom(found.syncedFrom),
      };
    },
    async detail({ storeId, snapshotId, path }) {
      const { store, row, ref, reader } = await open(storeId, snapshotId);
      const detail = await reader.call('detail', { ...ref, path });
      return { ...detail, versions: await versionsOf({ store, row, reader }, path, detail.entry.object) };
    },
  };

  /** Stores that are connected to this console have their name there; of others the repository id is all that is known. */
  async function syncedFrom(copyings: ListAnswer['syncedFrom']): Promise<EntriesPageDto['syncedFrom']> {
    if (copyings.length === 0) return [];
    const stores = await listStores(deps.db);
    return copyings.map(({ repositoryId, at }) => {
      const known = stores.find((store) => store.repositoryId === repositoryId);
      return { repositoryId, at, store: known === undefined ? null : { id: known.id, name: known.name } };
    });
  }

  /** The same path in the newest other snapshots of the same source. */
  async function versionsOf({ store, row, reader }: Omit<OpenSnapshot, 'ref'>, path: string, object: string | null): Promise<EntryDetailDto['versions']> {
    const own = headerOf(deps, store, row);
    const others = (await snapshots.all(store))
      .filter((other) => other.row.availability === 'live' && other.row.id !== row.id && sameSource(own, other.header))
      .map((other) => other.row)
      .slice(-VERSIONS)
      .reverse();
    const taken = new Map(others.map((other) => [other.id, other.takenAt?.toISOString() ?? other.firstSeenAt.toISOString()]));
    const found = await reader.call('versions', { path, refs: others.map((other) => ({ snapshot: other.id, reach: 'live' as const })) });
    return found.map((version) => ({
      snapshot: version.snapshot,
      takenAt: taken.get(version.snapshot) ?? '',
      sizeBytes: version.sizeBytes,
      same: version.object !== null && version.object === object,
    }));
  }
}

function sameSource(a: ReturnType<typeof headerOf>, b: ReturnType<typeof headerOf>): boolean {
  return a !== null && b !== null && a.sourceType === b.sourceType && a.directoryText === b.directoryText;
}

function crumbsOf(path: string): { name: { text: string; bytes?: string }; path: string }[] {
  const crumbs = [{ name: { text: '/' } as { text: string; bytes?: string }, path: '/' }];
  let at = '';
  for (const component of pathComponents(percentDecode(path))) {
    at += `/${percentEncodeName(component)}`;
    crumbs.push({ name: byteNameOf(component), path: at });
  }
  return crumbs;
}
