import type { Mac } from '@wardrobe/kloset-model';
import { TooLargeError } from '../errors/errors.js';
import type { ReadOptions, ResourceKind, Store } from '../store/store.js';

/** A whole file of known size. @throws TooLargeError before anything is read */
export async function readItem(
  store: Store,
  item: { readonly kind: ResourceKind; readonly id: Mac; readonly sizeBytes: number; readonly limitBytes: number },
  options: ReadOptions,
): Promise<Uint8Array> {
  if (item.sizeBytes > item.limitBytes) throw new TooLargeError(`${item.kind} ${item.id}`, item.sizeBytes, item.limitBytes);
  return store.readRange(item.kind, item.id, 0, item.sizeBytes, options);
}
