import {
  type Db,
  type InternedIds,
  listFindings,
  listStates,
  loadInternedIds,
  loadRemote,
  packfilesOfIntroduced,
  packfilesOfShown,
  type SightingRow,
  type StoreRow,
  trackingSnapshots,
} from '@wardrobe/db';
import type { RemoteSnapshot, RemoteView, Sighting } from '@wardrobe/tracking';
import { STORE_FINDINGS, type StoreFindingKind } from '@wardrobe/words';
import { unpackIds } from '../engine/reading.js';

export type StoreView = {
  readonly remote: RemoteView;
  readonly ids: InternedIds;
  /** States that brought a snapshot once, also those that are damaged now. */
  readonly bringers: ReadonlyMap<string, readonly string[]>;
  /** Whether V has an entry for a packfile. */
  readonly isPackfileKnown: (packfile: string) => boolean;
};

/** The views used last: a hundred reports between two readings share one. */
const KEPT_VIEWS = 4;
const kept = new WeakMap<Db, Map<string, { readonly readAtMs: number; readonly view: StoreView }>>();

/**
 * The remote view of a store as the last reading left it, or null before the first. `published` is when this console first listed a state that brings the snapshot.
 * @param options.fresh also when a view of this reading is kept: reports brought ids that it does not know
 */
export async function loadStoreView(
  db: Db,
  store: Pick<StoreRow, 'id' | 'repositoryId'>,
  options: { readonly fresh?: boolean } = {},
): Promise<StoreView | null> {
  const held = await loadRemote(db, store.id);
  if (held === null) return null;
  const views = kept.get(db) ?? new Map<string, { readonly readAtMs: number; readonly view: StoreView }>();
  kept.set(db, views);
  const known = views.get(store.id);
  if (options.fresh !== true && known?.readAtMs === held.readAt.getTime()) return known.view;
  const view = await buildView(db, store, held);
  views.delete(store.id);
  views.set(store.id, { readAtMs: held.readAt.getTime(), view });
  const oldest = views.keys().next();
  if (views.size > KEPT_VIEWS && !oldest.done) views.delete(oldest.value);
  return view;
}

async function buildView(
  db: Db,
  { id: storeId, repositoryId }: Pick<StoreRow, 'id' | 'repositoryId'>,
  held: Exclude<Awaited<ReturnType<typeof loadRemote>>, null>,
): Promise<StoreView> {
  const [ids, states, snapshots] = await Promise.all([loadInternedIds(db, storeId), listStates(db, storeId), trackingSnapshots(db, storeId)]);
  const live = new Map<string, RemoteSnapshot>();
  const deleted = new Map<string, { whenMs: number }>();
  const hidden: RemoteView['hidden'][number][] = [];
  for (const row of snapshots) {
    const packfiles = hexOf(row.packfiles, ids.packfiles);
    if (row.availability === 'live')
      live.set(row.id, { id: row.id, states: hexOf(row.states, ids.states), packfiles, publishedAtMs: row.publishedAtMs ?? held.readAt.getTime() });
    if (row.availability === 'deleted') deleted.set(row.id, { whenMs: row.deletedAtMs ?? held.readAt.getTime() });
    if (row.availability === 'hidden') hidden.push({ id: row.id, packfile: packfiles[0] ?? '', packedAtMs: row.packedAtMs ?? 0, lock: null });
  }
  const bringers = new Map<string, string[]>();
  for (const state of states) {
    if (state.readable !== false) continue;
    for (const num of state.brings) {
      const snapshot = ids.snapshots.get(num);
      if (snapshot !== undefined) bringers.set(snapshot, [...(bringers.get(snapshot) ?? []), state.id]);
    }
  }
  const findings = await listFindings(db, storeId);
  const remote: RemoteView = {
    repositoryId,
    readAtMs: held.readAt.getTime(),
    states: new Set(states.filter((state) => state.readable === true).map((state) => state.id)),
    unreadable: new Set(states.filter((state) => state.readable === false).map((state) => state.id)),
    live,
    deleted,
    packfiles: new Set(unpackIds(held.packfiles)),
    tombstoned: new Set(unpackIds(held.tombstoned)),
    hidden,
    findings: findings.flatMap(({ kind, key, detail, snapshots: affected }) => (isStoreFinding(kind) ? [{ kind, id: key, detail, snapshots: affected }] : [])),
  };
  const orphans = new Set(orphansOf(held.facts));
  const missing = new Set(findings.flatMap(({ kind, key }) => (kind === 'missing-packfile' ? [key] : [])));
  return { remote, ids, bringers, isPackfileKnown: (packfile) => (remote.packfiles.has(packfile) ? !orphans.has(packfile) : missing.has(packfile)) };
}

/** One cache as the table of cells wants it. */
export function toSighting(row: SightingRow, ids: InternedIds): Sighting {
  const shown = new Map<string, readonly string[]>();
  row.shown.forEach((num, index) => {
    const id = ids.snapshots.get(num);
    if (id !== undefined) shown.set(id, hexOf(packfilesOfShown(row, index), ids.packfiles));
  });
  const introduced = new Map<string, readonly string[]>();
  row.introducedStates.forEach((num, index) => {
    const id = ids.states.get(num);
    if (id !== undefined) introduced.set(id, hexOf(packfilesOfIntroduced(row, index), ids.packfiles));
  });
  return {
    machine: row.machineId,
    user: row.user,
    cache: row.cache,
    line: lineOf(row.line),
    receivedAtMs: row.receivedAt.getTime(),
    inMotion: row.inMotion,
    lastUsedAtMs: row.lastUsedAt?.getTime() ?? null,
    states: new Set(hexOf(row.states, ids.states)),
    shown,
    deleted: new Set(hexOf(row.deleted, ids.snapshots)),
    introduced,
    digest: row.digest,
  };
}

/** As refresh.ts keeps them. */
function orphansOf(facts: unknown): string[] {
  if (typeof facts !== 'object' || facts === null || !('orphans' in facts) || !Array.isArray(facts.orphans)) return [];
  return facts.orphans.filter((id) => typeof id === 'string');
}

function hexOf(nums: Int32Array, ids: ReadonlyMap<number, string>): string[] {
  const found: string[] = [];
  for (const num of nums) {
    const id = ids.get(num);
    if (id !== undefined) found.push(id);
  }
  return found;
}

function lineOf(text: string): Sighting['line'] {
  return text === '1.0' || text === '1.1' ? text : 'wardrobe';
}

function isStoreFinding(kind: string): kind is StoreFindingKind {
  return (STORE_FINDINGS as readonly string[]).includes(kind);
}
