import type { Mac, PackfileId, SnapshotId, StateId } from '@wardrobe/kloset-model';
import type { UnreadableState } from '../../repository/types.js';
import type { Candidate, Candidates } from './candidates.js';
import { type ClaimedPackfile, counted, type Draft, draftOf, type Drafts, emptyDrafts, leftAloneOf, named, problemOf, stateWrite } from './draft.js';
import { deduceColours, findRemoval, type KeptStateFile, machinesOf, type Testimony } from './evidence.js';
import { planLostDeletes, planLostRemovals } from './plan-deletions.js';
import { deletedAgain, draftRemoval } from './removal-draft.js';
import type { Survey } from './survey.js';
import type { PlanRepairOptions, RepairActionKind, RepairWrite } from './types.js';
import type { SnapshotWalk } from './walk.js';

/** One state to be written: its packfiles, and what it brings. */
type Group = {
  /** Null: a new name. */
  readonly id: StateId | null;
  readonly packfiles: Set<PackfileId>;
  readonly snapshots: SnapshotId[];
  /** Live snapshots that get back what they lack. */
  readonly heals: SnapshotId[];
  /** Headers that lie where they cannot be claimed. */
  readonly headers: Mac[];
  readonly evidence: string[];
  readonly deletedBy: Set<string>;
};

export type StateFacts = {
  readonly survey: Survey;
  readonly testimony: Testimony;
  readonly candidates: Candidates;
  /** Walks of live snapshots. */
  readonly live: readonly SnapshotWalk[];
  readonly options: PlanRepairOptions;
};

/** Lost and damaged states: what is published, rebuilt, replaced, and what is left. @source 01-store 7.5, 7.6 */
export function planStates(facts: StateFacts): Drafts {
  const drafts = emptyDrafts();
  const groups = groupPackfiles(facts);
  const headers = new HeaderPlaces(facts);
  const damaged = new Set(facts.survey.damaged.map(({ id }) => id));
  // Removals come first: what they keep away must not show in between.
  for (const removal of facts.candidates.removals) if (!damaged.has(removal.state)) drafts.drafts.push(draftRemoval(facts.survey, removal));
  for (const group of groups) {
    const draft = draftGroup(facts, group, headers);
    if ('action' in draft) drafts.drafts.push(draft);
    else drafts.problems.push(draft);
  }
  const replaced = new Set(groups.map((group) => group.id));
  planLostDeletes(facts, replaced, drafts);
  const settled = new Set(drafts.drafts.flatMap(({ work }) => (work.kind === 'state' ? [work.id] : [])));
  for (const state of facts.survey.damaged) if (!settled.has(state.id) && !replaced.has(state.id)) planUnnamed(facts, state, drafts);
  planLostRemovals(facts, drafts);
  drafts.leftAlone.push(...leftOver(facts, groups));
  return drafts;
}

/** Which packfiles come back in which state: as machines remember it, else one state for each snapshot, older ones first. */
function groupPackfiles(facts: StateFacts): readonly Group[] {
  const { survey, testimony, candidates } = facts;
  const groups = new Map<string, Group>();
  const owners = new Map<PackfileId, Group>();
  const take = (key: string, id: StateId | null, packfile: PackfileId): Group => {
    const owner = owners.get(packfile);
    if (owner !== undefined) return owner;
    const group = groups.get(key) ?? { id, packfiles: new Set(), snapshots: [], heals: [], headers: [], evidence: [], deletedBy: new Set() };
    groups.set(key, group);
    for (const member of [packfile, ...(id === null ? [] : (testimony.brought.get(id)?.keys() ?? []))]) {
      if (owners.has(member) || !isClaimable(survey, member)) continue;
      owners.set(member, group);
      group.packfiles.add(member);
    }
    return group;
  };
  const groupFor = (packfile: PackfileId, own: StateId | null, key: string): Group => {
    const state = testimony.stateOf.get(packfile);
    return state === undefined ? take(key, own, packfile) : take(state, state, packfile);
  };
  for (const candidate of candidates.chosen) addCandidate(facts, candidate, groupFor);
  for (const walk of facts.live)
    for (const packfile of walk.orphans) {
      const group = groupFor(packfile, null, 'live');
      if (!group.heals.includes(walk.id)) group.heals.push(walk.id);
    }
  for (const { id } of survey.damaged)
    for (const packfile of testimony.brought.get(id)?.keys() ?? []) if (isClaimable(survey, packfile)) take(id, id, packfile);
  return [...groups.values()].filter((group) => group.packfiles.size + group.headers.length > 0);
}

function isClaimable({ orphans, view }: Survey, packfile: PackfileId): boolean {
  return orphans.has(packfile) && !view.isPackfileColoured(packfile);
}

function addCandidate(facts: StateFacts, { walk, deletedBy }: Candidate, groupFor: (packfile: PackfileId, own: StateId | null, key: string) => Group): void {
  const { survey } = facts;
  // A state of its name may be there (a checkpoint took it): then another name is as good.
  const own = survey.readable.has(walk.id) ? null : walk.id;
  const header = survey.standOf(5, walk.id);
  const isClaimed = header.standing === 'orphan';
  const [home] = header.packfiles;
  let last: Group | null = null;
  for (const packfile of walk.orphans) last = groupFor(packfile, own, walk.id);
  if (isClaimed && home !== undefined) last = groupFor(home, own, walk.id);
  const group = last ?? (home === undefined ? null : groupFor(home, own, walk.id));
  if (group === null) return;
  group.snapshots.push(walk.id);
  if (!isClaimed) group.headers.push(walk.id);
  for (const machine of deletedBy) group.deletedBy.add(machine);
}

/** Which headers come along with which packfile: each at most once, and none that must stay away. */
class HeaderPlaces {
  readonly #wanted: ReadonlySet<SnapshotId>;
  readonly #placed = new Set<SnapshotId>();

  constructor(readonly facts: StateFacts) {
    const { chosen, removals } = facts.candidates;
    this.#wanted = new Set([...chosen.map(({ walk }) => walk.id), ...removals.map(({ id }) => id)]);
  }

  claim(packfile: PackfileId): ClaimedPackfile {
    const { survey, testimony } = this.facts;
    const orphan = survey.orphans.get(packfile);
    const without = (orphan?.snapshots ?? []).filter((id) => !this.#comesAlong(id));
    const state = testimony.stateOf.get(packfile);
    const saidNs = state === undefined ? null : (testimony.brought.get(state)?.get(packfile) ?? null);
    return { id: packfile, whenNs: saidNs ?? orphan?.packedAtNs ?? 0n, without };
  }

  #comesAlong(id: SnapshotId): boolean {
    if (!this.#wanted.has(id) || this.#placed.has(id) || this.facts.survey.standOf(5, id).standing !== 'orphan') return false;
    this.#placed.add(id);
    return true;
  }
}

function draftGroup(facts: StateFacts, group: Group, headers: HeaderPlaces): Draft | Drafts['problems'][number] {
  const { survey, testimony } = facts;
  const isDamaged = group.id !== null && survey.damaged.some(({ id }) => id === group.id);
  const kept = group.id === null ? undefined : testimony.files.get(group.id);
  const packfiles = [...group.packfiles].sort().map((packfile) => headers.claim(packfile));
  const about = group.id ?? `new:${group.snapshots[0] ?? packfiles[0]?.id ?? ''}`;
  const machines = machinesOf(testimony, { states: group.id === null ? [] : [group.id], snapshots: group.snapshots });
  const colours = group.id === null ? [] : (testimony.coloursOf.get(group.id) ?? kept?.colours ?? []);
  const common = {
    about,
    wrong: wrongOf(group, isDamaged),
    snapshots: [...new Set([...group.snapshots, ...group.heals])],
    machines,
    states: group.id === null ? [] : [group.id],
    packfiles: packfiles.map(({ id }) => id),
    undeletes: group.deletedBy.size > 0,
    redeletes: deletedAgain(survey, colours),
    evidence: evidenceOf(facts, group, { kept, isDamaged }),
  };
  if (kept !== undefined && isWholeFile(survey, kept, packfiles)) return draftFile(common, kept, isDamaged);
  const end = group.id === null ? null : (testimony.ends.get(group.id) ?? null);
  const writes: RepairWrite[] = [
    stateWrite({
      id: group.id,
      replaces: isDamaged,
      version: versionOf(survey),
      locations: packfiles.reduce((sum, { id, without }) => sum + (survey.orphans.get(id)?.blobs ?? 0) - without.length, 0) + group.headers.length,
      packfiles: packfiles.length,
      coloured: colours.length,
    }),
  ];
  if (group.headers.length > 0) writes.push({ what: 'packfiles', blobs: group.headers.length, bytes: null });
  const kind: RepairActionKind = isDamaged ? 'replace-state' : 'rebuild-state';
  return draftOf(
    { ...common, kind, doing: doingOf(group, { isDamaged, count: packfiles.length }), writes },
    { kind: 'state', id: group.id, packfiles, colours, deletes: [], end, headers: group.headers },
  );
}

function versionOf(survey: Survey): '1.0.0' | '1.1.0' {
  return survey.line === '1.1' ? '1.1.0' : '1.0.0';
}

/** It may be stored as it is: of the store's line, all that it names is there, and nothing of it must stay away. */
function isWholeFile(survey: Survey, kept: KeptStateFile, claimed: readonly ClaimedPackfile[]): boolean {
  if (kept.end.version === '1.1.0' && survey.line === '1.0') return false;
  if (claimed.some(({ without }) => without.length > 0)) return false;
  return kept.packfiles.every(({ packfile }) => survey.files.has(packfile) && !survey.view.isPackfileTombstoned(packfile));
}

type Common = Omit<Parameters<typeof draftOf>[0], 'kind' | 'doing' | 'writes'>;

function draftFile(common: Common, kept: KeptStateFile, isDamaged: boolean): Draft {
  const doing = `The state file that ${kept.machine} kept is stored as it is${isDamaged ? ', in place of the damaged one' : ''}.`;
  const writes = [stateWrite({ id: kept.id, replaces: isDamaged, version: kept.end.version, ...kept.counts })];
  return draftOf({ ...common, kind: isDamaged ? 'replace-state' : 'publish-state-file', doing, writes }, { kind: 'state-file', id: kept.id, file: kept.file });
}

function wrongOf(group: Group, isDamaged: boolean): string {
  const what = isDamaged
    ? `State file ${named([group.id ?? ''])} is damaged`
    : group.id === null
      ? 'A state is lost'
      : `State ${named([group.id])} never reached the store, or was lost there`;
  if (group.snapshots.length > 0) return `${what}: snapshot ${named(group.snapshots)} is hidden from everybody who opens the store afresh.`;
  if (group.heals.length > 0) return `${what}: snapshot ${named(group.heals)} lacks what it brought.`;
  return `${what}.`;
}

function doingOf(group: Group, { isDamaged, count }: { readonly isDamaged: boolean; readonly count: number }): string {
  if (count === 0) return 'Its header is stored again in a new packfile, after everything that it needs.';
  const from = `from ${counted(count, 'packfile')} that no state names`;
  if (isDamaged) return `It is written again ${from}, under the same name; the damaged file gives way when the new one is whole.`;
  return `${group.id === null ? 'A state under a new name' : 'The state'} is written ${from}.`;
}

function evidenceOf(
  facts: StateFacts,
  group: Group,
  { kept, isDamaged }: { readonly kept: KeptStateFile | undefined; readonly isDamaged: boolean },
): readonly string[] {
  const { survey, testimony } = facts;
  const found: string[] = [];
  if (isDamaged) found.push(survey.damaged.find(({ id }) => id === group.id)?.error.message ?? '');
  if (kept !== undefined) found.push(`${kept.machine} keeps the state file (${kept.source}); its footer and content are proven.`);
  for (const evidence of testimony.all)
    if (group.id !== null && evidence.packfiles.some(({ state }) => state === group.id))
      found.push(`${evidence.machine} (${evidence.source}) remembers which packfiles it brought.`);
  for (const id of group.snapshots) {
    const shown = testimony.all.filter((evidence) => evidence.shown.includes(id)).map(({ machine }) => machine);
    const who =
      shown.length > 0 ? `${[...new Set(shown)].join(', ')} lists snapshot ${named([id])}` : `the header of snapshot ${named([id])} lies in the store`;
    found.push(`${who}, and everything that it needs is there.`);
  }
  if (group.deletedBy.size > 0) found.push(`This brings back a snapshot that was deleted on ${[...group.deletedBy].join(', ')}.`);
  else if (group.snapshots.length > 0 && survey.view.states.length === 0)
    found.push('No state can be read: had it been deleted, nothing would tell, and it comes back.');
  return found.filter((line) => line !== '');
}

/** A damaged state that brings no packfile: a removal proven by its name, or nobody knows. */
function planUnnamed(facts: StateFacts, state: UnreadableState, drafts: Drafts): void {
  const { survey, testimony, options } = facts;
  const common = { about: state.id, states: [state.id], wrong: `State file ${named([state.id])} is damaged, and keeps plakar from opening the store.` };
  const kept = testimony.files.get(state.id);
  if (kept !== undefined && isWholeFile(survey, kept, [])) {
    drafts.drafts.push(draftFile({ ...common, machines: [kept.machine], evidence: [`${kept.machine} keeps it (${kept.source}).`] }, kept, true));
    return;
  }
  const removal = findRemoval(survey.repository, state.id, testimony);
  if (removal !== null) {
    drafts.drafts.push(draftRemoval(survey, removal));
    return;
  }
  const deduced = testimony.coloursOf.has(state.id) ? null : deduceColours(survey, state.id, testimony);
  const colours = testimony.coloursOf.get(state.id) ?? deduced?.colours ?? [];
  if (colours.length > 0) {
    const end = testimony.ends.get(state.id) ?? null;
    drafts.drafts.push(
      draftOf(
        {
          ...common,
          kind: 'replace-state',
          doing: `It is written again with the same facts: ${counted(colours.length, 'removal')}.`,
          evidence: [
            deduced === null
              ? 'A state index of this store remembers what it said.'
              : `${deduced.machine} merged it, can read all its other states in the store, and remembers these besides.`,
          ],
          machines: machinesOf(testimony, { states: [state.id] }),
          writes: [stateWrite({ id: state.id, replaces: true, version: end?.version ?? versionOf(survey), coloured: colours.length })],
        },
        { kind: 'state', id: state.id, packfiles: [], colours, deletes: [], end, headers: [] },
      ),
    );
    return;
  }
  const guess =
    state.sizeBytes < SMALL_STATE_BYTES
      ? 'It is as small as the removal of a snapshot: one that was deleted may show again.'
      : 'No packfile tells what it said.';
  // Where nothing at all fits the key, the CONFIG is rather wrong, and every state would go.
  const isStoreSound = survey.view.states.length > 0 || survey.orphans.size > 0;
  if (options.discardDamagedStates === true && isStoreSound)
    drafts.drafts.push(
      draftOf(
        {
          ...common,
          kind: 'discard-state',
          doing: 'It is removed, so that plakar can open the store again.',
          evidence: [state.error.message, guess],
          writes: [{ what: 'removal', id: state.id }],
        },
        { kind: 'remove-state', id: state.id },
      ),
    );
  else
    drafts.problems.push(
      problemOf({
        key: `unreadable-state:${state.id}`,
        wrong: common.wrong,
        why: `${guess} ${state.error.message}.`,
        next: 'Give the cache of a machine that used the store while it was whole (--from-cache), put the file back from a copy of the store, or have it removed with --discard-damaged.',
        states: [state.id],
      }),
    );
}

/** A removal of plakar takes 123 bytes, encrypted and compressed less than 300. */
const SMALL_STATE_BYTES = 400;

/** Orphans that nothing needs: left by backups that did not get to their end. */
function leftOver({ survey, candidates }: StateFacts, groups: readonly Group[]): Drafts['leftAlone'] {
  const used = new Set(groups.flatMap((group) => [...group.packfiles]));
  const kept = new Set([...candidates.incomplete, ...candidates.others, ...candidates.chosen.map(({ walk }) => walk)].flatMap((walk) => [...walk.orphans]));
  const left = [...survey.orphans.values()].filter(({ id, snapshots }) => !used.has(id) && !kept.has(id) && snapshots.length === 0).map(({ id }) => id);
  if (left.length === 0) return [];
  const why = `${counted(left.length, 'packfile')} that no state names and no snapshot needs: left by a backup that was broken off, or of one that is running. A later backup or maintenance takes care of them.`;
  return [leftAloneOf({ key: 'unfinished-backup', what: 'unfinished-backup', why, packfiles: left })];
}
