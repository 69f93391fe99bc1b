import type { SnapshotId, StateId } from '@wardrobe/kloset-model';
import { BLOB_TYPE, ENTRY_TYPE } from '../../format/state.js';
import { counted, type Draft, draftOf, type Drafts, leftAloneOf, named, stateWrite } from './draft.js';
import { findRemovalOf } from './evidence.js';
import { type SaidDelete, whoSays } from './said.js';
import type { Survey } from './survey.js';
import type { StateFacts } from './plan-states.js';
import { deletedAgain, draftRemoval } from './removal-draft.js';

/**
 * Delete entries that a machine remembers and no state of the store says. They are written again where they take nothing away that the store lists; else they are
 * named and left alone, unless asked for: whoever deleted may be the only one who wanted that, or the only one who knows. `grouped`: states that are rebuilt for
 * their packfiles.
 */
export function planLostDeletes(facts: StateFacts, grouped: ReadonlySet<StateId | null>, drafts: Drafts): void {
  for (const [state, deletes] of missingDeletes(facts)) {
    const draft = draftDeletes(facts, { state, deletes, isGrouped: grouped.has(state) });
    if ('action' in draft) drafts.drafts.push(draft);
    else drafts.leftAlone.push(draft);
  }
}

/** Snapshots that the store lists and that a machine deleted, by the same rule. What `drafts` deletes again already is passed over. */
export function planLostRemovals({ survey, testimony, options }: StateFacts, drafts: Drafts): void {
  const settled = new Set(drafts.drafts.flatMap(({ work }) => (work.kind === 'state' ? work.colours.map(({ id }) => id) : [])));
  for (const { id } of survey.view.live) {
    const machines = testimony.deletedBy.get(id) ?? [];
    if (machines.length === 0 || settled.has(id)) continue;
    const wrong = `Snapshot ${named([id])} was deleted on ${machines.join(', ')}, and the store lists it: the deletion never arrived, or was lost.`;
    if (options.redelete !== true) {
      const why = `${wrong} It stays unless asked for (--redelete).`;
      drafts.leftAlone.push(leftAloneOf({ key: `unpublished-deletion:${id}`, what: 'unpublished-deletion', why, snapshots: [id], machines }));
      continue;
    }
    const proven = findRemovalOf(survey, id, testimony);
    drafts.drafts.push(proven === null ? draftNewRemoval({ survey, testimony, options }, { id, machines, wrong }) : draftRemoval(survey, proven));
  }
}

/** A removal whose state nobody can name: with the machine's own time, else that of the state which brought the snapshot. */
function draftNewRemoval(
  { survey, testimony }: Pick<StateFacts, 'survey' | 'testimony' | 'options'>,
  { id, machines, wrong }: { readonly id: SnapshotId; readonly machines: readonly string[]; readonly wrong: string },
): Draft {
  const said = testimony.all.flatMap(({ colours }) =>
    colours.flatMap((colour) => (colour.type === BLOB_TYPE.snapshot && colour.id === id && colour.whenNs !== null ? [colour.whenNs] : [])),
  );
  const whenNs = said.reduce<bigint | null>((earliest, next) => (earliest === null || next < earliest ? next : earliest), null) ?? publishedNs(survey, id);
  return draftOf(
    {
      about: `removal:${id}`,
      kind: 'rebuild-state',
      wrong,
      doing: 'It is deleted in the store too, by a state under a new name.',
      evidence: [`${machines.join(', ')} ${machines.length === 1 ? 'remembers' : 'remember'} the deletion.`],
      machines,
      redeletes: [id],
      writes: [stateWrite({ version: versionOf(survey), coloured: 1 })],
    },
    { kind: 'state', id: null, packfiles: [], colours: [{ type: BLOB_TYPE.snapshot, id, whenNs }], deletes: [], end: null, headers: [] },
  );
}

function publishedNs({ view }: Survey, id: SnapshotId): bigint {
  const states = new Set(view.live.find((snapshot) => snapshot.id === id)?.states);
  return view.states.reduce((latest, state) => (states.has(state.id) && state.timestampNs > latest ? state.timestampNs : latest), 0n);
}

function versionOf(survey: Survey): '1.0.0' | '1.1.0' {
  return survey.line === '1.1' ? '1.1.0' : '1.0.0';
}

/** Delete entries that a machine remembers of a state that is lost or damaged, and that no readable state says. */
function missingDeletes({ survey, testimony }: StateFacts): ReadonlyMap<StateId, readonly SaidDelete[]> {
  const missing = new Map<StateId, SaidDelete[]>();
  if (testimony.deletesOf.size === 0) return missing;
  const said = new Set(whoSays(survey.view).deletes.map(keyOf));
  for (const { table } of survey.view.layers)
    for (const index of table.tombstones()) {
      const { type, packfile } = table.read(index);
      said.add(keyOf({ removes: ENTRY_TYPE.location, type, blob: table.blob(index), packfile: table.packfiles.mac(packfile) }));
    }
  for (const [state, deletes] of testimony.deletesOf) {
    const left = deletes.filter((one) => !said.has(keyOf(one)));
    if (left.length > 0) missing.set(state, left);
  }
  return missing;
}

function keyOf({ removes, type, blob, packfile }: SaidDelete): string {
  return `${removes}:${type}:${blob}:${packfile}`;
}

type Missing = { readonly state: StateId; readonly deletes: readonly SaidDelete[]; readonly isGrouped: boolean };

function draftDeletes({ survey, testimony, options }: StateFacts, { state, deletes, isGrouped }: Missing): Draft | Drafts['leftAlone'][number] {
  const machines = testimony.all.filter((evidence) => evidence.deletes?.some((one) => one.state === state)).map(({ machine }) => machine);
  const isDamagedFile = survey.damaged.some(({ id }) => id === state);
  const wrong = `State ${named([state])}, which deleted ${counted(deletes.length, 'entry').replace(/entrys$/, 'entries')}, is ${isDamagedFile ? 'damaged' : 'lost'}.`;
  const alone = (why: string): Drafts['leftAlone'][number] =>
    leftAloneOf({ key: `unpublished-deletion:${state}`, what: 'unpublished-deletion', why: `${wrong} ${why}`, machines });
  if (survey.line === '1.0') return alone('No other state of the store has delete entries, and written again they would lock clients of plakar 1.0 out.');
  const listed = deletes.filter((one) => takesAway(survey, one, deletes));
  if (listed.length > 0 && options.redelete !== true)
    return alone(`It would take away what the store lists (${describe(listed)}): it is left out unless asked for (--redelete).`);
  const colours = testimony.coloursOf.get(state) ?? [];
  const end = testimony.ends.get(state) ?? null;
  const id = isGrouped ? null : state;
  return draftOf(
    {
      about: `deletes:${state}`,
      kind: isDamagedFile && !isGrouped ? 'replace-state' : 'rebuild-state',
      wrong,
      doing: `${describe(deletes)} ${isGrouped ? 'in a state under a new name' : 'under its own name'}, as it was said.`,
      evidence: [`${machines.join(', ')} remembers what it said.`],
      machines,
      states: [state],
      redeletes: isGrouped ? [] : deletedAgain(survey, colours),
      takesAway: listed.length > 0,
      writes: [stateWrite({ id, replaces: isDamagedFile && !isGrouped, version: '1.1.0', deletes: deletes.length, coloured: isGrouped ? 0 : colours.length })],
    },
    { kind: 'state', id, packfiles: [], colours: isGrouped ? [] : colours, deletes, end: end === null ? null : { ...end, version: '1.1.0' }, headers: [] },
  );
}

/**
 * Whether a delete entry changes what the store lists now: a packfile that is known and there; the last location of a blob; the colour that keeps a snapshot away, or
 * one that hides that a packfile is gone.
 */
function takesAway({ view, files }: Survey, one: SaidDelete, all: readonly SaidDelete[]): boolean {
  if (one.removes === ENTRY_TYPE.packfile) return view.isPackfileKnown(one.packfile) && files.has(one.packfile);
  if (one.removes === ENTRY_TYPE.location) {
    const goes = new Set(all.flatMap((other) => (other.type === one.type && other.blob === one.blob ? [other.packfile] : [])));
    const there = view.locations(one.type, one.blob);
    return there.length > 0 && there.every(({ packfile, coloured }) => coloured || goes.has(packfile));
  }
  if (one.type === BLOB_TYPE.snapshot) return view.deleted.some(({ id }) => id === one.blob);
  return view.isPackfileColoured(one.blob) && !files.has(one.blob);
}

function describe(deletes: readonly SaidDelete[]): string {
  const count = (removes: number): number => deletes.filter((one) => one.removes === removes).length;
  const parts = [
    [count(ENTRY_TYPE.packfile), 'packfile'],
    [count(ENTRY_TYPE.location), 'location'],
    [count(ENTRY_TYPE.coloured), 'mark'],
  ] as const;
  return parts.flatMap(([number, word]) => (number > 0 ? [counted(number, word)] : [])).join(', ');
}
