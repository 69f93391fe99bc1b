import type { PackfileId, SnapshotId, StateId } from '@wardrobe/kloset-model';
import { KlosetError } from '../../errors/errors.js';
import { HEADER_BYTES } from '../../format/envelope.js';
import { BLOB_TYPE } from '../../format/state.js';
import type { LiveSnapshot } from '../../repository/types.js';
import { draftOf, type Drafts, emptyDrafts, named, type OrderedDeletes, problemOf, stateWrite } from './draft.js';
import { machinesOf } from './evidence.js';
import type { Findings } from './plan.js';
import { type Said, whoSays } from './said.js';

/** Snapshots whose header lies in several known packfiles: plakar 1.0 calls them ambiguous and opens none. @source 01-store 5.4 */
export async function planAmbiguous(findings: Findings): Promise<Drafts> {
  const drafts = emptyDrafts();
  const several = findings.survey.view.live.filter(({ packfiles }) => packfiles.length > 1);
  if (several.length === 0) return drafts;
  const said = whoSays(findings.survey.view);
  for (const snapshot of several) {
    const wrong = `The header of snapshot ${named([snapshot.id])} lies in ${snapshot.packfiles.length} packfiles: plakar lists it so many times, and plakar 1.0 cannot open it.`;
    const common = { wrong, snapshots: [snapshot.id], packfiles: snapshot.packfiles, machines: machinesOf(findings.testimony, { snapshots: [snapshot.id] }) };
    const kept = await soundPlace(findings, snapshot);
    if (findings.survey.line === '1.0' || kept === null) {
      drafts.problems.push(problemOf({ key: `ambiguous:${snapshot.id}`, ...common, ...explain(findings, snapshot.id, kept) }));
      continue;
    }
    const states = locationDeletes(said, snapshot, kept);
    drafts.drafts.push(
      draftOf(
        {
          ...common,
          about: snapshot.id,
          kind: 'settle-snapshot',
          doing: `Packfile ${named([kept])} keeps it; the other locations are deleted, by states that every machine merges after those that brought them.`,
          evidence: [`The header in packfile ${named([kept])} was read and is sound.`],
          writes: states.map(({ locations }) => stateWrite({ version: '1.1.0', deletes: locations.length })),
        },
        { kind: 'deletes', states, again: [] },
      ),
    );
  }
  return drafts;
}

function explain(findings: Findings, id: SnapshotId, kept: PackfileId | null): { readonly why: string; readonly next: string } {
  if (kept === null) return { why: 'None of the headers can be read.', next: `Remove the snapshot: wardrobe rm --apply ${id.slice(0, 8)}.` };
  const line = findings.survey.line === '1.0' ? 'Only states of version 1.1.0 can delete a location, and they would lock out every client of plakar 1.0.' : '';
  return {
    why: line,
    next: `Copy it under a new id and remove the old one: wardrobe dup ${id.slice(0, 8)}, then wardrobe rm --apply ${id.slice(0, 8)}. Wardrobe itself reads it as it is.`,
  };
}

/** The first packfile, uncoloured ones first, whose header opens. */
async function soundPlace({ survey, options }: Findings, snapshot: LiveSnapshot): Promise<PackfileId | null> {
  const { repository } = survey;
  for (const { packfile, offset, lengthBytes } of survey.view.locations(BLOB_TYPE.snapshot, snapshot.id)) {
    try {
      const stored = await repository.store.readRange('packfile', packfile, offset + HEADER_BYTES, lengthBytes, { signal: options.signal });
      repository.openStored({ type: BLOB_TYPE.snapshot, id: snapshot.id }, stored);
      return packfile;
    } catch (error) {
      if (options.signal?.aborted === true || !(error instanceof KlosetError) || error.retryable) throw error;
    }
  }
  return null;
}

/** One state for each that brings a location too many, with it as parent. */
function locationDeletes(said: Said, snapshot: LiveSnapshot, kept: PackfileId): readonly OrderedDeletes[] {
  const byState = new Map<StateId, PackfileId[]>();
  for (const { state, packfile } of said.headers.get(snapshot.id) ?? [])
    if (packfile !== kept && snapshot.packfiles.includes(packfile)) byState.set(state, [...(byState.get(state) ?? []), packfile]);
  return [...byState].map(([parent, packfiles]) => ({
    parent,
    notBeforeNs: 0n,
    colours: [],
    packfiles: [],
    locations: packfiles.map((packfile) => ({ type: BLOB_TYPE.snapshot, blob: snapshot.id, packfile })),
  }));
}
