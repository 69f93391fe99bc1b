import {
  decideSnapshots,
  listSnapshots,
  proveRemoved,
  reasonText,
  removeSnapshots,
  type Repository,
  type Selection,
  type SnapshotHeader,
} from '@wardrobe/kloset';
import { parseMac, type SnapshotId } from '@wardrobe/kloset-model';
import type { PlanItemDto } from '@wardrobe/contracts';
import { counted, figure } from '@wardrobe/words';
import { z } from 'zod';
import { ApiError } from '../../errors/api-error.js';
import { isoOfNs } from '../rows.js';
import { type EngineOutcome, type EnginePlan, PLAIN_PLAN, short, SHOWN_ITEMS, type WorkContext, type WorkOf } from './types.js';

/** What `rm` and `prune` remove, as their dry run found it. */
const chosen = z.object({ snapshots: z.array(z.string().regex(/^[0-9a-f]{64}$/)) });
const NOTE = 'The snapshots vanish from every machine’s list at its next use. Their data stays in the store until a maintenance takes it away.';

export async function planRemoval(work: WorkOf<'rm'>, { repository, signal }: WorkContext): Promise<EnginePlan> {
  const wanted = new Set(work.snapshots);
  const live = repository.view.live.filter(({ id }) => wanted.has(id)).map(({ id }) => id);
  const { headers, unreadable } = await headersOf(repository, signal);
  const items = [
    ...headers.filter(({ id }) => wanted.has(id)).map((header) => removalItem(header, 'Asked for.')),
    ...unreadable.filter((id) => wanted.has(id)).map((id) => unreadableItem(id)),
  ];
  const gone = work.snapshots.length - live.length;
  return planOf(live, items, gone === 0 ? '' : ` ${counted(gone, 'snapshot')} of those asked for ${gone === 1 ? 'is' : 'are'} not in the list of the store.`);
}

export async function planPrune(work: WorkOf<'prune'>, { repository, nowMs, signal }: WorkContext): Promise<EnginePlan> {
  const rules = Object.entries(work.keep).filter(([, keep]) => keep > 0);
  if (rules.length === 0) return refused('No period is set: then nothing would be removed.');
  const bad = repository.view.unreadable.length;
  const { headers, unreadable } = await headersOf(repository, signal);
  // A snapshot that counts as kept may be deleted in what cannot be read, and another one would go in its place.
  if (bad > 0) return refused(`${counted(bad, 'state file')} of the store cannot be read. What may go is not certain before the store is repaired.`);
  const selection: Selection = {
    filters: work.tag === '' ? {} : { tags: [work.tag] },
    periods: Object.fromEntries(rules.map(([period, keep]) => [period, { keep, cap: 1 }])),
    groupBy: work.groupBy === 'none' ? null : work.groupBy,
  };
  const decisions = decideSnapshots(headers, selection, BigInt(nowMs) * 1_000_000n);
  const out = decisions.filter(({ keep }) => !keep);
  const items = out.map(({ header, reason }) => removalItem(header, `Kept by no period (${reasonText(reason)}).`));
  const kept = decisions.length - out.length;
  const left =
    unreadable.length === 0
      ? ''
      : ` ${counted(unreadable.length, 'snapshot')} whose header cannot be read ${unreadable.length === 1 ? 'is' : 'are'} left alone.`;
  return planOf(
    out.map(({ header }) => header.id),
    items,
    ` ${figure(kept)} of ${counted(decisions.length, 'snapshot')} ${kept === 1 ? 'is' : 'are'} kept.${left}`,
  );
}

export async function applyRemoval(_work: unknown, engine: unknown, context: WorkContext): Promise<EngineOutcome> {
  const { repository, signal, report } = context;
  const ids = chosen.parse(engine).snapshots.map((id): SnapshotId => parseMac(id));
  if (ids.length === 0) throw new ApiError('invalid-input', 'The plan removes nothing.', 'Make another plan.');
  const done: SnapshotId[] = [];
  for await (const { id, state } of removeSnapshots(repository, ids, { signal })) {
    done.push(id);
    const line =
      state === null ? `Snapshot ${short(id)} was removed by somebody else meanwhile.` : `Snapshot ${short(id)} is removed: state ${short(state)} says so.`;
    report({ label: 'Removing snapshots', done: done.length, total: ids.length, line });
  }
  report({ label: 'Proving it from the store alone', done: ids.length, total: ids.length });
  await proveRemoved(repository, done, { signal });
  return { sentence: `${counted(done.length, 'snapshot')} removed, for everybody who reads the store.`, problems: 0 };
}

async function headersOf(repository: Repository, signal: AbortSignal): Promise<{ headers: SnapshotHeader[]; unreadable: string[] }> {
  const headers: SnapshotHeader[] = [];
  const unreadable: string[] = [];
  for await (const item of listSnapshots(repository, { signal })) {
    if ('header' in item) headers.push(item.header);
    else unreadable.push(item.id);
  }
  return { headers, unreadable };
}

function removalItem(header: SnapshotHeader, why: string): PlanItemDto {
  const source = `${header.source.type}:${header.source.directory.text}`;
  return {
    key: header.id,
    title: `Snapshot ${short(header.id)}`,
    detail: `${isoOfNs(header.timestampNs).slice(0, 16).replace('T', ' ')} UTC, ${source}${header.hostname === '' ? '' : ` on ${header.hostname}`}. ${why}`,
    evidence: [],
    snapshots: [header.id],
    machines: [],
    steps: [{ step: 'write', file: 'states/…', bytes: null, effect: `marks ${short(header.id)} as deleted` }],
  };
}

function unreadableItem(id: string): PlanItemDto {
  return {
    key: id,
    title: `Snapshot ${short(id)}`,
    detail: 'Its header cannot be read. It can be removed all the same.',
    evidence: [],
    snapshots: [id],
    machines: [],
    steps: [{ step: 'write', file: 'states/…', bytes: null, effect: `marks ${short(id)} as deleted` }],
  };
}

function planOf(ids: readonly string[], items: readonly PlanItemDto[], rest: string): EnginePlan {
  return {
    plan: {
      ...PLAIN_PLAN,
      sentence: `${ids.length === 0 ? 'No snapshot would be removed.' : `${counted(ids.length, 'snapshot')} would be removed.`}${rest}`,
      note: ids.length === 0 ? 'Nothing is written.' : NOTE,
      items: items.slice(0, SHOWN_ITEMS),
      itemsTotal: items.length,
      verb: `Remove ${counted(ids.length, 'snapshot')}`,
      refusal: ids.length === 0 ? 'There is nothing to remove.' : null,
    },
    engine: { snapshots: ids },
  };
}

function refused(why: string): EnginePlan {
  return { plan: { ...PLAIN_PLAN, sentence: why, note: 'Nothing is written.', verb: 'Remove snapshots', refusal: why }, engine: { snapshots: [] } };
}
