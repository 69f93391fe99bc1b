import type { StoreDto, StoreInput, StoreTestDto } from '@wardrobe/contracts';
import { createStore, getStore, type KeyKept, listStores, removeStore, type StoreRow, storeCounts, type StoreCounts, updateStore } from '@wardrobe/db';
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { counted, VERDICTS } from '@wardrobe/words';
import type { Opened } from '../engine/types.js';
import { ApiError, notFound } from '../errors/api-error.js';
import { codeOf, problemOf } from '../errors/bridge.js';
import { audit, type Deps } from './deps.js';
import { problemDto } from './problems.js';
import { allowedFolder, indexFolder } from './locations.js';
import type { Refreshes } from './refresh.js';
import { type Registry, sealedKeyName } from './registry.js';
import type { Work } from './work.js';
import { seriousFindings, storeHeadline, type VerdictCounts } from './sentences.js';
import type { StoreService } from './types.js';

type Parts = { readonly registry: Registry; readonly refreshes: Refreshes; readonly work: Work };

export function createStores(deps: Deps, { registry, refreshes, work }: Parts): StoreService {
  const dto = async (store: StoreRow): Promise<StoreDto> => storeDto(store, (await storeCounts(deps.db, store.id))[0], registry);

  async function required(storeId: string): Promise<StoreRow> {
    const store = /^\d{1,18}$/.test(storeId) ? await getStore(deps.db, storeId) : null;
    if (store === null) throw notFound('This store');
    return store;
  }

  async function add(input: StoreInput): Promise<StoreRow> {
    const folder = await allowedFolder(deps, input.location);
    const rows = await listStores(deps.db);
    if (rows.some((row) => row.location === folder))
      throw new ApiError('conflict', `The store at ${folder} is here already.`, 'Open it in the list of stores.');
    const aside = await registry.openAside({ folder, passphrase: input.passphrase ?? null, secret: null, indexDirectory: indexFolder(deps, folder) });
    try {
      const { opened } = aside;
      const store = await createStore(deps.db, {
        name: input.name.trim(),
        location: folder,
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
      const [rows, all] = await Promise.all([listStores(deps.db), storeCounts(deps.db)]);
      const found = new Map(all.map((row) => [row.storeId, row]));
      return rows.map((row) => storeDto(row, found.get(row.id), registry)).sort(needsALookFirst);
    },
    get: async (storeId) => dto(await required(storeId)),
    test: (input) => testStore(deps, registry, input),
    async add(actor, input) {
      const store = await add(input);
      await audit(deps, actor, { what: 'added a store', about: `${store.name} at ${store.location}` });
      await refreshes.refresh(store.id, actor.name);
      return dto(await required(store.id));
    },
    async update(actor, { storeId, location, ...change }) {
      const before = await required(storeId);
      const folder = location === undefined ? before.location : await allowedFolder(deps, location);
      if (folder !== before.location) await moveStore(before, folder);
      const store = await updateStore(deps.db, storeId, { ...defined(change), location: folder });
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
      const folder = await allowedFolder(deps, store.location);
      await refreshes.stopStore(storeId);
      const aside = await registry.openAside({ folder, passphrase, secret: null, indexDirectory: indexFolder(deps, folder) });
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

  /** Another folder for the same store: the repository there must be the same one. */
  async function moveStore(store: StoreRow, folder: string): Promise<void> {
    await work.stopStore(store.id);
    await refreshes.stopStore(store.id);
    await registry.close(store.id);
    const secret = store.encrypted ? registry.secretOf(store) : null;
    const aside = await registry.openAside({ folder, passphrase: null, secret, indexDirectory: null });
    await aside.reader.stop();
    if (aside.opened.repositoryId !== store.repositoryId)
      throw new ApiError('conflict', `The store at ${folder} is another one.`, 'Add it as a store of its own.');
    await registry.wipeIndex(store.location);
  }
}

function keyColumns(deps: Deps, opened: Opened, keepKey: boolean): { keyKept: KeyKept; sealedKey: Uint8Array | null } {
  if (!opened.encrypted || opened.secret === null) return { keyKept: 'none', sealedKey: null };
  if (!keepKey) return { keyKept: 'memory', sealedKey: null };
  return { keyKept: 'encrypted', sealedKey: deps.sealer.seal(opened.secret, sealedKeyName(opened.repositoryId)) };
}

type Step = StoreTestDto['steps'][number];

/** Everything that "add" would do, without keeping anything. */
async function testStore(deps: Deps, registry: Registry, input: StoreInput): Promise<StoreTestDto> {
  const steps: Step[] = [];
  const failed = (error: unknown, step: Step['step'], facts: Partial<StoreTestDto> = {}): StoreTestDto => {
    if (codeOf(error) === null) throw error;
    const problem = problemOf(error);
    return {
      ok: false,
      repositoryId: null,
      encrypted: null,
      snapshots: null,
      ...facts,
      problem,
      steps: [...steps, { step, ok: false, sentence: problem.sentence }],
    };
  };
  let folder: string;
  try {
    folder = await allowedFolder(deps, input.location);
    steps.push({ step: 'path', ok: true, sentence: `${folder} is there.` });
  } catch (error) {
    return failed(error, codeOf(error) === 'permission' ? 'permission' : 'path');
  }
  try {
    await access(folder, constants.R_OK | constants.X_OK);
    steps.push({ step: 'permission', ok: true, sentence: 'The console may read it.' });
  } catch (error) {
    return failed(
      new ApiError('permission', `The console may not read ${folder}.`, 'Give the user that runs the console the right to read it.', { cause: error }),
      'permission',
    );
  }
  let aside: Awaited<ReturnType<Registry['openAside']>>;
  try {
    aside = await registry.openAside({ folder, passphrase: input.passphrase ?? null, secret: null, indexDirectory: null });
  } catch (error) {
    const code = codeOf(error);
    if (code === 'permission' && (await unreadable(join(folder, 'CONFIG')))) return failed(error, 'permission');
    if (code === 'unsupported-version') return failed(error, 'version', {});
    if (code !== 'wrong-passphrase' && code !== 'passphrase-needed') return failed(error, 'config');
    steps.push({ step: 'config', ok: true, sentence: 'It is a Kloset store.' }, { step: 'version', ok: true, sentence: 'Its format is known.' });
    return failed(error, 'key', { encrypted: true });
  }
  try {
    const { repositoryId, encrypted } = aside.opened;
    steps.push({ step: 'config', ok: true, sentence: 'It is a Kloset store.' }, { step: 'version', ok: true, sentence: 'Its format is known.' });
    steps.push({ step: 'key', ok: true, sentence: encrypted ? 'The passphrase opens it.' : 'It is not encrypted.' });
    const reading = await aside.reader.call('read', { nowMs: deps.clock.nowMs() });
    const bad = reading.unreadable.length;
    const sentence =
      bad === 0
        ? `${counted(reading.states.length, 'state file')} read, ${counted(reading.live.length, 'snapshot')} listed.`
        : `${counted(bad, 'state file')} cannot be read; ${counted(reading.live.length, 'snapshot')} listed. Connect it to see what is hit.`;
    steps.push({ step: 'states', ok: bad === 0, sentence });
    // A damaged store is what this console is for: it can be connected, and its damage becomes a finding.
    return { ok: true, steps, repositoryId, encrypted, snapshots: reading.live.length, problem: reading.unreadable[0]?.problem ?? null };
  } catch (error) {
    return failed(error, 'states', { repositoryId: aside.opened.repositoryId, encrypted: aside.opened.encrypted });
  } finally {
    await aside.reader.stop();
  }
}

async function unreadable(file: string): Promise<boolean> {
  return access(file, constants.R_OK).then(
    () => false,
    () => true,
  );
}

const STATUSES = ['ready', 'reading', 'locked', 'offline', 'damaged', 'never-read'] as const;
const LINES = ['1.0', '1.1', 'mixed', 'unknown'] as const;

function storeDto(store: StoreRow, found: StoreCounts | undefined, registry: Registry): StoreDto {
  const verdicts = verdictCounts(found?.verdicts ?? []);
  const machines = VERDICTS.reduce((sum, verdict) => sum + verdicts[verdict], 0);
  const problem = problemDto(store.problem);
  const status = STATUSES.find((known) => known === store.status) ?? 'never-read';
  const locked = store.encrypted && store.sealedKey === null && !registry.holds(store.id);
  return {
    id: store.id,
    name: store.name,
    location: store.location,
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
