import type { Mac, PackfileId, StateId } from '@wardrobe/kloset-model';
import { macToBytes } from '../../bytes/bytes.js';
import { macWords } from '../../codec/word-reader.js';
import { KlosetError, NotFoundError } from '../../errors/errors.js';
import { HEADER_BYTES } from '../../format/envelope.js';
import { packfileRecords } from '../../packfile/packfile-tail.js';
import type { Location } from '../../repository/blob-reader.js';
import { LocatedSource } from '../../repository/located-source.js';
import { readPackfileIndex } from '../../repository/orphans.js';
import { storeLine } from '../../repository/store-line.js';
import type { LockInfo, OrphanPackfile, OrphanProblem, Repository, StateView, UnreadableState } from '../../repository/types.js';
import type { StoreLine } from '../../repository/writer-types.js';
import { type SnapshotSource, snapshotSource } from '../../snapshot/source.js';
import { newLocationTable } from '../../state/layer.js';
import type { PlanRepairOptions } from './types.js';

/**
 * Where a blob stands: `available` to everybody; only in packfiles that are known and `coloured`; only in packfiles that no state names (`orphan`), or that none
 * names and one colours (`coloured-orphan`); only in what was deleted for good and is still there (`discarded`); or `gone`.
 */
export type Standing = 'available' | 'coloured' | 'orphan' | 'coloured-orphan' | 'discarded' | 'gone';
/** `packfiles`: where it lies; of a blob that is gone, where it should. */
export type Stand = { readonly standing: Standing; readonly packfiles: readonly PackfileId[] };

/** Everything that a plan is made from, read once. */
export type Survey = {
  readonly repository: Repository;
  readonly view: StateView;
  readonly line: StoreLine;
  readonly nowMs: number;
  /** F: sizes of the packfiles that are there. */
  readonly files: ReadonlyMap<PackfileId, number>;
  readonly orphans: ReadonlyMap<PackfileId, OrphanPackfile>;
  readonly unreadableOrphans: readonly OrphanProblem[];
  /** States that are not written again: they can be read, or what keeps them from it is no damage (a newer version, no permission). */
  readonly readable: ReadonlySet<StateId>;
  /** State files whose bytes are wrong. */
  readonly damaged: readonly UnreadableState[];
  readonly locks: readonly LockInfo[];
  standOf(type: number, id: Mac): Stand;
  /** Finds blobs wherever they lie, deleted ones too. */
  readonly source: SnapshotSource;
};

/** @throws StoreError the store cannot be listed */
export async function surveyStore(repository: Repository, options: PlanRepairOptions): Promise<Survey> {
  const { view } = repository;
  const { signal } = options;
  const files = new Map<PackfileId, number>();
  for await (const { id, sizeBytes } of repository.store.list('packfile', { signal })) files.set(id, sizeBytes);
  options.onProgress?.({ phase: 'packfiles', done: 0, total: files.size });
  const unreadableOrphans: OrphanProblem[] = [];
  const { packfiles, layer } = await repository.orphans({ signal, onProblem: (problem) => void unreadableOrphans.push(problem) });
  const orphans = new Map(packfiles.map((packfile) => [packfile.id, packfile]));
  const discarded = await readDiscarded(repository, files, signal);
  const inOrphans = finder(layer.table, (packfile) => orphans.has(packfile));
  const inDiscarded = finder(discarded, (packfile) => files.has(packfile));
  const find = (type: number, id: Mac): readonly Location[] => [...view.locations(type, id), ...inOrphans(type, id), ...inDiscarded(type, id)];
  const standOf = (type: number, id: Mac): Stand => {
    const known = view.locations(type, id);
    const there = known.filter(({ packfile, offset, lengthBytes }) => (files.get(packfile) ?? 0) >= HEADER_BYTES + offset + lengthBytes);
    const sound = there.filter(({ coloured }) => !coloured);
    if (sound.length > 0) return stand('available', sound);
    if (there.length > 0) return stand('coloured', there);
    const orphaned = inOrphans(type, id);
    const usable = orphaned.filter(({ packfile }) => !view.isPackfileColoured(packfile));
    if (usable.length > 0) return stand('orphan', usable);
    if (orphaned.length > 0) return stand('coloured-orphan', orphaned);
    const deleted = inDiscarded(type, id);
    return deleted.length > 0 ? stand('discarded', deleted) : stand('gone', known);
  };
  return {
    repository,
    view,
    line: storeLine(view),
    nowMs: options.nowMs,
    files,
    orphans,
    unreadableOrphans,
    readable: new Set([...view.states, ...view.unreadable.filter((state) => !isDamage(state))].map((state) => state.id)),
    damaged: view.unreadable.filter(isDamage),
    locks: await repository.locks({ signal }),
    standOf,
    source: snapshotSource(repository, new LocatedSource(repository.keys, find)),
  };
}

const DAMAGE = new Set(['decode', 'integrity', 'too-large']);

function isDamage({ error }: UnreadableState): boolean {
  return DAMAGE.has(error.code);
}

function stand(standing: Standing, locations: readonly Location[]): Stand {
  return { standing, packfiles: locations.map(({ packfile }) => packfile) };
}

function finder(table: ReturnType<typeof newLocationTable>, isThere: (packfile: PackfileId) => boolean) {
  return (type: number, id: Mac): readonly Location[] =>
    table.find(type, macWords(macToBytes(id))).flatMap((index) => {
      const row = table.read(index);
      const packfile = table.packfiles.mac(row.packfile) as PackfileId;
      return isThere(packfile) ? [{ packfile, offset: row.offset, lengthBytes: row.lengthBytes }] : [];
    });
}

/** What lies in packfiles that were deleted for good and are still there, and in known ones of which single locations were deleted. */
async function readDiscarded(repository: Repository, files: ReadonlyMap<PackfileId, number>, signal: AbortSignal | undefined) {
  const { view } = repository;
  const table = newLocationTable();
  const wanted = new Set<PackfileId>();
  for (const id of files.keys()) if (view.isPackfileTombstoned(id)) wanted.add(id);
  for (const { table: stated } of view.layers)
    for (const index of stated.tombstones()) {
      const packfile = stated.packfiles.mac(stated.read(index).packfile) as PackfileId;
      if (files.has(packfile)) wanted.add(packfile);
    }
  const words = new Uint32Array(16);
  for (const id of wanted) {
    words.set(macWords(macToBytes(id)).subarray(0, 8), 8);
    for (const { type, blob, offset, lengthBytes, version } of await locationsIn(repository, { id, sizeBytes: files.get(id) ?? 0 }, signal)) {
      words.set(macWords(macToBytes(blob)).subarray(0, 8));
      table.insert({ type, words, offset, lengthBytes, version, stated: true, tombstoned: false });
    }
  }
  return table;
}

/** What a packfile's own index says lies in it, padding included; nothing when it cannot be read. @throws StoreError the line */
export async function locationsIn(
  repository: Repository,
  packfile: { readonly id: PackfileId; readonly sizeBytes: number },
  signal: AbortSignal | undefined,
): Promise<readonly IndexedBlob[]> {
  try {
    const { index } = await readPackfileIndex(repository.keys, packfile, { signal });
    return [...packfileRecords(index)].filter(({ type }) => type <= 0xff).map(({ id, ...record }) => ({ ...record, blob: id, packfile: packfile.id }));
  } catch (error) {
    if (signal?.aborted === true || !(error instanceof KlosetError) || (error.code === 'store' && !(error instanceof NotFoundError))) throw error;
    return [];
  }
}

export type IndexedBlob = {
  readonly type: number;
  readonly version: number;
  readonly blob: Mac;
  readonly packfile: PackfileId;
  readonly offset: number;
  readonly lengthBytes: number;
  readonly flags: number;
};
