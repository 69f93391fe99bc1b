import { unlessAborted } from '@wardrobe/store-connector';
import type { PackfileId } from '@wardrobe/kloset-model';
import type { ListedItem, ReadOptions, ResourceKind, Store } from '../store/store.js';
import type { PackfileCopies } from './packfile-copies.js';
import type { PackedRanges, RangeOptions } from './packed-ranges.js';

const PIECE_BYTES = 1 << 20;

/**
 * `packfiles`: what the store lists, where that was asked before. `waits`: a packfile without a copy gets one, and counts as used; otherwise copies are taken where they lie
 * already, and stay as little used as they were.
 */
export type CopiedUse = { readonly copies: PackfileCopies; readonly packfiles: readonly ListedItem[] | null; readonly waits: boolean };

/**
 * A store whose packfiles come from copies on this machine. What is to be `fresh`, and what has no copy, comes over the line as ever. A piece of a whole
 * packfile is good until the next one is asked for.
 */
export function copiedStore(store: Store, { copies, packfiles, waits }: CopiedUse): Store {
  const { line } = store;
  const mayUse = async (kind: ResourceKind, id: PackfileId, options: ReadOptions = {}): Promise<boolean> => {
    if (kind !== 'packfile' || options.fresh === true) return false;
    return !waits || (await unlessAborted(copies.ready(id), options.signal));
  };
  return {
    location: store.location,
    readConfig: (options) => store.readConfig(options),
    async *list(kind, options) {
      if (kind === 'packfile' && packfiles !== null) yield* packfiles;
      else yield* store.list(kind, options);
    },
    listForeign: (options) => store.listForeign(options),
    async sizeBytes(kind, id, options) {
      const sizeBytes = (await mayUse(kind, id, options)) ? copies.sizeBytes(id) : null;
      return sizeBytes ?? store.sizeBytes(kind, id, options);
    },
    async *read(kind, id, options) {
      const sizeBytes = (await mayUse(kind, id, options)) ? copies.sizeBytes(id) : null;
      if (sizeBytes === null) {
        yield* store.read(kind, id, options);
        return;
      }
      const room = new Uint8Array(Math.min(PIECE_BYTES, sizeBytes));
      for (let at = 0; at < sizeBytes; at += PIECE_BYTES) {
        options?.signal?.throwIfAborted();
        const piece = room.subarray(0, Math.min(PIECE_BYTES, sizeBytes - at));
        // A copy may be given up in the middle.
        yield copies.read(id, at, piece) ? piece : await store.readRange(kind, id, at, piece.length, options);
        await pause();
      }
    },
    async readRange(kind, id, ...range) {
      const [offset, lengthBytes, options] = range;
      const bytes = (await mayUse(kind, id, options)) ? part(copies, id, { offset, lengthBytes }) : null;
      return bytes ?? store.readRange(kind, id, ...range);
    },
    // It is closed by who opened it.
    close: () => Promise.resolve(),
    ...(line === undefined ? {} : { line: () => line.call(store) }),
  };
}

/** Parts of packfiles from copies; those without one as `line` gives them. */
export function copiedRanges(line: PackedRanges, copies: PackfileCopies): PackedRanges {
  return {
    async read(packfile: PackfileId, range: { readonly offset: number; readonly lengthBytes: number }, options: RangeOptions) {
      const isThere = options.fresh !== true && (await unlessAborted(copies.ready(packfile), options.signal));
      const bytes = isThere ? part(copies, packfile, range) : null;
      return bytes ?? line.read(packfile, range, options);
    },
    get windows() {
      return line.windows;
    },
    // Copies were made for this one use.
    forget: () => line.forget(),
  };
}

function part(copies: PackfileCopies, id: PackfileId, { offset, lengthBytes }: { readonly offset: number; readonly lengthBytes: number }): Uint8Array | null {
  if (lengthBytes > (copies.sizeBytes(id) ?? 0)) return null;
  const bytes = new Uint8Array(lengthBytes);
  return copies.read(id, offset, bytes) ? bytes : null;
}

/** Reading a copy waits for nothing: others get their turn here. */
function pause(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
