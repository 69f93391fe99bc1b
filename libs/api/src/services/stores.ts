import type { StoreDto, StoreInput } from '@wardrobe/contracts';
import {
  createStore,
  forgetCarried,
  getStore,
  type KeyKept,
  listStores,
  removeStore,
  type StoreCounts,
  type StoreLineRow,
  type StoreRow,
  storeCounts,
  storeLines,
  updateStore,
} from '@wardrobe/db';
import { VERDICTS } from '@wardrobe/words';
import type { Opened } from '../engine/types.js';
import { ApiError, notFound } from '../errors/api-error.js';
import { problemOf } from '../errors/bridge.js';
import { audit, type Deps } from './deps.js';
import { problemDto } from './problems.js';
import { indexFolder } from './locations.js';
import { allowedPlace, openOptions, placeOf, sealOptions, type StorePlace } from './places.js';
import type { Refreshes } from './refresh.js';
import { type Registry, sealedKeyName } from './registry.js';
import type { Work } from './work.js';
import { storeKinds } from './store-kinds.js';
import { testStore } from './store-test.js';
import { seriousFindings, storeHeadline, type VerdictCounts } from './sentences.js';
import type { StoreService } from './types.js';

type Parts = { readonly registry: Registry; readonly refreshes: Refreshes; readonly work: Work };

export function createStores(deps: Deps, { registry, refreshes, work }: Parts): StoreService {
  const dto = async (store: StoreRow): Promise<StoreDto> => {
    const [[counts], [line]] = await Promise.all([storeCounts(deps.db, store.id), storeLines(deps.db, store.id)]);
    return storeDto(store, { counts, line }, registry);
  };

  async function required(storeId: string): Promise<StoreRow> {
    const store = /^\d{1,18}$/.test(storeId) ? await getStore(deps.db, storeId) : null;
    if (store === null) throw notFound('This store');
    return store;
  }

  async function add(input: StoreInput): Promise<StoreRow> {
    const place = await allowedPlace(deps, input.location, input.options);
    const rows = await listStores(deps.db);
    if (rows.some((row) => row.location === place.location))
      throw new ApiError('conflict', `The store at ${place.location} is here already.`, 'Open it in the list of stores.');
    const indexDirectory = indexFolder(deps, place.location);
    const aside = await registry.openAside({ place, passphrase: input.passphrase ?? null, secret: null, indexDirectory });
    try {
      const { opened } = aside;
      const store = await createStore(deps.db, {
        name: input.name.trim(),
        location: place.location,
        sealedOptions: sealOptions(deps, place.options, opened.repositoryId),
        repositoryId: opened.repositoryId,
        encrypted: opened.encrypted,
        refreshIntervalSeconds: input.refreshIntervalSeconds,
        unknownAfterHours: input.unknownAfterHours,
        ...keyColumns(deps, opened, input.keepKey),
      });
      if (opened.secret) registry.keep(store.id, opened.secret);
      registry.adopt(store.id, aside);
      return await updateStore(deps.db, store.id, { facts: opened.facts });
    } catch (error) {
      await aside.reader.stop();
      throw error;
    }
  }

  return {
    async list() {
      const [rows, all, kept] = await Promise.all([listStores(deps.db), storeCounts(deps.db), storeLines(deps.db)]);
      const found = new Map(all.map((row) => [row.storeId, row]));
      const lines = new Map(kept.map((row) => [row.storeId, row]));
      return rows.map((row) => storeDto(row, { counts: found.get(row.id), line: lines.get(row.id) }, registry)).sort(needsALookFirst);
    },
    get: async (storeId) => dto(await required(storeId)),
    kinds: () => storeKinds(deps),
    test: (input) => testStore(deps, registry, input),
    async add(actor, input) {
      const store = await add(input);
      await audit(deps, actor, { what: 'added a store', about: `${store.name} at ${store.location}` });
      await refreshes.refresh(store.id, actor.name);
      return dto(await required(store.id));
    },
    async update(actor, { storeId, location, options, ...change }) {
      const before = await required(storeId);
      const moved = location === undefined && options === undefined ? null : await movedPlace(before, location, options);
      if (moved !== null) await moveStore(before, moved);
      const store = await updateStore(deps.db, storeId, {
        ...defined(change),
        ...(moved === null ? {} : { location: moved.location, sealedOptions: sealOptions(deps, moved.options, before.repositoryId) }),
      });
      await audit(deps, actor, { what: 'changed a store', about: store.name });
      deps.bus.publish({ kind: 'store', storeId, at: new Date(deps.clock.nowMs()).toISOString(), job: null });
      return dto(store);
    },
    async remove(actor, { storeId, confirmName }) {
      const store = await required(storeId);
      if (confirmName !== store.name) throw new ApiError('invalid-input', `The name typed is not ${store.name}.`, 'Type it as it is written.');
      await work.stopStore(storeId);
      await refreshes.stopStore(storeId);
      await registry.close(storeId);
      registry.forgetKey(storeId);
      await removeStore(deps.db, storeId);
      await registry.wipeIndex(store.location);
      await audit(deps, actor, { what: 'removed a store', about: `${store.name} at ${store.location}` });
      deps.bus.publish({ kind: 'store', storeId, at: new Date(deps.clock.nowMs()).toISOString(), job: null });
    },
    async refresh(actor, storeId) {
      const store = await required(storeId);
      await audit(deps, actor, { what: 'read a store again', about: store.name });
      return refreshes.refresh(storeId, actor.name);
    },
    async unlock(actor, { storeId, passphrase, keepKey }) {
      const store = await required(storeId);
      if (!store.encrypted) return dto(store);
      const place = await placeOf(deps, store);
      await refreshes.stopStore(storeId);
      const aside = await registry.openAside({ place, passphrase, secret: null, indexDirectory: indexFolder(deps, place.location) });
      if (aside.opened.repositoryId !== store.repositoryId) {
        await aside.reader.stop();
        throw new ApiError('conflict', `Another store lies at ${store.location} now.`, 'Put the store back, or remove it here and add the other one.');
      }
      await registry.close(storeId);
      if (aside.opened.secret) registry.keep(storeId, aside.opened.secret);
      registry.adopt(storeId, aside);
      await updateStore(deps.db, storeId, {
        ...keyColumns(deps, aside.opened, keepKey),
        status: store.lastReadAt === null ? 'never-read' : 'ready',
        problem: null,
      });
      await audit(deps, actor, { what: keepKey ? 'unlocked a store and kept its key' : 'unlocked a store', about: store.name });
      await refreshes.refresh(storeId, actor.name);
      return dto(await required(storeId));
    },
    async forgetKey(actor, storeId) {
      const store = await required(storeId);
      if (!store.encrypted) return dto(store);
      await refreshes.stopStore(storeId);
      await registry.close(storeId);
      registry.forgetKey(storeId);
      const problem = problemOf(new ApiError('passphrase-needed', `${store.name} is encrypted and its key is not loaded.`, 'Unlock it with its passphrase.'));
      const changed = await updateStore(deps.db, storeId, {
        keyKept: 'memory',
        sealedKey: null,
        status: 'locked',
        problem: { code: problem.code, sentence: problem.sentence, next: problem.next },
      });
      await audit(deps, actor, { what: 'forgot the key of a store', about: store.name });
      return dto(changed);
    },
  };

  /** Where a store shall lie from now on; null where nothing changes. Options given replace those kept of their names, empty ones remove them. */
  async function movedPlace(store: StoreRow, location: string | undefined, change: Readonly<Record<string, string>> = {}): Promise<StorePlace | null> {
    const merged = { ...openOptions(deps, store), ...change };
    const options = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ''));
    const place = await allowedPlace(deps, location ?? store.location, options);
    return place.location === store.location && Object.keys(change).length === 0 ? null : place;
  }

  /** Another place or other options for the same store: the repository there must be the same one. */
  async function moveStore(store: StoreRow, place: StorePlace): Promise<void> {
    await work.stopStore(store.id);
    await refreshes.stopStore(store.id);
    await registry.close(store.id);
    const secret = store.encrypted ? registry.secretOf(store) : null;
    const aside = await registry.openAside({ place, passphrase: null, secret, indexDirectory: null });
    await aside.reader.stop();
    if (aside.opened.repositoryId !== store.repositoryId)
      throw new ApiError('conflict', `The store at ${place.location} is another one.`, 'Add it as a store of its own.');
    if (place.location === store.location) return;
    await registry.wipeIndex(store.location);
    await forgetCarried(deps.db, store.id);
  }
}

function keyColumns(deps: Deps, opened: Opened, keepKey: boolean): { keyKept: KeyKept; sealedKey: Uint8Array | null } {
  if (!opened.encrypted || opened.secret === null) return { keyKept: 'none', sealedKey: null };
  if (!keepKey) return { keyKept: 'memory', sealedKey: null };
  return { keyKept: 'encrypted', sealedKey: deps.sealer.seal(opened.secret, sealedKeyName(opened.repositoryId)) };
}

const STATUSES = ['ready', 'reading', 'locked', 'offline', 'damaged', 'never-read'] as const;
const LINES = ['1.0', '1.1', 'mixed', 'unknown'] as const;

type Kept = { readonly counts: StoreCounts | undefined; readonly line: StoreLineRow | undefined };

function storeDto(store: StoreRow, { counts: found, line }: Kept, registry: Registry): StoreDto {
  const verdicts = verdictCounts(found?.verdicts ?? []);
  const machines = VERDICTS.reduce((sum, verdict) => sum + verdicts[verdict], 0);
  const problem = problemDto(store.problem);
  const status = STATUSES.find((known) => known === store.status) ?? 'never-read';
  const locked = store.encrypted && store.sealedKey === null && !registry.holds(store.id);
  return {
    id: store.id,
    name: store.name,
    location: store.location,
    carried: line === undefined ? null : carriedDto(line),
    repositoryId: store.repositoryId,
    encrypted: store.encrypted,
    keyKept: store.keyKept,
    status: locked ? 'locked' : status,
    problem,
    line: LINES.find((line) => line === store.line) ?? 'unknown',
    refreshIntervalSeconds: store.refreshIntervalSeconds,
    unknownAfterHours: store.unknownAfterHours,
    lastReadAt: store.lastReadAt?.toISOString() ?? null,
    newestSnapshotAt: store.newestSnapshotAt?.toISOString() ?? null,
    logicalBytes: store.logicalBytes,
    counts: {
      machines,
      diverged: verdicts.diverged,
      unknown: verdicts.unknown,
      behind: verdicts.behind,
      inSync: verdicts['in-sync'],
      snapshots: found?.snapshots ?? 0,
      findings: seriousFindings(found?.findings ?? []).reduce((sum, { count }) => sum + count, 0),
    },
    headline: locked ? 'Its key is not loaded since the console was restarted.' : storeHeadline({ problem, counts: verdicts, findings: found?.findings ?? [] }),
  };
}

function carriedDto({ since, requests, retries, bytesRead, bytesWritten, measured, latencyMs }: StoreLineRow): NonNullable<StoreDto['carried']> {
  return { since: since.toISOString(), requests, retries, bytesRead, bytesWritten, meanLatencyMs: measured === 0 ? null : latencyMs / measured };
}

export function verdictCounts(rows: readonly { readonly verdict: string; readonly count: number }[]): VerdictCounts {
  const counts = { diverged: 0, unknown: 0, behind: 0, 'in-sync': 0 };
  for (const { verdict, count } of rows) for (const known of VERDICTS) if (known === verdict) counts[known] += count;
  return counts;
}

const CONDITION = ['damaged', 'offline', 'locked', 'never-read', 'reading', 'ready'];

function needsALookFirst(a: StoreDto, b: StoreDto): number {
  return (
    b.counts.diverged - a.counts.diverged ||
    CONDITION.indexOf(a.status) - CONDITION.indexOf(b.status) ||
    b.counts.behind - a.counts.behind ||
    a.name.localeCompare(b.name, 'en')
  );
}

function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
