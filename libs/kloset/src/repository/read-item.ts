import { ownBytes } from '@wardrobe/kernel';
import type { Mac } from '@wardrobe/kloset-model';
import { StoreError, TooLargeError } from '../errors/errors.js';
import type { ReadOptions, ResourceKind, Store } from '../store/store.js';

type Item = { readonly kind: ResourceKind; readonly id: Mac; readonly sizeBytes: number; readonly limitBytes: number };

/** Larger files of this machine are read piece by piece into memory of their own. */
const AT_ONCE_BYTES = 4 << 20;

/** A whole file of known size. @throws TooLargeError before anything is read; StoreError it ends before */
export async function readItem(store: Store, item: Item, options: ReadOptions): Promise<Uint8Array> {
  if (item.sizeBytes > item.limitBytes) throw new TooLargeError(`${item.kind} ${item.id}`, item.sizeBytes, item.limitBytes);
  // Over a line a range is fetched by several requests at a time.
  if (item.sizeBytes <= AT_ONCE_BYTES || store.line !== undefined) return store.readRange(item.kind, item.id, 0, item.sizeBytes, options);
  return readPieces(store, item, options);
}

async function readPieces(store: Store, { kind, id, sizeBytes }: Item, options: ReadOptions): Promise<Uint8Array> {
  const file = ownBytes(sizeBytes);
  let at = 0;
  for await (const piece of store.read(kind, id, options)) {
    file.set(piece.subarray(0, sizeBytes - at), at);
    at = Math.min(sizeBytes, at + piece.length);
    if (at === sizeBytes) break;
  }
  if (at < sizeBytes) throw new StoreError(`${kind} ${id}: ${sizeBytes} bytes were asked for, the file has ${at}`);
  return file;
}
