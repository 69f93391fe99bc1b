import type { SnapshotId } from '@wardrobe/kloset-model';
import type { Mac } from '@wardrobe/kloset-model';
import type { Repository } from '../../repository/types.js';
import { type Candidates, findCandidates, lockWaits } from './candidates.js';
import { type Draft, type Drafts, emptyDrafts, leftAloneOf, problemOf } from './draft.js';
import { hearEvidence, type Testimony } from './evidence.js';
import { planAmbiguous } from './plan-ambiguous.js';
import { planColoured } from './plan-coloured.js';
import { planEntries } from './plan-entries.js';
import { planHazards } from './plan-hazards.js';
import { planLost } from './plan-lost.js';
import { planStates } from './plan-states.js';
import { createRecovery, lostBlobOf, type Recovery } from './recovery.js';
import { type Survey, surveyStore } from './survey.js';
import type { PlanRepairOptions, RepairActionKind, RepairPlan, RepairProblem } from './types.js';
import { type SnapshotWalk, Walker } from './walk.js';

/** What every part of a plan is made from. */
export type Findings = {
  readonly survey: Survey;
  readonly testimony: Testimony;
  readonly candidates: Candidates;
  /** Live snapshots, each looked through. */
  readonly live: readonly SnapshotWalk[];
  readonly recovery: Recovery;
  readonly walker: Walker;
  readonly options: PlanRepairOptions;
};

export type DraftedPlan = { readonly plan: RepairPlan; readonly drafts: readonly Draft[] };
/** `ownLock`: a lock of the caller, which nobody waits for. */
export type DraftOptions = PlanRepairOptions & { readonly ownLock?: Mac | undefined };

/**
 * What is wrong with a store, and what `applyRepair` would do about it. Changes nothing.
 * @throws StoreError, PermissionError the store cannot be read; damage is part of the plan
 */
export async function planRepair(repository: Repository, options: PlanRepairOptions): Promise<RepairPlan> {
  return (await draftRepair(repository, options)).plan;
}

export async function draftRepair(repository: Repository, options: DraftOptions): Promise<DraftedPlan> {
  const whole = await surveyStore(repository, options);
  const survey = { ...whole, locks: whole.locks.filter((lock) => lock.id !== options.ownLock) };
  const testimony = hearEvidence(survey, options.evidence ?? []);
  const recovery = createRecovery(survey, options);
  const walker = new Walker(survey, {
    readContent: options.readContent === true,
    recover: (walk, lost) => recovery.bytesOf(lostBlobOf(walk, lost)),
    signal: options.signal,
  });
  const candidates = await findCandidates(survey, { testimony, walker, options, isMendable: (walk) => recovery.isMendable(walk) });
  const live = await walkLive(survey, walker, options);
  const findings: Findings = { survey, testimony, candidates, live, recovery, walker, options };
  const parts = [
    planStates(findings),
    await planLost(findings),
    planColoured(findings),
    await planHazards(findings),
    planEntries(findings),
    await planAmbiguous(findings),
  ];
  const merged = onlySelected(joinDrafts(parts), options.snapshots);
  const plan: RepairPlan = {
    repositoryId: repository.id,
    location: repository.store.location,
    madeAtMs: options.nowMs,
    line: survey.line,
    actions: merged.drafts.map(({ action }) => action),
    problems: [...merged.problems, ...(options.snapshots === undefined ? storeProblems(survey) : [])],
    leftAlone: [...candidates.leftAlone, ...merged.leftAlone],
    waits: [...lockWaits(survey), ...candidates.waits.filter(({ lock }) => lock === null)],
  };
  return { plan, drafts: merged.drafts };
}

/** What keeps the store's own files from telling all. */
function storeProblems(survey: Survey): readonly RepairProblem[] {
  const locks = survey.locks.flatMap(({ id, error }) =>
    error === undefined
      ? []
      : [
          problemOf({
            key: `damaged-lock:${id}`,
            wrong: `Lock ${id.slice(0, 8)} cannot be read: it keeps plakar, and this repair, from starting.`,
            why: `Nobody can tell whose it is: ${error.message}.`,
            next: `If nothing uses the store: wardrobe locks clear --id ${id.slice(0, 8)} --force.`,
          }),
        ],
  );
  const orphans = survey.unreadableOrphans.map(({ packfile, error }) =>
    problemOf({
      key: `unreadable-packfile:${packfile}`,
      wrong: `Packfile ${packfile.slice(0, 8)}, which no state names, cannot be read: a hidden snapshot in it is not found.`,
      why: `${error.message}.`,
      next: 'Put it back from a copy of the store; if it was left by a backup that was broken off, maintenance removes it.',
      packfiles: [packfile],
    }),
  );
  const newer = survey.view.unreadable
    .filter(({ id }) => survey.readable.has(id))
    .map(({ id, error }) =>
      problemOf({
        key: `unreadable-state:${id}`,
        wrong: `State file ${id.slice(0, 8)} cannot be read, and not because it is damaged.`,
        why: `${error.message}.`,
        next: 'Update this program, or give it the right to read the file.',
        states: [id],
      }),
    );
  return [...locks, ...orphans, ...newer];
}

async function walkLive(survey: Survey, walker: Walker, options: PlanRepairOptions): Promise<readonly SnapshotWalk[]> {
  const wanted = options.snapshots === undefined ? null : new Set<SnapshotId>(options.snapshots);
  const ids = survey.view.live.map(({ id }) => id).filter((id) => wanted === null || wanted.has(id));
  const walks: SnapshotWalk[] = [];
  for (const id of ids) {
    options.signal?.throwIfAborted();
    options.onProgress?.({ phase: options.readContent === true ? 'content' : 'snapshots', done: walks.length, total: ids.length });
    walks.push(await walker.walk(id));
  }
  return walks;
}

/** What must be there before something else is published comes first; what is removed comes last. */
const ORDER: readonly RepairActionKind[] = [
  'rebuild-entries',
  'recover-content',
  'store-again',
  'restate',
  'uncolour',
  'settle-snapshot',
  'publish-state-file',
  'rebuild-state',
  'replace-state',
  'retire-packfile',
  'discard-state',
];

function joinDrafts(parts: readonly Drafts[]): Drafts {
  const joined = emptyDrafts();
  for (const { drafts, problems, leftAlone } of parts) {
    joined.drafts.push(...drafts);
    joined.problems.push(...problems);
    joined.leftAlone.push(...leftAlone);
  }
  joined.drafts.sort((a, b) => ORDER.indexOf(a.action.kind) - ORDER.indexOf(b.action.kind));
  return joined;
}

function onlySelected(all: Drafts, snapshots: readonly SnapshotId[] | undefined): Drafts {
  if (snapshots === undefined) return all;
  const wanted = new Set<string>(snapshots);
  const concerns = (item: { readonly snapshots: readonly string[]; readonly redeletes?: readonly string[] }): boolean =>
    [...item.snapshots, ...(item.redeletes ?? [])].some((id) => wanted.has(id));
  const drafts = all.drafts.filter(({ action }) => concerns(action));
  const rest = all.drafts.length - drafts.length;
  const why = `${rest} other repairs do not concern the snapshots asked for.`;
  const leftAlone = all.leftAlone.filter(concerns);
  return {
    drafts,
    problems: all.problems.filter(concerns),
    leftAlone: rest === 0 ? leftAlone : [...leftAlone, leftAloneOf({ key: 'not-selected', what: 'not-selected', why })],
  };
}
