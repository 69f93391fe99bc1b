import type { PackfileId, SnapshotId, StateId } from '@wardrobe/kloset-model';
import { BLOB_TYPE, ENTRY_TYPE } from '../../format/state.js';
import type { MergeHazard } from '../../repository/types.js';
import { draftOf, type Drafts, emptyDrafts, named, type OrderedDeletes, problemOf, stateWrite } from './draft.js';
import type { Findings } from './plan.js';
import { uncolourings } from './plan-coloured.js';
import { isAtHand } from './recovery.js';
import { type Said, whoSays } from './said.js';
import type { SnapshotWalk } from './walk.js';

/**
 * Deletions that some machines of plakar 1.1 merge before what they delete. Each is stated once more, by states whose parents are those that bring it: so it
 * comes after them on every machine, in every order. What a snapshot that nobody removed still needs is stored again before. @source 01-store 5.3, 5.5
 */
export async function planHazards(findings: Findings): Promise<Drafts> {
  const drafts = emptyDrafts();
  const hazards = findings.survey.view.mergeHazards();
  if (hazards.length === 0) return drafts;
  const said = whoSays(findings.survey.view);
  for (const hazard of hazards) await planHazard(findings, { hazard, said }, drafts);
  return drafts;
}

async function planHazard(findings: Findings, parts: { readonly hazard: MergeHazard; readonly said: Said }, drafts: Drafts): Promise<void> {
  const { survey } = findings;
  const { hazard } = parts;
  const states = [...packfileDeletes(findings, parts), ...colourDeletes(findings, parts), ...locationDeletes(findings, parts), ...snapshotColours(parts)];
  const again = new Map<string, { readonly type: number; readonly id: SnapshotId }>();
  const revived: SnapshotId[] = [];
  const beyond: SnapshotWalk[] = [];
  const live = new Set(survey.view.live.map(({ id }) => id));
  for (const id of hazard.snapshots) {
    if (live.has(id)) continue;
    const walk = await findings.walker.walk(id);
    if (![...walk.needs.values()].every(isAtHand) || walk.header === null) {
      beyond.push(walk);
      continue;
    }
    revived.push(id);
    for (const [key, { type, id: blob, standing }] of walk.needs)
      if (standing === 'discarded' || standing === 'coloured-orphan') again.set(key, { type, id: blob });
  }
  const gone = hazard.packfiles.filter((packfile) => survey.view.isPackfileTombstoned(packfile) && !survey.files.has(packfile));
  drafts.drafts.push(
    draftOf(
      {
        about: hazard.state,
        kind: 'restate',
        wrong: wrongOf(hazard),
        doing: doingOf(revived, gone),
        evidence: [...whoSees(findings, hazard), `No chain of parents puts state ${named([hazard.state])} before or after ${named(hazard.unordered)}.`],
        snapshots: revived,
        machines: findings.testimony.all.filter(({ shown }) => hazard.snapshots.some((id) => shown.includes(id))).map(({ machine }) => machine),
        states: [hazard.state, ...hazard.unordered],
        packfiles: hazard.packfiles,
        writes: [
          ...(again.size > 0 ? [{ what: 'packfiles', blobs: again.size, bytes: null } as const, stateWrite({ version: '1.1.0' })] : []),
          ...states.map((deletes) => stateWrite({ version: '1.1.0', deletes: deletes.colours.length + deletes.packfiles.length + deletes.locations.length })),
        ],
      },
      { kind: 'deletes', states, again: [...again.values()] },
    ),
  );
  for (const walk of beyond) drafts.problems.push(lostProblem(findings, walk, gone));
}

function lostProblem(findings: Findings, walk: SnapshotWalk, gone: readonly PackfileId[]): Drafts['problems'][number] {
  return problemOf({
    key: `hazard-lost:${walk.id}`,
    wrong: `Some machines list snapshot ${named([walk.id])}, and others do not.`,
    why: gone.length > 0 ? `Packfile ${named(gone)} was deleted and is really gone: the snapshot cannot be had by anybody.` : 'Part of what it needs is gone.',
    next: 'Once the deletion is stated again, no machine lists it. Back up again while the files still exist.',
    snapshots: [walk.id],
    packfiles: gone,
    machines: findings.testimony.all.filter(({ shown }) => shown.includes(walk.id)).map(({ machine }) => machine),
  });
}

function wrongOf(hazard: MergeHazard): string {
  const snapshots = hazard.snapshots.length === 0 ? 'some blobs' : `snapshot ${named(hazard.snapshots)}`;
  return `State ${named([hazard.state])} deletes what state ${named(hazard.unordered)} brings, and nothing tells plakar which comes first: some machines find ${snapshots} there, others do not.`;
}

function doingOf(revived: readonly SnapshotId[], gone: readonly PackfileId[]): string {
  const restated = 'The deletion is stated once more, behind what it deletes, so that every machine comes to the same';
  if (revived.length > 0) return `${restated}; nobody removed snapshot ${named(revived)}, so what it needs is stored again before, in new packfiles.`;
  return gone.length > 0 ? `${restated}: packfile ${named(gone)} is really gone, there is nothing to bring back.` : `${restated}.`;
}

/** What the machines that were asked show. */
function whoSees({ testimony }: Findings, hazard: MergeHazard): readonly string[] {
  return hazard.snapshots.flatMap((id) => {
    const seeing = testimony.all.filter(({ shown }) => shown.includes(id)).map(({ machine }) => machine);
    const blind = testimony.all
      .filter(({ shown, states }) => !shown.includes(id) && states.some((state) => hazard.unordered.includes(state.id)))
      .map(({ machine }) => machine);
    return [
      ...(seeing.length > 0 ? [`${[...new Set(seeing)].join(', ')} lists snapshot ${named([id])}.`] : []),
      ...(blind.length > 0 ? [`${[...new Set(blind)].join(', ')} has merged the same states and does not list snapshot ${named([id])}.`] : []),
    ];
  });
}

type Parts = { readonly hazard: MergeHazard; readonly said: Said };
const NONE = { notBeforeNs: 0n, colours: [], packfiles: [], locations: [] } as const;

/** Each packfile that is deleted for good, behind every state that brings it. */
function packfileDeletes({ survey }: Findings, { hazard, said }: Parts): readonly OrderedDeletes[] {
  const byState = new Map<StateId, PackfileId[]>();
  for (const packfile of hazard.packfiles) {
    if (!survey.view.isPackfileTombstoned(packfile)) continue;
    for (const state of said.entrants.get(packfile) ?? []) byState.set(state, [...(byState.get(state) ?? []), packfile]);
  }
  return [...byState].map(([parent, packfiles]) => ({ ...NONE, parent, packfiles }));
}

/** Packfiles whose colour was deleted, behind every state that colours them. */
function colourDeletes({ survey }: Findings, { hazard, said }: Parts): readonly OrderedDeletes[] {
  const wanted = said.deletes
    .filter(
      ({ state, removes, type, blob }) =>
        state === hazard.state && removes === ENTRY_TYPE.coloured && type === BLOB_TYPE.packfile && survey.view.isPackfileKnown(blob),
    )
    .map(({ blob }) => blob);
  return uncolourings(said, [...new Set(wanted)]);
}

/** Deleted locations, behind every state that brings their packfile. */
function locationDeletes({ survey }: Findings, { hazard, said }: Parts): readonly OrderedDeletes[] {
  const found = new Map<StateId, OrderedDeletes['locations'][number][]>();
  for (const packfile of hazard.packfiles) {
    if (survey.view.isPackfileTombstoned(packfile)) continue;
    const locations = deletedIn(tablesOf(survey), packfile);
    for (const state of locations.length === 0 ? [] : (said.entrants.get(packfile) ?? [])) found.set(state, [...(found.get(state) ?? []), ...locations]);
  }
  return [...found].map(([parent, locations]) => ({ ...NONE, parent, locations }));
}

function tablesOf(survey: Findings['survey']) {
  return survey.view.layers.map(({ table }) => table);
}

function deletedIn(tables: ReturnType<typeof tablesOf>, packfile: PackfileId): OrderedDeletes['locations'] {
  const found = new Map<string, OrderedDeletes['locations'][number]>();
  for (const table of tables)
    for (const index of table.tombstones()) {
      const row = table.read(index);
      if (table.packfiles.mac(row.packfile) !== packfile) continue;
      const blob = table.blob(index);
      found.set(`${row.type}:${blob}`, { type: row.type, blob, packfile });
    }
  return [...found.values()];
}

/** Snapshots whose removal was deleted: no plakar does that, another program may. */
function snapshotColours({ hazard, said }: Parts): readonly OrderedDeletes[] {
  const states: OrderedDeletes[] = [];
  for (const { state, removes, type, blob } of said.deletes) {
    if (state !== hazard.state || removes !== ENTRY_TYPE.coloured || type !== BLOB_TYPE.snapshot) continue;
    for (const colour of said.colours.get(`${type}:${blob}`) ?? [])
      states.push({ ...NONE, parent: colour.state, notBeforeNs: colour.whenNs, colours: [{ type, id: blob }] });
  }
  return states;
}
