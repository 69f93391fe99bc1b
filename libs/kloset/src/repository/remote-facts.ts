import { isMac, shortId } from '@wardrobe/kloset-model';
import type { HiddenSnapshot, LockInfo, MergeHazard, OrphanProblem, Repository, StateView } from './types.js';

/** Age from which plakar takes a lock for stale. @source 01-store 6.4 */
export const STALE_LOCK_MS = 600_000;
/** Clocks further apart than this are a finding. @source design, "Remote view of a store" */
export const CLOCK_SKEW_MS = 300_000;

export type RemoteFinding = {
  readonly kind:
    | 'unreadable-state'
    | 'missing-packfile'
    | 'unreadable-packfile'
    | 'coloured-in-use'
    | 'foreign-file'
    | 'stale-lock'
    | 'damaged-lock'
    | 'clock-skew'
    | 'ambiguous-snapshot'
    | 'merge-order-hazard';
  /** State, packfile, lock or snapshot id; for foreign files their path. */
  readonly id: string;
  readonly detail: string;
  readonly snapshots: readonly string[];
};

/** What a store says about itself as plain values: ids are hex text, times ms. The input of the divergence table. */
export type RemoteFacts = {
  readonly repositoryId: string;
  readonly readAtMs: number;
  readonly states: ReadonlySet<string>;
  readonly unreadable: ReadonlySet<string>;
  readonly live: ReadonlyMap<
    string,
    { readonly id: string; readonly states: readonly string[]; readonly packfiles: readonly string[]; readonly publishedAtMs: number }
  >;
  readonly deleted: ReadonlyMap<string, { readonly whenMs: number }>;
  readonly packfiles: ReadonlySet<string>;
  readonly tombstoned: { has(packfile: string): boolean };
  readonly hidden: readonly {
    readonly id: string;
    readonly packfile: string;
    readonly packedAtMs: number;
    readonly lock: { readonly host: string; readonly ageSeconds: number } | null;
  }[];
  readonly findings: readonly RemoteFinding[];
};

const MS = 1_000_000n;

/**
 * The remote view of a store: R, U, V and F of the design, hidden snapshots and the store's own findings. `publishedAtMs` is the earliest metadata time of the states
 * that bring a snapshot (a console that watches the store replaces it by the time it first listed them).
 */
export async function remoteFacts(
  repository: Repository,
  { nowMs, signal }: { readonly nowMs: number; readonly signal?: AbortSignal | undefined },
): Promise<RemoteFacts> {
  const view = repository.view;
  const packfiles = new Set<string>();
  // Only their names count here: no server need be asked for sizes.
  for await (const item of repository.store.list('packfile', { signal, knownSize: () => 0 })) packfiles.add(item.id);
  const locks = await repository.locks({ signal });
  const unreadable: RemoteFinding[] = [];
  const onProblem = ({ packfile, error }: OrphanProblem) =>
    void unreadable.push({ kind: 'unreadable-packfile', id: packfile, detail: error.message, snapshots: [] });
  const hidden = await repository.hidden({ nowMs, signal, onProblem });
  const foreign: RemoteFinding[] = [];
  for await (const file of repository.store.listForeign({ signal }))
    foreign.push({ kind: 'foreign-file', id: file.path, detail: foreignDetail(file.path), snapshots: [] });
  const stateTimes = new Map<string, number>(view.states.map((state) => [state.id, Number(state.timestampNs / MS)]));
  return {
    repositoryId: repository.id,
    readAtMs: nowMs,
    states: new Set(view.states.map((state) => state.id)),
    unreadable: new Set(view.unreadable.map((state) => state.id)),
    live: new Map(
      view.live.map((snapshot) => [
        snapshot.id,
        { id: snapshot.id, states: snapshot.states, packfiles: snapshot.packfiles, publishedAtMs: earliest(snapshot.states, stateTimes) },
      ]),
    ),
    deleted: new Map(view.deleted.map((snapshot) => [snapshot.id, { whenMs: Number(snapshot.whenNs / MS) }])),
    packfiles,
    tombstoned: { has: (packfile) => isMac(packfile) && view.isPackfileTombstoned(packfile) },
    hidden: hidden.map(plainHidden),
    findings: [...viewFindings(view, packfiles), ...unreadable, ...lockFindings(locks, nowMs), ...clockFindings(view, nowMs), ...foreign],
  };
}

function foreignDetail(path: string): string {
  const [kind, folder, name] = path.split('/');
  const isMisplaced = (kind === 'states' || kind === 'packfiles') && name !== undefined && isMac(name) && folder !== name.slice(0, 2);
  return isMisplaced ? `${path} lies in the wrong folder: it is read from there, and plakar cannot open it` : `${path} belongs to no store`;
}

function earliest(states: readonly string[], times: ReadonlyMap<string, number>): number {
  return states.reduce((least, state) => Math.min(least, times.get(state) ?? least), Number.MAX_SAFE_INTEGER);
}

function plainHidden(snapshot: HiddenSnapshot): RemoteFacts['hidden'][number] {
  return { id: snapshot.id, packfile: snapshot.packfile, packedAtMs: Number(snapshot.packedAtNs / MS), lock: snapshot.lock };
}

function viewFindings(view: StateView, files: ReadonlySet<string>): RemoteFinding[] {
  const found: RemoteFinding[] = view.unreadable.map((state) => ({ kind: 'unreadable-state', id: state.id, detail: state.error.message, snapshots: [] }));
  const holders = new Map<string, string[]>();
  for (const snapshot of view.live) {
    for (const packfile of snapshot.packfiles) holders.set(packfile, [...(holders.get(packfile) ?? []), snapshot.id]);
    if (snapshot.scheduledForDeletion)
      found.push({
        kind: 'coloured-in-use',
        id: snapshot.packfiles[0] ?? snapshot.id,
        detail: `snapshot ${shortId(snapshot.id)} lies only in packfiles that are scheduled for deletion`,
        snapshots: [snapshot.id],
      });
    if (snapshot.packfiles.length > 1)
      found.push({
        kind: 'ambiguous-snapshot',
        id: snapshot.id,
        detail: `its header lies in ${snapshot.packfiles.length} packfiles, so plakar 1.0 cannot address it`,
        snapshots: [snapshot.id],
      });
  }
  for (const packfile of view.packfiles()) {
    if (!packfile.coloured && !files.has(packfile.id))
      found.push({
        kind: 'missing-packfile',
        id: packfile.id,
        detail: 'the store names this packfile and does not hold it',
        snapshots: holders.get(packfile.id) ?? [],
      });
  }
  return [...found, ...colouredFindings(view), ...view.mergeHazards().map(hazardFinding)];
}

/** Packfiles in use that are scheduled for deletion, other than those told because a header lies in them. */
function colouredFindings(view: StateView): RemoteFinding[] {
  const told = new Set(view.live.flatMap((snapshot) => (snapshot.scheduledForDeletion ? snapshot.packfiles : [])));
  return view
    .colouredInUse()
    .filter(({ packfile }) => !told.has(packfile))
    .map(({ packfile, snapshots }) => ({
      kind: 'coloured-in-use',
      id: packfile,
      detail: `packfile ${shortId(packfile)} is scheduled for deletion and holds data of snapshot ${snapshots.map(shortId).join(', ')} that lies nowhere else`,
      snapshots,
    }));
}

function hazardFinding(hazard: MergeHazard): RemoteFinding {
  const states = hazard.unordered.slice(0, 3).map(shortId).join(', ') + (hazard.unordered.length > 3 ? ', …' : '');
  const packfiles = hazard.packfiles.length === 1 ? 'a packfile' : `${hazard.packfiles.length} packfiles`;
  return {
    kind: 'merge-order-hazard',
    id: hazard.state,
    detail: `this state removes what states ${states} say of ${packfiles}, and nothing tells which comes first: plakar machines may disagree`,
    snapshots: hazard.snapshots,
  };
}

function lockFindings(locks: readonly LockInfo[], nowMs: number): RemoteFinding[] {
  return locks.flatMap((lock): RemoteFinding[] => {
    if (lock.error) return [{ kind: 'damaged-lock', id: lock.id, detail: lock.error.message, snapshots: [] }];
    const ageMs = nowMs - Number(lock.timestampNs / MS);
    if (ageMs < -CLOCK_SKEW_MS)
      return [
        { kind: 'clock-skew', id: lock.id, detail: `the lock of ${lock.hostname} was written ${Math.round(-ageMs / 1000)} s in the future`, snapshots: [] },
      ];
    return ageMs >= STALE_LOCK_MS
      ? [{ kind: 'stale-lock', id: lock.id, detail: `${lock.hostname} left it behind ${Math.round(ageMs / 1000)} s ago`, snapshots: [] }]
      : [];
  });
}

function clockFindings(view: StateView, nowMs: number): RemoteFinding[] {
  return view.states
    .filter((state) => Number(state.timestampNs / MS) - nowMs > CLOCK_SKEW_MS)
    .map((state) => ({ kind: 'clock-skew', id: state.id, detail: `state ${shortId(state.id)} bears a time in the future`, snapshots: state.snapshots }));
}
