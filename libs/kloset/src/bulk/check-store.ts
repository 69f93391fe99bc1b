import type { Mac, PackfileId } from '@wardrobe/kloset-model';
import { IntegrityError, KlosetError, NotFoundError } from '../errors/errors.js';
import { BLOB_TYPE } from '../format/state.js';
import type { Repository } from '../repository/types.js';
import { BlobRows } from './blob-rows.js';
import { proveBlobs } from './check-blobs.js';
import { indexGarbageWatch } from './index-garbage.js';
import { checkPlacesFast } from './check-places.js';
import type { ContentProofs } from './content-proofs.js';
import { createSample, type SampleChoice } from './check-sample.js';
import type { EarlyProofs } from './check-whole.js';
import type { Readers } from './pipeline/readers.js';
import { readersFor } from './pipeline/readers-for.js';

/** Damage of the store's own files, whether or not a snapshot is known to need them. `snapshots`: those whose header lies in the packfile. */
export type StoreProblem = {
  readonly kind: 'state' | 'packfile' | 'lock' | 'blob';
  readonly id: Mac;
  /** Type of the blob. */
  readonly type?: number;
  readonly severity: 'error' | 'warning';
  readonly error: KlosetError;
  readonly snapshots: readonly Mac[];
};
export type StoreCounts = { readonly packfiles: number; readonly packfilesRead: number; readonly packfilesNotRead: number; readonly blobs: number };
export type CheckStoreOptions = {
  /** Packfiles must exist; they are not read. */
  readonly fast?: boolean | undefined;
  /** Prove every blob of every packfile besides, also those that nothing needs. */
  readonly blobs?: boolean | undefined;
  /** Default: as many as the machine runs at once. Packfiles that are no local files are read on the calling thread. */
  readonly threads?: number | undefined;
  /** Threads of the repository's that are the caller's (`readersFor`). Default: some of its own. */
  readonly readers?: Readers | undefined;
  /** Read only this share of the packfiles; the others must exist. */
  readonly sample?: SampleChoice | undefined;
  /** Of a whole store that is checked over a line (`wholeStore`). */
  readonly proofs?: EarlyProofs | null | undefined;
  /** Filled with the contents that are proven on the way, for the check of the snapshots that comes after. With `blobs` there are none. */
  readonly contents?: ContentProofs | undefined;
  /** Told at the end. */
  readonly onCounts?: ((counts: StoreCounts) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
};

/**
 * Reads every state and every packfile from end to end: footers, indexes, counts, places; packfiles that no state names too, for hidden snapshots lie in them.
 * A packfile that is only coloured may be gone without being a fault, unless a live snapshot needs it; while it is there, that is a warning.
 * @source 01-store 11.2
 */
export async function* checkStore(repository: Repository, options: CheckStoreOptions = {}): AsyncGenerator<StoreProblem> {
  const { view } = repository;
  startEarly(repository, options);
  yield* stateProblems(repository, options);
  for (const lock of await repository.locks({ signal: options.signal })) {
    if (lock.error) yield { kind: 'lock', id: lock.id, severity: 'warning', error: lock.error, snapshots: [] };
  }
  const present = new Set<PackfileId>();
  for await (const item of repository.store.list('packfile', { signal: options.signal, knownSize: () => 0 })) present.add(item.id);
  const holders = headerHolders(repository);
  const known: { readonly id: PackfileId; readonly coloured: boolean }[] = [...view.packfiles()];
  for (const id of present) if (!view.isPackfileKnown(id) && !view.isPackfileTombstoned(id)) known.push({ id, coloured: false });
  const inUse = new Map(view.colouredInUse().map((item) => [item.packfile, item.snapshots]));
  const chosen = options.sample === undefined ? null : createSample(options.sample).of(known.map(({ id }) => id).filter((id) => present.has(id)));
  const counts = { packfiles: present.size, packfilesRead: 0, packfilesNotRead: 0, blobs: 0 };
  const isRead = (id: PackfileId): boolean => present.has(id) && options.fast !== true && (chosen === null || chosen.has(id));
  const proofs = await proofsAhead(repository, known.map(({ id }) => id).filter(isRead), options);
  try {
    for (const [done, packfile] of known.entries()) {
      options.onProgress?.(done, known.length);
      const users = inUse.get(packfile.id);
      const snapshots = [...new Set([...(holders.get(packfile.id) ?? []), ...(users ?? [])])];
      if (users !== undefined && present.has(packfile.id))
        yield { kind: 'packfile', id: packfile.id, severity: 'warning', error: scheduled(packfile.id), snapshots };
      if (!present.has(packfile.id)) {
        if (!packfile.coloured || users !== undefined)
          yield { kind: 'packfile', id: packfile.id, severity: 'error', error: new NotFoundError('packfile', packfile.id), snapshots };
      } else if (!isRead(packfile.id)) counts.packfilesNotRead += 1;
      else {
        counts.packfilesRead += 1;
        options.signal?.throwIfAborted();
        const proven = await proofs.next();
        if (proven === null) yield* readPackfile(repository, { id: packfile.id, snapshots, counts }, options);
        else counts.blobs += proven;
      }
    }
  } finally {
    await proofs.close();
  }
  options.onCounts?.({ ...counts });
}

/** Packfiles under way besides one for each thread. */
const PACKFILES_AHEAD = 3;
/** Small stores are read sooner on this thread. */
const THREADS_FROM_PACKFILES = 4;

/** Threads that are certain to be needed are there by the time the states are proven. */
function startEarly({ view }: Repository, { readers, fast, sample }: CheckStoreOptions): void {
  if (readers === undefined || fast === true || sample !== undefined) return;
  const packfiles = view.packfiles()[Symbol.iterator]();
  for (let count = 0; count < THREADS_FROM_PACKFILES; count++) if (packfiles.next().done === true) return;
  readers.start();
}

/**
 * Proofs of some packfiles, in their order, made on threads a little ahead of their turn: how many blobs were proven, or null where the packfile is to be read here,
 * to say what is wrong with it or because there are no threads.
 */
async function proofsAhead(
  repository: Repository,
  packfiles: readonly PackfileId[],
  { blobs, signal, threads, readers: given, proofs, contents }: CheckStoreOptions,
): Promise<{ next(): Promise<number | null>; close(): Promise<void> }> {
  if (proofs !== undefined && proofs !== null) return proofsOf(proofs, packfiles);
  const readers = packfiles.length < THREADS_FROM_PACKFILES ? null : (given ?? (await readersFor(repository, { threads })));
  if (readers === null) return { next: async () => null, close: async () => undefined };
  const known = contents?.isOf(repository) === true && blobs !== true ? contents : null;
  const rows = known?.rows ?? new BlobRows(repository);
  const giveUp = indexGarbageWatch();
  const proven = async (id: PackfileId): Promise<number | null> => {
    const path = repository.store.localPath?.('packfile', id) ?? '';
    const { bytes, lengths } = await readers.ask({ kind: 'prove', packfile: id, path, blobs: blobs === true }, []);
    if (bytes === null) return null;
    const index = new Uint8Array(bytes);
    try {
      const found = checkPlacesFast(rows, repository, { id, index });
      if (known !== null && found !== null) await known.prove(readers, { path, index, rows: found });
      giveUp(index.length);
      return lengths[0] ?? 0;
    } catch (error) {
      if (signal?.aborted === true || !(error instanceof KlosetError)) throw error;
      return null;
    }
  };
  const waiting = [...packfiles].reverse();
  const underWay: Promise<number | null>[] = [];
  return {
    async next() {
      for (let id = waiting.at(-1); id !== undefined && underWay.length < readers.count + PACKFILES_AHEAD; id = waiting.at(-1)) {
        waiting.pop();
        const proof = proven(id);
        // The failure is met when its turn comes.
        proof.catch(() => undefined);
        underWay.push(proof);
      }
      return (await underWay.shift()) ?? null;
    },
    close: async () => {
      if (given === undefined) await readers.close();
    },
  };
}

/** Packfiles that are fetched while one is waited for. */
const FETCHED_AHEAD = 16;

function proofsOf(proofs: EarlyProofs, packfiles: readonly PackfileId[]): { next(): Promise<number | null>; close(): Promise<void> } {
  let next = 0;
  return {
    next() {
      const id = packfiles[next++];
      return id === undefined ? Promise.resolve(null) : proofs.of(id, packfiles.slice(next, next + FETCHED_AHEAD));
    },
    close: () => Promise.resolve(),
  };
}

type ReadPackfile = { readonly id: PackfileId; readonly snapshots: readonly Mac[]; readonly counts: { blobs: number } };

/** A packfile as a whole, then blob by blob. */
async function* readPackfile(repository: Repository, { id, snapshots, counts }: ReadPackfile, options: CheckStoreOptions): AsyncGenerator<StoreProblem> {
  const fault = await faultOf(repository, id, options.signal);
  if (fault !== null) yield { kind: 'packfile', id, ...fault, snapshots };
  if (options.blobs !== true) return;
  try {
    const onBlobs = (count: number): void => {
      counts.blobs += count;
    };
    for await (const { type, id: blob, error } of proveBlobs(repository, id, { signal: options.signal, onBlobs })) {
      const severity = (await isElsewhere(repository, { type, id: blob }, options.signal)) ? 'warning' : 'error';
      yield { kind: 'blob', id: blob, type, severity, error, snapshots: type === BLOB_TYPE.snapshot ? [blob] : [] };
    }
  } catch (error) {
    // Its index cannot be read: that was told with the packfile.
    if (!(error instanceof KlosetError) || fault === null) throw error;
  }
}

/** Whether a sound copy of a damaged blob can be had. */
async function isElsewhere(
  repository: Repository,
  { type, id }: { readonly type: number; readonly id: Mac },
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    await repository.get(type, id, { signal });
    return true;
  } catch (error) {
    if (signal?.aborted === true || !(error instanceof KlosetError)) throw error;
    return false;
  }
}

function scheduled(id: PackfileId): KlosetError {
  return new IntegrityError('packfile', 'scheduled for deletion, and a snapshot needs it', { kind: 'packfile', file: id });
}

/** What the view could not read, and what is damaged since its index was made. */
async function* stateProblems(repository: Repository, options: CheckStoreOptions): AsyncGenerator<StoreProblem> {
  const told = new Set<string>();
  for (const { id, error } of repository.view.unreadable) {
    told.add(id);
    yield { kind: 'state', id, severity: 'error', error, snapshots: [] };
  }
  if (options.fast) return;
  for await (const { id, error } of repository.verifyStates({ signal: options.signal }))
    if (!told.has(id)) yield { kind: 'state', id, severity: 'error', error, snapshots: [] };
}

type Fault = Pick<StoreProblem, 'severity' | 'error'>;

async function faultOf(repository: Repository, id: PackfileId, signal: AbortSignal | undefined): Promise<Fault | null> {
  try {
    const { nameKnown } = await repository.verifyPackfile(id, { signal });
    if (nameKnown) return null;
    const detail = 'sound in itself, and its name is not that of its content: it may be another packfile';
    return { severity: 'warning', error: new IntegrityError('packfile', detail, { kind: 'packfile', file: id }) };
  } catch (error) {
    if (error instanceof KlosetError) return { severity: 'error', error };
    throw error;
  }
}

function headerHolders(repository: Repository): ReadonlyMap<string, Mac[]> {
  const holders = new Map<string, Mac[]>();
  for (const snapshot of repository.view.live) {
    for (const packfile of snapshot.packfiles) {
      const list = holders.get(packfile);
      if (list) list.push(snapshot.id);
      else holders.set(packfile, [snapshot.id]);
    }
  }
  return holders;
}
