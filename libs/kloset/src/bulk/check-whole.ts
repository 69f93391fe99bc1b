import type { PackfileId } from '@wardrobe/kloset-model';
import { KlosetError } from '../errors/errors.js';
import { copiedRanges, copiedStore } from '../repository/copied-store.js';
import { PackfileCopies } from '../repository/packfile-copies.js';
import { packedRanges } from '../repository/packed-ranges.js';
import type { Repository, StateView } from '../repository/types.js';
import type { ListedItem } from '../store/store.js';
import { proveBlobs } from './check-blobs.js';

export type WholeOptions = {
  /** Every blob of every packfile is proven, as `checkStore` with `blobs` does. */
  readonly blobs: boolean;
  /** Of the copies on this machine's disk. */
  readonly limitBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
};

/** Packfiles that were found sound as soon as they had come. */
export interface EarlyProofs {
  /** How many blobs were proven beside the packfile itself; null: it is to be read the careful way, which says what is wrong with it. Has the next ones fetched too. */
  of(id: PackfileId, next: readonly PackfileId[]): Promise<number | null>;
}

/** For a check of all of a store: `repository` to check instead. `proofs`: null where packfiles cost little to read twice. Needs `close`. */
export type WholeStore = { readonly repository: Repository; readonly proofs: EarlyProofs | null; close(): Promise<void> };

/**
 * Has each packfile of a store over a line fetched once, whole, for all that a check reads of it: the packfile itself is proven when it has come, and what
 * snapshots need of it is read from the copy, as long as there is room for it. To be used before snapshots and store are checked, in this order.
 * @throws StoreError the packfiles cannot be listed, or no temporary files made
 */
export async function wholeStore(repository: Repository, { blobs, limitBytes, signal }: WholeOptions): Promise<WholeStore> {
  const { store } = repository;
  if (store.line === undefined) return storeAsItIs(repository);
  const { packfiles, isGuessed } = await listed(repository, signal);
  const stop = new AbortController();
  const proving = new Map<PackfileId, Promise<number | null>>();
  const onArrival = async (id: PackfileId): Promise<void> => {
    const proof = provenBlobs(proofs, { id, blobs, signal: stop.signal });
    proving.set(id, proof);
    await proof.catch(() => undefined);
  };
  const copies = await PackfileCopies.open(store, { packfiles: inOrder(repository.view, packfiles), limitBytes, onArrival });
  const use = { copies, packfiles: isGuessed ? null : packfiles };
  const proofs = repository.readingFrom({ store: copiedStore(store, { ...use, waits: false }) });
  return {
    repository: repository.readingFrom({ store: copiedStore(store, { ...use, waits: true }), ranges: copiedRanges(packedRanges(store), copies) }),
    proofs: {
      async of(id, next) {
        for (const wanted of next) if (!proving.has(wanted)) void copies.ready(wanted);
        await copies.ready(id);
        return (await proving.get(id)) ?? null;
      },
    },
    async close() {
      stop.abort();
      await copies.close();
      await Promise.all(proving.values());
    },
  };
}

/** The same for what is not to be fetched whole. */
export function storeAsItIs(repository: Repository): WholeStore {
  return { repository, proofs: null, close: () => Promise.resolve() };
}

/** Stands for a size that costs a question of its own: only room on the disk hangs on it. */
const GUESSED_BYTES = 20 << 20;

async function listed(
  { store }: Repository,
  signal: AbortSignal | undefined,
): Promise<{ readonly packfiles: readonly ListedItem[]; readonly isGuessed: boolean }> {
  const packfiles: ListedItem[] = [];
  let isGuessed = false;
  const knownSize = (): number => {
    isGuessed = true;
    return GUESSED_BYTES;
  };
  for await (const item of store.list('packfile', { signal, knownSize })) packfiles.push(item);
  return { packfiles, isGuessed };
}

/** Those that are checked, as the states bring them: that is about the order in which they were written. */
function inOrder(view: StateView, packfiles: readonly ListedItem[]): readonly ListedItem[] {
  const left = new Map(packfiles.map((item) => [item.id, item]));
  const ordered: ListedItem[] = [];
  for (const { id } of view.packfiles()) {
    const item = left.get(id);
    if (item !== undefined) ordered.push(item);
    left.delete(id);
  }
  return [...ordered, ...[...left.values()].filter(({ id }) => !view.isPackfileTombstoned(id))];
}

async function provenBlobs(
  repository: Repository,
  { id, blobs, signal }: { readonly id: PackfileId; readonly blobs: boolean; readonly signal: AbortSignal },
): Promise<number | null> {
  try {
    const { nameKnown } = await repository.verifyPackfile(id, { signal });
    if (!nameKnown) return null;
    let proven = 0;
    const onBlobs = (count: number): void => {
      proven += count;
    };
    if (blobs) for await (const _ of proveBlobs(repository, id, { signal, onBlobs })) return null;
    return proven;
  } catch (error) {
    // Whoever reads it the careful way is told what is wrong.
    if (signal.aborted || error instanceof KlosetError) return null;
    throw error;
  }
}
