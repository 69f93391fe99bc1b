import {
  expectSyncable,
  listSnapshots,
  planSync,
  type Repository,
  type SnapshotHeader,
  type SyncProgress,
  type SyncStep,
  syncSnapshots,
} from '@wardrobe/kloset';
import { sizeText } from '@wardrobe/kloset-model';
import type { JobPlanDto, PlanItemDto } from '@wardrobe/contracts';
import { counted } from '@wardrobe/words';
import { problemOf } from '../../errors/bridge.js';
import { openRepository, storeAt } from '../kloset.js';
import { isoOfNs } from '../rows.js';
import { type EngineOutcome, type EnginePlan, PLAIN_PLAN, short, SHOWN_ITEMS, type WorkContext, type WorkOf } from './types.js';

type Sync = WorkOf<'sync'>;
/** One way of copying: what the target lacks, and what cannot be told. */
type Way = { readonly name: string; readonly source: Repository; readonly target: Repository };
type PlannedWay = { readonly way: Way; readonly steps: readonly SyncStep[]; readonly unreadable: readonly string[] };

export function planSyncWork(work: Sync, context: WorkContext): Promise<EnginePlan> {
  return withPeer(work, context, async (ways) => {
    const planned: PlannedWay[] = [];
    for (const way of ways) planned.push(await planWay(way, work, context.signal));
    return { plan: planDto(planned, missingOf(planned, work)), engine: null };
  });
}

/** Snapshots are chosen anew: what one store got meanwhile is copied too, and what the other has is left out. */
export function applySync(work: Sync, _engine: unknown, context: WorkContext): Promise<EngineOutcome> {
  return withPeer(work, context, async (ways) => {
    let copied = 0;
    let failed = 0;
    let bytes = 0;
    for (const way of ways) {
      const { steps, unreadable } = await planWay(way, work, context.signal);
      for (const id of unreadable) context.report({ line: `Snapshot ${short(id)} (${way.name}) is left out: its header cannot be read.` });
      failed += unreadable.length;
      const total = steps.filter(({ action }) => action === 'copy').length;
      let done = 0;
      const onProgress = ({ snapshot, phase, bytes: read }: SyncProgress): void =>
        context.report({ label: `${PHASE[phase]} ${short(snapshot)} (${way.name}), ${sizeText(read)}`, done, total });
      for await (const result of syncSnapshots(way.source, way.target, steps, { signal: context.signal, onProgress })) {
        done += 1;
        if ('error' in result) {
          failed += 1;
          const shown = result.published ? ' Its copy is visible and cannot be read as it was written: remove it and run this again.' : '';
          context.report({ line: `Snapshot ${short(result.snapshot)} (${way.name}) was not copied: ${problemOf(result.error).sentence}${shown}` });
          continue;
        }
        copied += 1;
        bytes += result.writtenBytes;
        context.report({
          line: `Snapshot ${short(result.snapshot)} (${way.name}): ${counted(result.entries, 'entry', 'entries')}, ${sizeText(result.writtenBytes)} written, equal to the original.`,
          done,
        });
      }
    }
    const wrong = failed === 0 ? '' : `, ${counted(failed, 'snapshot')} not copied`;
    return { sentence: `${counted(copied, 'snapshot')} copied and compared (${sizeText(bytes)} written)${wrong}.`, problems: failed };
  });
}

const PHASE: Readonly<Record<SyncProgress['phase'], string>> = {
  known: 'Looking what is there of',
  contents: 'Copying contents of',
  trees: 'Copying the trees of',
  compare: 'Comparing',
};

async function withPeer<T>(work: Sync, { repository, signal }: WorkContext, act: (ways: readonly Way[]) => Promise<T>): Promise<T> {
  const { secret, indexDirectory } = work.peer;
  const peer = await openRepository(await storeAt(work.peer), { secret: secret ?? undefined, indexDirectory: indexDirectory ?? undefined, signal });
  try {
    expectSyncable(repository, peer);
    const to: Way = { name: `to ${work.peerName}`, source: repository, target: peer };
    const from: Way = { name: `from ${work.peerName}`, source: peer, target: repository };
    return await act(work.direction === 'to' ? [to] : work.direction === 'from' ? [from] : [to, from]);
  } finally {
    await peer.close();
  }
}

async function planWay(way: Way, { snapshots }: Sync, signal: AbortSignal): Promise<PlannedWay> {
  const isMeant = (id: string): boolean => snapshots.length === 0 || snapshots.includes(id);
  const headers: SnapshotHeader[] = [];
  const unreadable: string[] = [];
  for await (const item of listSnapshots(way.source, { signal })) {
    if ('header' in item) {
      if (isMeant(item.header.id)) headers.push(item.header);
    } else if (isMeant(item.id)) unreadable.push(item.id);
  }
  return { way, steps: planSync(way.target, headers), unreadable };
}

/** Of the chosen snapshots those that no store which is copied from lists. */
function missingOf(ways: readonly PlannedWay[], { snapshots }: Sync): JobPlanDto['leftAlone'] {
  const found = new Set<string>(ways.flatMap(({ steps, unreadable }) => [...steps.map(({ header }) => header.id), ...unreadable]));
  const names = ways.map(({ way }) => way.name).join(' or ');
  const where = ways.length === 1 ? 'the list of the store that it would be copied from' : 'the list of either store';
  return snapshots
    .filter((id) => !found.has(id))
    .map((id) => ({ what: 'missing snapshot', why: `${short(id)} ${names}: it is not in ${where}.`, snapshots: [id] }));
}

function planDto(ways: readonly PlannedWay[], missing: JobPlanDto['leftAlone']): EnginePlan['plan'] {
  const copies = ways.flatMap(({ way, steps }) => steps.filter(({ action }) => action === 'copy').map((step) => copyItem(way, step)));
  const present = ways.reduce((sum, { steps }) => sum + steps.filter(({ action }) => action === 'present').length, 0);
  return {
    ...PLAIN_PLAN,
    sentence: `${copies.length === 0 ? 'No snapshot would be copied' : `${counted(copies.length, 'snapshot')} would be copied`}, ${counted(present, 'snapshot')} ${present === 1 ? 'is' : 'are'} there already.`,
    note: 'Nothing is deleted or overwritten, and nothing is copied twice. Each copy is compared with its original.',
    items: copies.slice(0, SHOWN_ITEMS),
    itemsTotal: copies.length,
    problems: ways.flatMap(({ way, unreadable }) => unreadable.map((id) => unreadableProblem(way, id))).slice(0, SHOWN_ITEMS),
    leftAlone: [...missing, ...ways.flatMap(({ way, steps }) => deletedOf(way, steps))].slice(0, SHOWN_ITEMS),
    verb: `Copy ${counted(copies.length, 'snapshot')}`,
    refusal: copies.length === 0 ? 'There is nothing to copy.' : null,
  };
}

function copyItem(way: Way, { header }: SyncStep): PlanItemDto {
  return {
    key: `${way.name} ${header.id}`,
    title: `Snapshot ${short(header.id)} ${way.name}`,
    detail: `${isoOfNs(header.timestampNs).slice(0, 16).replace('T', ' ')} UTC, ${header.source.type}:${header.source.directory.text}`,
    evidence: [],
    snapshots: [header.id],
    machines: [],
    steps: [{ step: 'copy', file: 'packfiles/…, states/…', bytes: null, effect: `up to ${sizeText(header.summary.sizeBytes)}, less what is there` }],
  };
}

function unreadableProblem(way: Way, id: string): JobPlanDto['problems'][number] {
  return {
    wrong: `Snapshot ${short(id)} cannot be copied ${way.name}.`,
    why: 'Its header cannot be read.',
    next: 'Check and repair the store that it comes from.',
    paths: [],
    pathsTotal: 0,
  };
}

function deletedOf(way: Way, steps: readonly SyncStep[]): JobPlanDto['leftAlone'] {
  return steps
    .filter(({ action }) => action === 'deleted')
    .map(({ header }) => ({
      what: 'deleted snapshot',
      why: `${short(header.id)} ${way.name}: it was removed there, and is not brought back.`,
      snapshots: [header.id],
    }));
}
