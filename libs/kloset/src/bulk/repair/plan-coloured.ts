import type { PackfileId, StateId } from '@wardrobe/kloset-model';
import { BLOB_TYPE } from '../../format/state.js';
import { type BlobName, counted, draftOf, type Drafts, emptyDrafts, named, type OrderedDeletes, problemOf, stateWrite } from './draft.js';
import { machinesOf } from './evidence.js';
import type { Findings } from './plan.js';
import { type Said, whoSays } from './said.js';
import type { Need, SnapshotWalk } from './walk.js';

type AtRisk = { readonly needs: Map<string, Need>; readonly packfiles: Set<PackfileId>; readonly snapshots: Set<string> };

/**
 * What snapshots need and only packfiles hold that are scheduled for deletion, or were deleted and are still there. In a 1.1-only store the packfiles are taken
 * off the list again; elsewhere, and for what no state can name any more, the blobs are stored once more. @source 01-store 7.4
 */
export function planColoured(findings: Findings): Drafts {
  const drafts = emptyDrafts();
  const walks = [...findings.live, ...findings.candidates.chosen.map(({ walk }) => walk)];
  const coloured = collectAtRisk(walks, ({ standing }) => standing === 'coloured');
  if (coloured.packfiles.size > 0) {
    if (findings.survey.line === '1.1') uncolour(findings, coloured, drafts);
    else storeColouredAgain(findings, coloured, drafts);
  }
  const lying = collectAtRisk(walks, ({ standing, type }) => (standing === 'discarded' || standing === 'coloured-orphan') && type !== BLOB_TYPE.snapshot);
  if (lying.needs.size > 0) storeDiscardedAgain(findings, lying, drafts);
  return drafts;
}

function collectAtRisk(walks: readonly SnapshotWalk[], isWanted: (need: Need) => boolean): AtRisk {
  const found: AtRisk = { needs: new Map(), packfiles: new Set(), snapshots: new Set() };
  for (const walk of walks)
    for (const [key, need] of walk.needs) {
      if (need.damaged || !isWanted(need)) continue;
      found.needs.set(key, need);
      for (const packfile of need.packfiles.slice(0, 1)) found.packfiles.add(packfile);
      found.snapshots.add(walk.id);
    }
  return found;
}

function commonOf({ testimony }: Findings, risk: AtRisk) {
  const snapshots = [...risk.snapshots].sort();
  return { snapshots, packfiles: [...risk.packfiles].sort(), machines: machinesOf(testimony, { snapshots }) };
}

function wrongOf(risk: AtRisk): string {
  return `${counted(risk.packfiles.size, 'packfile')} (${named([...risk.packfiles].sort())}) ${risk.packfiles.size === 1 ? 'is' : 'are'} scheduled for deletion, and snapshot ${named([...risk.snapshots].sort())} needs what lies in nothing else.`;
}

function uncolour(findings: Findings, risk: AtRisk, drafts: Drafts): void {
  const states = uncolourings(whoSays(findings.survey.view), [...risk.packfiles].sort());
  drafts.drafts.push(
    draftOf(
      {
        ...commonOf(findings, risk),
        about: [...risk.packfiles].sort()[0] ?? '',
        kind: 'uncolour',
        wrong: wrongOf(risk),
        doing: 'The colours are deleted, by states that every machine merges after those that coloured.',
        evidence: [`${counted(risk.needs.size, 'blob')} of live snapshots ${risk.needs.size === 1 ? 'has' : 'have'} no other place.`],
        writes: states.map(({ colours }) => stateWrite({ version: '1.1.0', deletes: colours.length })),
      },
      { kind: 'deletes', states, again: [] },
    ),
  );
}

/**
 * One state for each that coloured, with it as parent: whatever the order, after the last colour comes an uncolouring, and what was merged first is
 * not forgotten. @source 01-store 5.3
 */
export function uncolourings(said: Said, packfiles: readonly PackfileId[]): readonly OrderedDeletes[] {
  const byState = new Map<StateId, { whenNs: bigint; colours: BlobName[] }>();
  for (const id of packfiles)
    for (const { state, whenNs } of said.colours.get(`${BLOB_TYPE.packfile}:${id}`) ?? []) {
      const known = byState.get(state) ?? { whenNs: 0n, colours: [] };
      byState.set(state, known);
      known.colours.push({ type: BLOB_TYPE.packfile, id });
      if (whenNs > known.whenNs) known.whenNs = whenNs;
    }
  return [...byState]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([parent, { whenNs, colours }]) => ({ parent, notBeforeNs: whenNs, colours, packfiles: [], locations: [] }));
}

function storeColouredAgain(findings: Findings, risk: AtRisk, drafts: Drafts): void {
  const blobs = [...risk.needs.values()].filter(({ type }) => type !== BLOB_TYPE.snapshot);
  const headers = [...risk.needs.values()].filter(({ type }) => type === BLOB_TYPE.snapshot).map(({ id }) => id);
  if (blobs.length > 0)
    drafts.drafts.push(
      draftOf(
        {
          ...commonOf(findings, risk),
          snapshots: [...risk.snapshots].filter((id) => !headers.includes(id as never)).sort(),
          about: [...risk.packfiles].sort()[0] ?? '',
          kind: 'store-again',
          wrong: wrongOf(risk),
          doing: `The ${counted(blobs.length, 'blob')} are stored again in new packfiles: clients of plakar 1.0 know no way to take a colour back.`,
          evidence: ['Their bytes are still there, and nothing else holds them.'],
          writes: [{ what: 'packfiles', blobs: blobs.length, bytes: null }, stateWrite({ version: '1.0.0' })],
        },
        { kind: 'again', blobs: blobs.map(({ type, id }) => ({ type, id })), colour: [], lenient: false },
      ),
    );
  for (const id of headers)
    drafts.problems.push(
      problemOf({
        key: `coloured-header:${id}`,
        wrong: `The header of snapshot ${named([id])} lies in a packfile that is scheduled for deletion: plakar does not list it any more.`,
        why: 'A header in two packfiles would make the snapshot ambiguous for plakar 1.0, and it knows no way to take a colour back.',
        next: `Copy it under a new id before the next maintenance: wardrobe dup ${id.slice(0, 8)}.`,
        snapshots: [id],
        packfiles: findings.survey.view.locations(BLOB_TYPE.snapshot, id).map(({ packfile }) => packfile),
      }),
    );
}

function storeDiscardedAgain(findings: Findings, risk: AtRisk, drafts: Drafts): void {
  const blobs = [...risk.needs.values()];
  drafts.drafts.push(
    draftOf(
      {
        ...commonOf(findings, risk),
        about: `discarded:${[...risk.packfiles].sort()[0] ?? ''}`,
        kind: 'store-again',
        wrong: `Snapshot ${named([...risk.snapshots].sort())} needs ${counted(blobs.length, 'blob')} that lie only in what was deleted and is still there.`,
        doing: 'They are stored again in new packfiles.',
        evidence: [`Packfile ${named([...risk.packfiles].sort())} was deleted from the list, and its file is still in the store.`],
        writes: [{ what: 'packfiles', blobs: blobs.length, bytes: null }, stateWrite({ version: findings.survey.line === '1.1' ? '1.1.0' : '1.0.0' })],
      },
      { kind: 'again', blobs: blobs.map(({ type, id }) => ({ type, id })), colour: [], lenient: false },
    ),
  );
}
