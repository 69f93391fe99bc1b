import type { SnapshotId } from '@wardrobe/kloset-model';
import { isFresh } from '../../repository/hold-lock.js';
import { STALE_LOCK_MS } from '../../repository/remote-facts.js';
import { counted, leftAloneOf, named } from './draft.js';
import { findRemovalOf, type ProvenRemoval, type Testimony } from './evidence.js';
import type { Survey } from './survey.js';
import type { PlanRepairOptions, RepairLeftAlone, RepairWait } from './types.js';
import type { SnapshotWalk, Walker } from './walk.js';

/** A backup that holds no lock writes its state at once after its last packfile. */
const WRITING_MS = 60_000;
const NS_PER_MS = 1_000_000n;

/** Snapshots in packfiles that no state names. `chosen`: those that may be published, oldest first; all of them have a header that can be read. */
export type Candidates = {
  readonly chosen: readonly Candidate[];
  /** Must not come along when their packfiles are claimed for another snapshot. */
  readonly incomplete: readonly SnapshotWalk[];
  /** Deleted, or still being written. */
  readonly others: readonly SnapshotWalk[];
  readonly leftAlone: readonly RepairLeftAlone[];
  readonly waits: readonly RepairWait[];
  /** Lost removals, proven: written again, they keep away what was deleted. */
  readonly removals: readonly ProvenRemoval[];
};
export type Candidate = { readonly walk: SnapshotWalk; readonly deletedBy: readonly string[] };

/** Whether everything a snapshot needs can be had, from the store or elsewhere. */
export type IsMendable = (walk: SnapshotWalk) => Promise<boolean>;

export async function findCandidates(
  survey: Survey,
  parts: { readonly testimony: Testimony; readonly walker: Walker; readonly options: PlanRepairOptions; readonly isMendable: IsMendable },
): Promise<Candidates> {
  const { testimony, walker, options } = parts;
  const live = new Set(survey.view.live.map(({ id }) => id));
  const deleted = new Set(survey.view.deleted.map(({ id }) => id));
  const leftAlone: RepairLeftAlone[] = [];
  const waits: RepairWait[] = [];
  const chosen: Candidate[] = [];
  const incomplete: SnapshotWalk[] = [];
  const removals: ProvenRemoval[] = [];
  const others: SnapshotWalk[] = [];
  const packedAtMs = new Map<SnapshotId, number>();
  for (const orphan of survey.orphans.values())
    for (const id of orphan.snapshots) if (!live.has(id)) packedAtMs.set(id, Math.max(packedAtMs.get(id) ?? 0, Number(orphan.packedAtNs / NS_PER_MS)));
  let done = 0;
  for (const [id, atMs] of [...packedAtMs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    options.onProgress?.({ phase: 'snapshots', done: done++, total: packedAtMs.size });
    const running = runningBackup(survey, id, atMs);
    if (running !== null) {
      waits.push(running);
      leftAlone.push(leftAloneOf({ key: `running-backup:${id}`, what: 'running-backup', why: running.why, snapshots: [id] }));
      others.push(await walker.walk(id));
      continue;
    }
    if (deleted.has(id)) {
      if (options.undelete === true) leftAlone.push(deletedForGood(id));
      continue;
    }
    const deletedBy = testimony.deletedBy.get(id) ?? [];
    if (deletedBy.length > 0 && options.undelete !== true) {
      others.push(await walker.walk(id));
      const removal = findRemovalOf(survey, id, testimony);
      if (removal !== null) removals.push(removal);
      leftAlone.push(
        leftAloneOf({ key: `deleted-snapshot:${id}`, what: 'deleted-snapshot', why: deletedSentence(id, deletedBy), snapshots: [id], machines: deletedBy }),
      );
      continue;
    }
    const walk = await walker.walk(id);
    if (walk.header !== null && (await parts.isMendable(walk))) chosen.push({ walk, deletedBy });
    else incomplete.push(walk);
  }
  chosen.sort((a, b) => compareTimes(a.walk, b.walk));
  return { chosen, incomplete, others, leftAlone, waits, removals };
}

function compareTimes(a: SnapshotWalk, b: SnapshotWalk): number {
  const difference = (a.header?.timestampNs ?? 0n) - (b.header?.timestampNs ?? 0n);
  return difference < 0n ? -1 : difference > 0n ? 1 : a.id < b.id ? -1 : 1;
}

/** A lock that bears its id and is fresh, or a packfile that was finished only just now. */
function runningBackup(survey: Survey, id: SnapshotId, packedAtMs: number): RepairWait | null {
  const { nowMs } = survey;
  const lock = survey.locks.find((candidate) => candidate.id === id && candidate.error === undefined && isFresh(candidate, nowMs));
  if (lock !== undefined) {
    const sinceMs = Number(lock.timestampNs / NS_PER_MS);
    const why = `snapshot ${named([id])} may still be written by ${lock.hostname}: its lock was renewed ${counted(Math.max(0, Math.round((nowMs - sinceMs) / 1000)), 'second')} ago`;
    return { lock: id, host: lock.hostname, exclusive: lock.exclusive, sinceMs, untilMs: sinceMs + STALE_LOCK_MS, why };
  }
  if (Math.abs(nowMs - packedAtMs) >= WRITING_MS) return null;
  const why = `snapshot ${named([id])} was stored only just now: its state may be on the way`;
  return { lock: null, host: '', exclusive: false, sinceMs: packedAtMs, untilMs: packedAtMs + WRITING_MS, why };
}

function deletedSentence(id: SnapshotId, by: readonly string[]): string {
  return `snapshot ${named([id])} was deleted on ${by.join(', ')}, and its state is lost with the deletion: it stays away unless asked for (--undelete)`;
}

function deletedForGood(id: SnapshotId): RepairLeftAlone {
  const why = `snapshot ${named([id])} is deleted by a state of the store, which no program can take back. Read it with --deleted, or copy it under a new id with dup.`;
  return leftAloneOf({ key: `deleted-snapshot:${id}`, what: 'deleted-snapshot', why, snapshots: [id] });
}

/** Fresh locks of anybody: they keep the repair's own lock from being taken. */
export function lockWaits(survey: Survey): readonly RepairWait[] {
  return survey.locks.flatMap((lock) => {
    if (lock.error !== undefined || !isFresh(lock, survey.nowMs)) return [];
    const sinceMs = Number(lock.timestampNs / NS_PER_MS);
    const untilMs = sinceMs + STALE_LOCK_MS;
    const why = `${lock.hostname || 'an unnamed host'} holds ${lock.exclusive ? 'an exclusive' : 'a shared'} lock`;
    return [{ lock: lock.id, host: lock.hostname, exclusive: lock.exclusive, sinceMs, untilMs, why }];
  });
}
