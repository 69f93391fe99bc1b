import type { JobWork } from '@wardrobe/contracts';
import { allSnapshots, getSnapshots, type StoreRow } from '@wardrobe/db';
import type { OpenArgs } from '../engine/types.js';
import type { EngineWork } from '../engine/work/types.js';
import { ApiError, notFound } from '../errors/api-error.js';
import type { Deps } from './deps.js';
import { reachOf } from './headers.js';
import { indexFolder, readableFolder } from './locations.js';
import { placeOf } from './places.js';
import type { Registry } from './registry.js';
import { restoreTarget } from './restore-roots.js';
import { requiredStore, type Tracking } from './tracking.js';
import { reportedMachines, reportEvidence } from './work-evidence.js';
import { type CommandFacts, workCommand, workLabel } from './work-words.js';

export type ResolvedWork = { readonly engine: EngineWork; readonly label: string; readonly command: string | null; readonly applyCommand: string | null };
export type ResolveParts = { readonly registry: Registry; readonly tracking: Tracking };

/**
 * Everything that work needs to know from the database and the configuration, so that the store's thread only has to do it. Checked each time: what was
 * allowed when it was planned may not be when it is done.
 * @throws ApiError what is asked for is not there, or not allowed
 */
export async function resolveWork(deps: Deps, parts: ResolveParts, asked: { readonly store: StoreRow; readonly work: JobWork }): Promise<ResolvedWork> {
  const { store, work } = asked;
  const named = (engine: EngineWork, names: Parameters<typeof workLabel>[1] = {}, facts: Omit<CommandFacts, 'store'> = {}) => ({
    engine,
    label: workLabel(work, names),
    command: workCommand(work, { store, ...facts }, false),
    applyCommand: workCommand(work, { store, ...facts }, true),
  });
  switch (work.kind) {
    case 'repair': {
      const finding = work.finding === null ? null : await findingOf(parts, store, work.finding);
      const snapshots = finding === null || finding.snapshots.length === 0 ? null : finding.snapshots;
      const { undelete, redelete, wait, discardDamagedStates, readData } = work;
      const evidence = await reportEvidence(deps.db, store);
      const sources = await recoverySources(deps, parts, { store, work });
      return named(
        { kind: 'repair', snapshots, evidence, undelete, redelete, wait, discardDamagedStates, readData, ...sources.engine },
        { finding: finding?.title },
        { snapshots, fromLocations: sources.locations },
      );
    }
    case 'check':
      return named({ kind: 'check', snapshots: await checked(deps, store, work.snapshots), fast: work.fast, packfiles: work.packfiles });
    case 'restore': {
      const [row] = await getSnapshots(deps.db, store.id, [work.snapshot]);
      if (row === undefined || row.availability === 'absent') throw notFound(`Snapshot ${work.snapshot.slice(0, 8)}`);
      if (work.privileges && deps.config.restorePrivileges !== true)
        throw new ApiError(
          'forbidden',
          'This console sets no owners and no setuid bits when it restores.',
          'Whoever runs the console can allow it with WARDROBE_RESTORE_OWNERS=1.',
        );
      const { snapshot, path, overwrite, privileges } = work;
      return named({ kind: 'restore', snapshot, reach: reachOf(row.availability), path, ...(await restoreTarget(deps, work.target)), overwrite, privileges });
    }
    case 'rm':
      return named({ kind: 'rm', snapshots: [...new Set(work.snapshots)] });
    case 'prune':
      return named(work);
    case 'maintenance':
      return named({ kind: 'maintenance', ...(await reportedMachines(deps.db, store)) });
    case 'sync': {
      const peer = await requiredStore(deps, work.peer);
      if (peer.id === store.id) throw new ApiError('invalid-input', 'A store cannot be synchronised with itself.', 'Choose another store.');
      return named(
        { kind: 'sync', direction: work.direction, peer: await openArgsOf(deps, parts, peer), peerName: peer.name, snapshots: [...new Set(work.snapshots)] },
        { peer: peer.name },
        { peerLocation: peer.location },
      );
    }
    case 'locks':
      if (work.force && work.ids.length === 0)
        throw new ApiError('invalid-input', 'Fresh locks are removed only by name.', 'Choose the locks that nobody holds any more.');
      return named({ kind: 'locks', ids: [...new Set(work.ids)], force: work.force });
  }
}

async function openArgsOf(deps: Deps, { registry }: ResolveParts, peer: StoreRow): Promise<OpenArgs> {
  const place = await placeOf(deps, peer);
  return { ...place, passphrase: null, secret: peer.encrypted ? registry.secretOf(peer) : null, indexDirectory: indexFolder(deps, place.location) };
}

type Sources = { readonly engine: Pick<EngineWork & { kind: 'repair' }, 'fromStores' | 'fromDisks'>; readonly locations: readonly string[] };

/** Where a repair may look for lost content, as far as it is allowed. */
async function recoverySources(deps: Deps, parts: ResolveParts, { store, work }: { store: StoreRow; work: JobWork & { kind: 'repair' } }): Promise<Sources> {
  const peers: StoreRow[] = [];
  for (const id of new Set(work.fromStores)) {
    const peer = await requiredStore(deps, id);
    if (peer.id === store.id) throw new ApiError('invalid-input', 'A store cannot be mended from itself.', 'Choose another store.');
    peers.push(peer);
  }
  const fromStores: OpenArgs[] = [];
  for (const peer of peers) fromStores.push(await openArgsOf(deps, parts, peer));
  const fromDisks: string[] = [];
  for (const folder of new Set(work.fromDisks)) fromDisks.push(await readableFolder(deps, folder));
  return { engine: { fromStores, fromDisks }, locations: peers.map(({ location }) => location) };
}

async function findingOf({ tracking }: ResolveParts, store: StoreRow, id: string): Promise<{ title: string; snapshots: readonly string[] }> {
  const found = await tracking.finding(store.id, id);
  if (found === null) throw new ApiError('not-found', 'This finding is closed meanwhile.', 'Look at the findings that are left.');
  return found;
}

async function checked(deps: Deps, store: StoreRow, ids: readonly string[]) {
  const rows = ids.length === 0 ? await allSnapshots(deps.db, store.id, ['live']) : await getSnapshots(deps.db, store.id, ids);
  const found = rows.filter(({ availability }) => availability !== 'absent');
  const missing = ids.find((id) => !found.some((row) => row.id === id));
  if (missing !== undefined) throw notFound(`Snapshot ${missing.slice(0, 8)}`);
  return found.map(({ id, availability }) => ({ id, reach: reachOf(availability) }));
}
