import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isMac, type Mac, parseMac, type StateId } from '@wardrobe/kloset-model';
import { versionText } from '../../codec/version.js';
import { KlosetError } from '../../errors/errors.js';
import { ENTRY_TYPE } from '../../format/state.js';
import { readLayerFile } from '../../repository/index-file.js';
import type { Repository } from '../../repository/types.js';
import type { Layer } from '../../state/layer.js';
import { readResidue, type SaidDelete } from './said.js';
import type { LostStateEvidence } from './types.js';

const LAYER_FILE = /^[0-9a-f]{32}\.layer$/;
const SNAPSHOT = 5;

/**
 * What Wardrobe's own state indexes below a folder remember of this store, wherever it lay then. Only reads: to be asked before the store is opened with
 * that folder, which forgets what the store has lost.
 */
export async function indexEvidence(
  repository: Repository,
  place: { readonly directory: string; readonly machine: string; readonly onNote?: (note: string) => void },
): Promise<readonly LostStateEvidence[]> {
  const key = repository.keys.algorithm.hash(Buffer.from('wardrobe state index checksum', 'utf8'));
  const found: LostStateEvidence[] = [];
  for (const name of (await namesIn(place.directory)).filter((candidate) => candidate.startsWith(`${repository.id}-`)).sort()) {
    const folder = join(place.directory, name);
    for (const file of (await namesIn(folder)).filter((candidate) => LAYER_FILE.test(candidate)).sort()) {
      try {
        found.push(evidenceOfLayer(await readLayerFile(join(folder, file), key), { machine: place.machine, source: `Wardrobe's state index ${folder}` }));
      } catch (error) {
        if (!(error instanceof KlosetError) && !(error instanceof Error && 'code' in error)) throw error;
        place.onNote?.(`the state index ${join(folder, file)} cannot be read: ${error instanceof Error ? error.message : ''}`);
      }
    }
  }
  return found;
}

function evidenceOfLayer({ records, table }: Layer, who: { readonly machine: string; readonly source: string }): LostStateEvidence {
  const said = records.map((record) => ({ record, residue: readResidue(record.residue) }));
  return {
    ...who,
    states: records.map((record) => ({
      id: record.id,
      end: { version: versionText(record.version) as '1.0.0' | '1.1.0', timestampNs: record.timestampNs, serial: record.serial, parent: record.parent },
    })),
    packfiles: said.flatMap(({ record, residue }) => residue.packfiles.map(({ packfile, whenNs }) => ({ packfile, state: record.id, whenNs }))),
    // What a state with packfiles said is more than its colours: it is written again for these.
    colours: said.flatMap(({ record, residue }) =>
      residue.colours.map((colour) => (residue.packfiles.length === 0 ? { ...colour, state: record.id } : colour)),
    ),
    deletes: [...said.flatMap(({ record, residue }) => residue.deletes.map((one) => ({ ...one, state: record.id }))), ...locationDeletes(table, said)],
    shown: shownOf(said.map(({ residue }) => residue)),
    stateFiles: [],
  };
}

/**
 * Deleted locations stand in the table, which does not say whose they are: each is given to every state that deleted some. Those of states that the store has are
 * known from there.
 */
function locationDeletes(
  table: Layer['table'],
  said: readonly { readonly record: Layer['records'][number]; readonly residue: ReturnType<typeof readResidue> }[],
): (SaidDelete & { readonly state: StateId })[] {
  const states = said.flatMap(({ record, residue }) => (record.counts.deletes > residue.deletes.length ? [record.id] : []));
  if (states.length === 0) return [];
  return [...table.tombstones()].flatMap((index) => {
    const { type, packfile } = table.read(index);
    const one = { removes: ENTRY_TYPE.location, type, blob: table.blob(index), packfile: table.packfiles.mac(packfile) };
    return states.map((state) => ({ ...one, state }));
  });
}

function shownOf(residues: readonly ReturnType<typeof readResidue>[]): readonly Mac[] {
  const deleted = new Set(residues.flatMap(({ colours }) => colours.filter(({ type }) => type === SNAPSHOT).map(({ id }) => id)));
  return [...new Set(residues.flatMap(({ snapshots }) => snapshots.map(({ id }) => id)))].filter((id) => !deleted.has(id)).sort();
}

/** A machine's view of a store, as its report has it. Ids are hex text; what is none is passed over. */
export type ReportedSighting = {
  readonly cache: string;
  readonly states: readonly string[];
  readonly shown: readonly { readonly snapshot: string }[];
  readonly deleted: readonly string[];
  readonly introduced: { readonly states: readonly { readonly state: string; readonly packfiles: readonly string[] }[] };
};

/** What a report tells about lost states: which state brought which packfile, who shows and who deleted what. */
export function reportEvidence(machine: string, sighting: ReportedSighting): LostStateEvidence {
  return {
    machine,
    source: sighting.cache,
    states: ids(sighting.states).map((id) => ({ id, end: null })),
    packfiles: sighting.introduced.states.flatMap(({ state, packfiles }) =>
      isMac(state) ? ids(packfiles).map((packfile) => ({ packfile, state: parseMac(state), whenNs: null })) : [],
    ),
    colours: ids(sighting.deleted).map((id) => ({ type: SNAPSHOT, id, whenNs: null })),
    shown: ids(sighting.shown.map(({ snapshot }) => snapshot)),
    stateFiles: [],
  };
}

function ids(texts: readonly string[]): readonly Mac[] {
  return texts.filter(isMac).map(parseMac);
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return [];
    throw error;
  }
}
