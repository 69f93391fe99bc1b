import type { Mac, PackfileId, RepositoryId, SnapshotId, StateId } from '@wardrobe/kloset-model';
import { versionText } from '../../codec/version.js';
import { KlosetError } from '../../errors/errors.js';
import { openEnvelope } from '../../format/envelope.js';
import { BLOB_TYPE } from '../../format/state.js';
import type { Repository } from '../../repository/types.js';
import { newLocationTable } from '../../state/layer.js';
import { parseState } from '../../state/parse-state.js';
import { StateBuilder } from '../../state/state-builder.js';
import { readResidue, type SaidDelete, whoSays } from './said.js';
import type { Survey } from './survey.js';
import type { LostStateEvidence, StateEndFacts } from './types.js';

/** A state file that a machine kept, opened and proven. */
export type KeptStateFile = {
  readonly id: StateId;
  readonly file: Uint8Array;
  readonly machine: string;
  readonly source: string;
  readonly end: StateEndFacts;
  readonly packfiles: readonly { readonly packfile: PackfileId; readonly whenNs: bigint }[];
  readonly snapshots: readonly { readonly id: SnapshotId; readonly packfile: PackfileId }[];
  readonly colours: readonly { readonly type: number; readonly id: Mac; readonly whenNs: bigint }[];
  readonly counts: { readonly locations: number; readonly coloured: number; readonly packfiles: number; readonly deletes: number };
};

/** All that the machines say, joined. */
export type Testimony = {
  /** Lost or damaged states and the packfiles that they brought, with when (null: not said). */
  readonly brought: ReadonlyMap<StateId, ReadonlyMap<PackfileId, bigint | null>>;
  readonly stateOf: ReadonlyMap<PackfileId, StateId>;
  readonly ends: ReadonlyMap<StateId, StateEndFacts>;
  readonly files: ReadonlyMap<StateId, KeptStateFile>;
  /** Snapshots that somebody holds as deleted, with who. */
  readonly deletedBy: ReadonlyMap<SnapshotId, readonly string[]>;
  /** Colours that are said to come from one state. */
  readonly coloursOf: ReadonlyMap<StateId, readonly { readonly type: number; readonly id: Mac; readonly whenNs: bigint }[]>;
  /** Delete entries of lost or damaged states. */
  readonly deletesOf: ReadonlyMap<StateId, readonly SaidDelete[]>;
  readonly all: readonly LostStateEvidence[];
};

/** Joins what the machines say of states that the store lacks or cannot read. */
export function hearEvidence(survey: Survey, all: readonly LostStateEvidence[]): Testimony {
  const brought = new Map<StateId, Map<PackfileId, bigint | null>>();
  const stateOf = new Map<PackfileId, StateId>();
  const ends = new Map<StateId, StateEndFacts>();
  const files = new Map<StateId, KeptStateFile>();
  const deletedBy = new Map<SnapshotId, string[]>();
  const coloursOf = new Map<StateId, { type: number; id: Mac; whenNs: bigint }[]>();
  const deletesOf = new Map<StateId, SaidDelete[]>();
  const bring = (state: StateId, packfile: PackfileId, whenNs: bigint | null): void => {
    if (survey.readable.has(state)) return;
    const group = brought.get(state) ?? new Map<PackfileId, bigint | null>();
    brought.set(state, group);
    group.set(packfile, group.get(packfile) ?? whenNs);
    if (!stateOf.has(packfile)) stateOf.set(packfile, state);
  };
  for (const evidence of all) {
    for (const { id, end } of evidence.states) if (end !== null && !ends.has(id)) ends.set(id, end);
    for (const { packfile, state, whenNs } of evidence.packfiles) bring(state, packfile, whenNs);
    for (const colour of evidence.colours) {
      if (colour.type === BLOB_TYPE.snapshot) push(deletedBy, colour.id, evidence.machine);
      if (colour.state !== undefined && colour.whenNs !== null && !survey.readable.has(colour.state))
        push(coloursOf, colour.state, { type: colour.type, id: colour.id, whenNs: colour.whenNs });
    }
    for (const { state, ...one } of evidence.deletes ?? []) if (!survey.readable.has(state)) pushOnce(deletesOf, state, one);
    for (const { id, bytes } of evidence.stateFiles) {
      const kept = survey.readable.has(id) || files.has(id) ? null : openKept(survey.repository, { id, file: bytes, evidence });
      if (kept === null) continue;
      files.set(id, kept);
      ends.set(id, kept.end);
      for (const { packfile, whenNs } of kept.packfiles) bring(id, packfile, whenNs);
    }
  }
  return { brought, stateOf, ends, files, deletedBy, coloursOf, deletesOf, all };
}

/** Null when its footer or content is not that of a whole state: it was caught while it was written. */
function openKept(
  repository: Repository,
  kept: { readonly id: StateId; readonly file: Uint8Array; readonly evidence: LostStateEvidence },
): KeptStateFile | null {
  const { keys } = repository;
  const { id, file, evidence } = kept;
  try {
    const opened = openEnvelope('state', file, { hash: (bytes) => keys.algorithm.hash(bytes) });
    const parsed = parseState(keys.decodeUnit(opened.body), { version: opened.version, table: newLocationTable() });
    const end = { version: versionText(opened.version) as '1.0.0' | '1.1.0', timestampNs: parsed.timestampNs, serial: parsed.serial, parent: parsed.parent };
    return { id, file, machine: evidence.machine, source: evidence.source, end, counts: parsed.counts, ...readResidue(parsed.residue) };
  } catch (error) {
    if (error instanceof KlosetError) return null;
    throw error;
  }
}

export type ProvenRemoval = {
  readonly state: StateId;
  readonly type: number;
  readonly id: Mac;
  readonly whenNs: bigint;
  readonly end: StateEndFacts;
  readonly machine: string;
};

/**
 * A removal whose state is known by name and end: its only entry is found among the colours that machines remember, proven by the name, which is the MAC of the
 * whole. Null when none fits. @source 01-store 7.1
 */
export function findRemoval(repository: Repository, state: StateId, testimony: Testimony): ProvenRemoval | null {
  const end = testimony.ends.get(state);
  if (end === undefined) return null;
  for (const evidence of testimony.all)
    for (const { type, id, whenNs } of evidence.colours) {
      if (whenNs === null) continue;
      const builder = new StateBuilder();
      builder.colour(type, id, whenNs);
      const stream = builder.finish({ ...end, serial: end.serial as RepositoryId });
      if (repository.mac(stream) === state) return { state, type, id, whenNs, end, machine: evidence.machine };
    }
  return null;
}

/**
 * What a damaged state coloured, by a machine that merged it: the colours that no readable state says must be its own, when it is the only state of that machine
 * which the store cannot give. Null when no machine can tell.
 */
export function deduceColours(
  survey: Survey,
  state: StateId,
  testimony: Testimony,
): { readonly machine: string; readonly colours: readonly { readonly type: number; readonly id: Mac; readonly whenNs: bigint }[] } | null {
  const said = whoSays(survey.view);
  for (const { machine, states, colours } of testimony.all) {
    const unknown = states.filter(({ id }) => !survey.readable.has(id));
    if (unknown.length !== 1 || unknown[0]?.id !== state) continue;
    const own = colours.flatMap(({ type, id, whenNs }) => (whenNs === null || said.colours.has(`${type}:${id}`) ? [] : [{ type, id, whenNs }]));
    if (own.length > 0) return { machine, colours: own };
  }
  return null;
}

/** The lost state that removed a snapshot, proven by its name. */
export function findRemovalOf(survey: Survey, snapshot: SnapshotId, testimony: Testimony): ProvenRemoval | null {
  for (const state of testimony.ends.keys()) {
    if (survey.readable.has(state)) continue;
    const removal = findRemoval(survey.repository, state, { ...testimony, all: onlyAbout(testimony.all, snapshot) });
    if (removal !== null) return removal;
  }
  return null;
}

function onlyAbout(all: readonly LostStateEvidence[], snapshot: SnapshotId): readonly LostStateEvidence[] {
  return all.map((evidence) => ({ ...evidence, colours: evidence.colours.filter(({ type, id }) => type === BLOB_TYPE.snapshot && id === snapshot) }));
}

/** Names of the machines that say something of a state, a packfile or a snapshot. */
export function machinesOf(testimony: Testimony, about: { readonly states?: readonly string[]; readonly snapshots?: readonly string[] }): readonly string[] {
  const states = new Set<string>(about.states);
  const snapshots = new Set<string>(about.snapshots);
  const found = new Set<string>();
  for (const evidence of testimony.all) {
    const speaks =
      evidence.states.some(({ id }) => states.has(id)) ||
      evidence.packfiles.some(({ state }) => states.has(state)) ||
      evidence.stateFiles.some(({ id }) => states.has(id)) ||
      evidence.shown.some((id) => snapshots.has(id));
    if (speaks) found.add(evidence.machine);
  }
  return [...found].sort();
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else if (!list.includes(value)) list.push(value);
}

/** Several copies of one index say the same. */
function pushOnce(map: Map<StateId, SaidDelete[]>, state: StateId, one: SaidDelete): void {
  const list = map.get(state) ?? [];
  map.set(state, list);
  const isSame = (other: SaidDelete): boolean =>
    other.removes === one.removes && other.type === one.type && other.blob === one.blob && other.packfile === one.packfile;
  if (!list.some(isSame)) list.push(one);
}
