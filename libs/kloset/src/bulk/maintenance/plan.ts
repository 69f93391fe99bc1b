import type { PackfileId, SnapshotId, StateId } from '@wardrobe/kloset-model';
import { BLOB_TYPE } from '../../format/state.js';
import { isFresh } from '../../repository/hold-lock.js';
import { storeLine } from '../../repository/store-line.js';
import type { OrphanPackfile, Repository } from '../../repository/types.js';
import { snapshotSource } from '../../snapshot/source.js';
import { StateOrder } from '../../state/state-order.js';
import { builtUpon } from './built-upon.js';
import { LiveBlobs } from './live-blobs.js';
import { isPlakarAround, type Witnesses, removalHindrance } from './removal.js';
import type { ColouredPackfile, Healing, KeptPackfile, MaintenanceOptions, MaintenancePlan, PlannedPackfile, Refusal, StrandedHeader } from './types.js';
import { NeedsWalk } from './walk-needs.js';

const DAY_MS = 86_400_000;
/** plakar's own. @source 01-store 7.2 */
export const GRACE_MS = { '1.0': 30 * DAY_MS, '1.1': 7 * DAY_MS } as const;
const MS = 1_000_000n;
/** Clocks of honest machines differ by less. */
const CLOCKS_APART_NS = 3_600_000n * MS;

/** A plan, and what a run needs beside it. */
export type WorkedOut = { readonly plan: MaintenancePlan; readonly live: LiveBlobs; readonly needed: ReadonlySet<PackfileId> };

/**
 * What maintenance would do now. Reads the trees of every live snapshot and changes nothing. A state or a snapshot that cannot be read to its ends is a
 * refusal: what it needs is unknown, so nothing may be taken for garbage.
 * @throws StoreError, PermissionError the store does not answer
 * @source 01-store 7.2 … 7.4
 */
export async function planMaintenance(repository: Repository, options: MaintenanceOptions): Promise<MaintenancePlan> {
  return (await workOut(repository, options)).plan;
}

export async function workOut(repository: Repository, options: MaintenanceOptions): Promise<WorkedOut> {
  const { signal } = options;
  const files = new Map<PackfileId, number>();
  for await (const item of repository.store.list('packfile', { signal })) files.set(item.id, item.sizeBytes);
  const walked = await walkLive(repository, { ...options, files });
  const kept: KeptPackfile[] = [];
  const orphans = await readOrphans(repository, { ...options, files, kept });
  const hidden = options.discardHidden === true ? NOTHING_HIDDEN : await walkHidden(repository, { ...options, orphans });
  const { line } = walked;
  const graceMs = options.graceMs ?? GRACE_MS[line];
  const survey: Survey = { repository, options, files, graceMs, ...walked, orphans, hidden, kept };
  const locks = (await repository.locks({ signal })).filter((lock) => isFresh(lock, options.nowMs));
  const colour = [...uncolouredGarbage(survey), ...orphanGarbage(survey)];
  const coloured = await keepBuiltUpon(survey, judgeColoured(survey), colour);
  const plan: MaintenancePlan = {
    line,
    nowMs: options.nowMs,
    graceMs,
    refusals: [...stateRefusals(repository, files), ...walked.refusals],
    snapshots: repository.view.live.length,
    neededPackfiles: walked.needed.size,
    neededBytes: [...walked.needed.keys()].reduce((sum, id) => sum + (files.get(id) ?? 0), 0),
    colour,
    ...coloured,
    ...judgeTombstoned(survey),
    kept,
    locks,
  };
  return { plan, live: walked.live, needed: new Set([...walked.needed.keys(), ...hidden.needed.keys()]) };
}

type Survey = {
  readonly repository: Repository;
  readonly options: MaintenanceOptions;
  readonly files: ReadonlyMap<PackfileId, number>;
  readonly graceMs: number;
  readonly line: '1.0' | '1.1';
  readonly live: LiveBlobs;
  /** Packfile to the snapshot that needs it. */
  readonly needed: ReadonlyMap<PackfileId, SnapshotId>;
  readonly sole: ReadonlySet<PackfileId>;
  readonly hosts: ReadonlySet<string>;
  readonly orphans: readonly OrphanPackfile[];
  readonly hidden: Hidden;
  readonly kept: KeptPackfile[];
};

type Walked = Pick<Survey, 'line' | 'live' | 'needed' | 'sole' | 'hosts'> & { readonly refusals: readonly Refusal[] };

async function walkLive(repository: Repository, options: MaintenanceOptions & { readonly files: ReadonlyMap<PackfileId, number> }): Promise<Walked> {
  const { view } = repository;
  const live = new LiveBlobs(view, undefined, (id) => !options.files.has(id));
  const walk = new NeedsWalk(live, repository, { signal: options.signal });
  const refusals: Refusal[] = [];
  const hosts = new Set<string>();
  const snapshots = byAge(view);
  for (const [number, { id }] of snapshots.entries()) {
    const { hostname, problem } = await walk.walk(id, number);
    hosts.add(hostname);
    if (problem !== null) {
      const more = problem.failures > 1 ? ` (and ${problem.failures - 1} more)` : '';
      refusals.push({ kind: 'snapshot', id, reason: `it cannot be read to its ends: ${problem.error.message}${more}` });
    }
    options.onProgress?.({ phase: 'snapshots', done: number + 1, total: snapshots.length });
  }
  const line = storeLine(view);
  const colours = new Map(view.colours(BLOB_TYPE.packfile));
  const needed = new Map<PackfileId, SnapshotId>();
  const sole = new Set<PackfileId>();
  for (const { id, firstBy, isSole } of live.needed()) {
    const snapshot = snapshots[firstBy] as Aged;
    const colour = colours.get(id);
    if (colour !== undefined && !isSole && (line === '1.1' || snapshot.publishedNs > colour.whenNs + CLOCKS_APART_NS)) continue;
    needed.set(id, snapshot.id);
    if (isSole) sole.add(id);
    if ((isSole || colour === undefined) && !options.files.has(id))
      refusals.push({ kind: 'packfile', id, reason: `snapshot ${snapshot.id} needs it and the store does not hold it` });
  }
  return { line, live, needed, sole, hosts, refusals };
}

type Aged = { readonly id: SnapshotId; readonly publishedNs: bigint };

/**
 * Live snapshots, oldest first: the first one that needs a packfile is then the oldest. A coloured packfile whose needed blobs all lie elsewhere too is garbage
 * again when only snapshots made after the colour need them: they stored them anew. An older one may have led a machine of plakar 1.0 to take the colour back
 * for itself alone, and to build upon the packfile: there it is kept.
 * @source 01-store 7.4
 */
function byAge(view: Repository['view']): readonly Aged[] {
  const times = new Map(view.states.map((state) => [state.id, state.timestampNs]));
  const earliest = (states: readonly StateId[]): bigint => states.reduce((least, id) => min(least, times.get(id) ?? 0n), 1n << 63n);
  return view.live
    .map(({ id, states }) => ({ id, publishedNs: earliest(states) }))
    .sort((a, b) => (a.publishedNs < b.publishedNs ? -1 : a.publishedNs > b.publishedNs ? 1 : 0));
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function stateRefusals({ view }: Repository, files: ReadonlyMap<PackfileId, number>): Refusal[] {
  const unreadable = view.unreadable.map(
    ({ id, error }): Refusal => ({ kind: 'state', id, reason: `it cannot be read, and may bring snapshots: ${error.message}` }),
  );
  if (view.states.length > 0 || files.size === 0 || unreadable.length > 0) return unreadable;
  return [{ kind: 'store', id: '', reason: 'it holds packfiles and not one state: they were lost' }];
}

async function readOrphans(
  repository: Repository,
  options: MaintenanceOptions & { readonly files: ReadonlyMap<PackfileId, number>; readonly kept: KeptPackfile[] },
): Promise<readonly OrphanPackfile[]> {
  const { packfiles } = await repository.orphans({
    signal: options.signal,
    onProblem: ({ packfile, error }) => {
      const why = `no state names it, and it cannot be read: ${error.message}`;
      options.kept.push({ id: packfile, sizeBytes: options.files.get(packfile) ?? 0, isOrphan: true, why });
    },
  });
  options.onProgress?.({ phase: 'orphans', done: packfiles.length, total: packfiles.length });
  return packfiles;
}

/** Packfiles that hidden snapshots need; `isUnknown`: one of them could not be read to its ends. */
type Hidden = { readonly needed: ReadonlyMap<PackfileId, SnapshotId>; readonly isUnknown: boolean };
const NOTHING_HIDDEN: Hidden = { needed: new Map(), isUnknown: false };

async function walkHidden(repository: Repository, options: MaintenanceOptions & { readonly orphans: readonly OrphanPackfile[] }): Promise<Hidden> {
  const { nowMs, signal, orphans } = options;
  if (orphans.every((orphan) => orphan.snapshots.length === 0)) return NOTHING_HIDDEN;
  const hidden = await repository.hidden({ nowMs, signal });
  const { layer } = await repository.orphans({ signal });
  const live = new LiveBlobs(repository.view, { layer, packfiles: new Set(orphans.map((orphan) => orphan.id)) });
  const walk = new NeedsWalk(live, repository, { signal, blobs: snapshotSource(repository, await repository.withOrphans({ signal })) });
  let isUnknown = false;
  for (const [number, { id }] of hidden.entries()) if ((await walk.walk(id, number)).problem !== null) isUnknown = true;
  return { needed: new Map([...live.needed()].map(({ id, firstBy }) => [id, hidden[firstBy]?.id as SnapshotId])), isUnknown };
}

/** Known packfiles that nothing needs and that bear no colour yet. */
function uncolouredGarbage({ repository: { view }, files, needed, hidden, kept }: Survey): PlannedPackfile[] {
  const found: PlannedPackfile[] = [];
  for (const { id, coloured } of view.packfiles()) {
    if (coloured || needed.has(id)) continue;
    const packfile = { id, sizeBytes: files.get(id) ?? 0, isOrphan: false };
    const snapshot = hidden.needed.get(id);
    if (snapshot === undefined && !hidden.isUnknown) found.push(packfile);
    else kept.push({ ...packfile, why: hiddenReason(snapshot) });
  }
  return found;
}

/** Orphans older than the grace: younger ones may belong to a backup that is running. */
function orphanGarbage({ repository: { view }, options, graceMs, orphans, hidden, kept }: Survey): PlannedPackfile[] {
  const cutoffNs = BigInt(Math.trunc(options.nowMs - graceMs)) * MS;
  return orphans.flatMap((orphan): PlannedPackfile[] => {
    if (view.isPackfileColoured(orphan.id)) return [];
    const packfile = { id: orphan.id, sizeBytes: orphan.sizeBytes, isOrphan: true };
    const snapshot = hidden.needed.get(orphan.id);
    const why =
      snapshot !== undefined || hidden.isUnknown
        ? hiddenReason(snapshot)
        : orphan.packedAtNs > cutoffNs
          ? 'no state names it, and it is younger than the grace: a backup may be running'
          : null;
    if (why === null) return [packfile];
    kept.push({ ...packfile, why });
    return [];
  });
}

function hiddenReason(snapshot: SnapshotId | undefined): string {
  const whose = snapshot === undefined ? 'a hidden snapshot that cannot be read to its ends may need it' : `hidden snapshot ${snapshot} needs it`;
  return `${whose} (its state was lost; repair brings it back)`;
}

type Judged = Pick<MaintenancePlan, 'heal' | 'strandedHeaders' | 'waiting' | 'sweep' | 'held'>;

function judgeColoured(survey: Survey): Judged {
  const { repository, files, options, graceMs, line } = survey;
  const { view } = repository;
  const witnesses = witnessesOf(survey);
  const orphans = new Set(survey.orphans.map((orphan) => orphan.id));
  const waiting: ColouredPackfile[] = [];
  const sweep: ColouredPackfile[] = [];
  const held: (ColouredPackfile & { readonly why: string })[] = [];
  for (const [id, colour] of view.colours(BLOB_TYPE.packfile)) {
    if (view.isPackfileTombstoned(id)) continue;
    const sizeBytes = files.get(id);
    const isKnown = view.isPackfileKnown(id);
    // Gone already: in a store of both lines its entry and its colour stay behind in the states.
    if (sizeBytes === undefined && (line === '1.0' || !isKnown)) continue;
    const colouredAtMs = Number(colour.whenNs / MS);
    const packfile: ColouredPackfile = { id, sizeBytes: sizeBytes ?? 0, isOrphan: !isKnown, colouredAtMs, dueAtMs: colouredAtMs + graceMs };
    const snapshot = survey.needed.get(id);
    const hiddenSnapshot = survey.hidden.needed.get(id);
    if (snapshot !== undefined) {
      if (line === '1.0' && !survey.sole.has(id)) held.push({ ...packfile, why: `snapshot ${snapshot} needs it; copies of what it needs are elsewhere too` });
      continue;
    }
    if (hiddenSnapshot !== undefined || (survey.hidden.isUnknown && orphans.has(id))) held.push({ ...packfile, why: hiddenReason(hiddenSnapshot) });
    else if (packfile.dueAtMs > options.nowMs) waiting.push(packfile);
    else {
      const why = line === '1.1' ? null : removalHindrance(witnesses, colour.states);
      if (why === null) sweep.push(packfile);
      else held.push({ ...packfile, why });
    }
  }
  return { ...healings(survey), waiting, sweep, held };
}

/** What is due, without what plakar 1.0 may build upon unseen: that is held until every machine knows that the objects which lead to it go too. */
async function keepBuiltUpon(survey: Survey, judged: Judged, colour: readonly PlannedPackfile[]): Promise<Judged> {
  const { live, options } = survey;
  const { view } = survey.repository;
  const witnesses = witnessesOf(survey);
  if (survey.line === '1.1' || judged.sweep.length === 0 || !isPlakarAround(witnesses)) return judged;
  const going = new Set(colour.map(({ id }) => id));
  const known = [...view.packfiles()];
  const seenToGo = new Set([...view.colours(BLOB_TYPE.packfile)].flatMap(([id, { states }]) => (removalHindrance(witnesses, states) === null ? [id] : [])));
  const leading = await builtUpon(survey.repository, live, {
    due: new Set(judged.sweep.map(({ id }) => id)),
    leading: new Set(known.flatMap(({ id }) => (seenToGo.has(id) ? [] : [id]))),
    staying: new Set(known.flatMap(({ id, coloured }) => (coloured || going.has(id) ? [] : [id]))),
    signal: options.signal,
  });
  if (leading.size === 0) return judged;
  const held = judged.sweep
    .filter(({ id }) => leading.has(id))
    .map((packfile) => ({ ...packfile, why: `object ${leading.get(packfile.id)} stays and names what lies in it: plakar 1.0 may build upon it unseen` }));
  return { ...judged, sweep: judged.sweep.filter(({ id }) => !leading.has(id)), held: [...judged.held, ...held] };
}

function witnessesOf({ options, hosts }: Survey): Witnesses {
  return { machines: options.machines, retired: options.retired ?? [], hosts };
}

/** What is needed and coloured. In a store for plakar 1.1 alone the colour goes; elsewhere, and where machines may merge in another order, the blobs are stored again. */
function healings(survey: Survey): Pick<MaintenancePlan, 'heal' | 'strandedHeaders'> {
  const { repository, files, line, live } = survey;
  const { view } = repository;
  const heal: Healing[] = [];
  const strandedHeaders: StrandedHeader[] = [];
  const latest = view.states.at(-1)?.id ?? null;
  const order = new StateOrder([...view.states, { id: NEXT_STATE, parent: latest }]);
  for (const [id, colour] of view.colours(BLOB_TYPE.packfile)) {
    const snapshot = survey.needed.get(id);
    if (snapshot === undefined || view.isPackfileTombstoned(id)) continue;
    if (!survey.sole.has(id)) continue;
    const isSure = line === '1.1' && order.unordered(NEXT_STATE, colour.states).length === 0;
    const isPast = colour.whenNs <= BigInt(Math.trunc(survey.options.nowMs)) * MS;
    const way = line === '1.0' || !isPast ? 'store-again' : isSure ? 'uncolour' : 'both';
    let blobs = 0;
    for (const { type, id: blob } of way === 'uncolour' ? [] : live.stranded(new Set([id]))) {
      if (type !== BLOB_TYPE.snapshot) blobs += 1;
      else if (way === 'store-again' && live.isLive(type, blob)) strandedHeaders.push({ snapshot: blob, packfile: id });
    }
    if (way !== 'store-again' || blobs > 0) heal.push({ id, sizeBytes: files.get(id) ?? 0, isOrphan: false, snapshot, way, blobs });
  }
  return { heal, strandedHeaders };
}

/** Stands for the state that the run would write. */
const NEXT_STATE = 'f'.repeat(64) as never;

function judgeTombstoned({ repository: { view }, files, kept }: Survey): Pick<MaintenancePlan, 'leftovers'> {
  const disputed = new Set(view.mergeHazards().flatMap((hazard) => hazard.packfiles));
  const leftovers: PlannedPackfile[] = [];
  for (const [id, sizeBytes] of files) {
    if (!view.isPackfileTombstoned(id)) continue;
    const packfile = { id, sizeBytes, isOrphan: false };
    if (disputed.has(id))
      kept.push({ ...packfile, why: 'a state deletes it, and some machines may merge that in another order and still see it; repair heals it' });
    else leftovers.push(packfile);
  }
  return { leftovers };
}
