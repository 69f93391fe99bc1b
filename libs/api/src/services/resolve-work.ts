import type { JobWork } from '@wardrobe/contracts';
import { allSnapshots, getSnapshots, type StoreRow } from '@wardrobe/db';
import type { EngineWork } from '../engine/work/types.js';
import { ApiError, notFound } from '../errors/api-error.js';
import type { Deps } from './deps.js';
import { reachOf } from './headers.js';
import { indexFolder } from './locations.js';
import { placeOf } from './places.js';
import type { Registry } from './registry.js';
import { restoreTarget } from './restore-roots.js';
import { requiredStore, type Tracking } from './tracking.js';
import { reportedMachines, reportEvidence } from './work-evidence.js';
import { workCommand, workLabel } from './work-words.js';

export type ResolvedWork = { readonly engine: EngineWork; readonly label: string; readonly command: string; readonly applyCommand: string };
export type ResolveParts = { readonly registry: Registry; readonly tracking: Tracking };

/**
 * Everything that work needs to know from the database and the configuration, so that the store's thread only has to do it. Checked each time: what was
 * allowed when it was planned may not be when it is done.
 * @throws ApiError what is asked for is not there, or not allowed
 */
export async function resolveWork(deps: Deps, parts: ResolveParts, asked: { readonly store: StoreRow; readonly work: JobWork }): Promise<ResolvedWork> {
  const { store, work } = asked;
  const named = (
    engine: EngineWork,
    names: Parameters<typeof workLabel>[1] = {},
    facts: { snapshots?: readonly string[] | null; peerLocation?: string } = {},
  ) => ({
    engine,
    label: workLabel(work, names),
    command: workCommand(work, { store, ...facts }, false),
    applyCommand: workCommand(work, { store, ...facts }, true),
  });
  switch (work.kind) {
    case 'repair': {
      const finding = work.finding === null ? null : await findingOf(parts, store, work.finding);
      const snapshots = finding === null || finding.snapshots.length === 0 ? null : finding.snapshots;
      const { undelete, wait, discardDamagedStates } = work;
      const evidence = await reportEvidence(deps.db, store);
      return named({ kind: 'repair', snapshots, evidence, undelete, wait, discardDamagedStates }, { finding: finding?.title }, { snapshots });
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
      const place = await placeOf(deps, peer);
      const secret = peer.encrypted ? parts.registry.secretOf(peer) : null;
      return named(
        {
          kind: 'sync',
          direction: work.direction,
          peer: { ...place, passphrase: null, secret, indexDirectory: indexFolder(deps, place.location) },
          peerName: peer.name,
        },
        { peer: peer.name },
        { peerLocation: peer.location },
      );
    }
  }
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
