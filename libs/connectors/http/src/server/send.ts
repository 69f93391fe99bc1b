import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Mac } from '@wardrobe/kloset-model';
import { type ResourceKind, StoreError } from '@wardrobe/store-connector';
import type { Job } from './handler.js';

/** A range is read and sent in parts of this. */
const WINDOW_BYTES = 1 << 20;

export type Item = { readonly kind: ResourceKind; readonly id: Mac };

/** Writes as fast as the client takes it. @throws the signal's reason when it went away */
export async function send(response: ServerResponse, pieces: AsyncIterable<Uint8Array | string>, signal: AbortSignal): Promise<void> {
  for await (const piece of pieces) {
    signal.throwIfAborted();
    if (!response.write(piece)) await once(response, 'drain', { signal });
  }
}

/** The bytes of an item from `offset` to `end`, both within it. */
export async function* partOf(
  { served, signal }: Job,
  { kind, id }: Item,
  { offset, end }: { readonly offset: number; readonly end: number },
): AsyncGenerator<Uint8Array> {
  for (let at = offset; at < end; at += WINDOW_BYTES) yield await served.store.readRange(kind, id, at, Math.min(WINDOW_BYTES, end - at), { signal });
}

/** The whole item, whose length was promised. @throws StoreError it has another length by now */
export async function* wholeOf({ served, signal }: Job, { kind, id }: Item, sizeBytes: number): AsyncGenerator<Uint8Array> {
  let lengthBytes = 0;
  for await (const piece of served.store.read(kind, id, { signal })) {
    lengthBytes += piece.length;
    if (lengthBytes > sizeBytes) break;
    yield piece;
  }
  if (lengthBytes !== sizeBytes) throw new StoreError(`${kind} ${id} changed while it was read`, { retryable: true });
}
