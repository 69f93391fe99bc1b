import { clearLocks, isFresh, type LockInfo, type Repository, STALE_LOCK_MS } from '@wardrobe/kloset';
import { type Mac, parseMac } from '@wardrobe/kloset-model';
import type { JobPlanDto, PlanItemDto, StoreLockDto } from '@wardrobe/contracts';
import { counted, spanWord } from '@wardrobe/words';
import { z } from 'zod';
import { problemOf } from '../../errors/bridge.js';
import { isoOfNs, msOfNs } from '../rows.js';
import { type EngineOutcome, type EnginePlan, PLAIN_PLAN, short, SHOWN_ITEMS, type WorkContext, type WorkOf } from './types.js';

type Locks = WorkOf<'locks'>;
/** The locks that a dry run chose: what came since is not touched. */
const chosen = z.object({ locks: z.array(z.string().regex(/^[0-9a-f]{64}$/)) });

/** Who holds the store, newest first. */
export async function listLocks(repository: Repository, { nowMs, signal }: { readonly nowMs: number; readonly signal: AbortSignal }): Promise<StoreLockDto[]> {
  return (await repository.locks({ signal })).map((lock) => lockDto(lock, nowMs));
}

function lockDto(lock: LockInfo, nowMs: number): StoreLockDto {
  if (lock.error !== undefined)
    return { id: lock.id, host: null, exclusive: false, since: null, stale: false, staleFrom: null, problem: problemOf(lock.error).sentence };
  const stale = !isFresh(lock, nowMs);
  return {
    id: lock.id,
    host: lock.hostname,
    exclusive: lock.exclusive,
    since: isoOfNs(lock.timestampNs),
    stale,
    staleFrom: stale ? null : new Date(msOfNs(lock.timestampNs) + STALE_LOCK_MS).toISOString(),
    problem: null,
  };
}

export async function planLocks(work: Locks, { repository, nowMs, signal }: WorkContext): Promise<EnginePlan> {
  const locks = await repository.locks({ signal });
  const meant = work.ids.length === 0 ? locks : locks.filter(({ id }) => work.ids.includes(id));
  const goes = (lock: LockInfo): boolean => meant.includes(lock) && (work.force || !isFresh(lock, nowMs));
  const out = locks.filter(goes);
  const forced = out.filter((lock) => isFresh(lock, nowMs));
  return {
    plan: {
      ...PLAIN_PLAN,
      sentence: out.length === 0 ? emptySentence(locks) : `${counted(out.length, 'lock')} would be removed.`,
      note:
        forced.length === 0
          ? 'No snapshot and no content is touched.'
          : `${counted(forced.length, 'lock')} may still be held: whoever holds ${forced.length === 1 ? 'it' : 'them'} must have ended. A backup under a removed lock may be spoiled by a maintenance.`,
      items: out.slice(0, SHOWN_ITEMS).map((lock) => itemOf(lock, nowMs)),
      itemsTotal: out.length,
      leftAlone: locks
        .filter((lock) => !goes(lock))
        .slice(0, SHOWN_ITEMS)
        .map((lock) => leftOf(lock, nowMs)),
      verb: `Remove ${counted(out.length, 'lock')}`,
      refusal: out.length === 0 ? 'There is no lock to remove.' : null,
    },
    engine: { locks: out.map(({ id }) => id) },
  };
}

/** Only what the plan named; of those a lock that was renewed meanwhile stays, unless it was to be removed fresh. */
export async function applyLocks(work: Locks, engine: unknown, { repository, nowMs, signal, report }: WorkContext): Promise<EngineOutcome> {
  const ids = chosen.parse(engine).locks.map((id): Mac => parseMac(id));
  const { removed, kept } = await clearLocks(repository, { nowMs, ids, force: work.force, signal });
  for (const lock of removed) report({ line: `Lock ${short(lock.id)} ${whose(lock, nowMs)} is removed.` });
  for (const lock of kept) report({ line: `Lock ${short(lock.id)} ${whose(lock, nowMs)} was renewed meanwhile and stays.` });
  const gone = ids.length - removed.length - kept.length;
  const rest = [
    ...(gone > 0 ? [`${counted(gone, 'lock')} ${gone === 1 ? 'was' : 'were'} gone already`] : []),
    ...(kept.length > 0 ? [`${counted(kept.length, 'lock')} renewed meanwhile and left`] : []),
  ];
  return { sentence: `${[`${counted(removed.length, 'lock')} removed`, ...rest].join(', ')}.`, problems: 0 };
}

function emptySentence(locks: readonly LockInfo[]): string {
  return locks.length === 0
    ? 'The store has no lock.'
    : `No lock was left behind; ${counted(locks.length, 'lock')} ${locks.length === 1 ? 'is' : 'are'} fresh.`;
}

function itemOf(lock: LockInfo, nowMs: number): PlanItemDto {
  return {
    key: lock.id,
    title: `Lock ${short(lock.id)} ${whose(lock, nowMs)}`,
    detail: isFresh(lock, nowMs) ? 'It may still be held: you asked for it all the same.' : 'It was not renewed for more than 10 min: left behind.',
    evidence: [],
    snapshots: [],
    machines: lock.error === undefined && lock.hostname !== '' ? [lock.hostname] : [],
    steps: [
      { step: 'remove', file: `locks/${lock.id}`, bytes: null, effect: lock.error !== undefined ? 'cannot be read' : lock.exclusive ? 'exclusive' : 'shared' },
    ],
  };
}

function leftOf(lock: LockInfo, nowMs: number): JobPlanDto['leftAlone'][number] {
  const why = !isFresh(lock, nowMs)
    ? 'not asked for.'
    : lock.error !== undefined
      ? 'nobody can tell whose it is. Name it, and remove it by force, when nobody works on the store.'
      : `it counts as left behind from ${isoOfNs(lock.timestampNs + BigInt(STALE_LOCK_MS) * 1_000_000n).slice(11, 16)} UTC on.`;
  return { what: `lock ${short(lock.id)}`, why: `${whose(lock, nowMs)}: ${why}`, snapshots: [] };
}

function whose(lock: LockInfo, nowMs: number): string {
  if (lock.error !== undefined) return 'that cannot be read';
  return `of ${lock.hostname === '' ? 'an unnamed host' : lock.hostname}, renewed ${spanWord(nowMs - msOfNs(lock.timestampNs))} ago`;
}
