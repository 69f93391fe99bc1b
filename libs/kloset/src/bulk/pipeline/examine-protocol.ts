import type { ReadItems } from './read-protocol.js';

/**
 * Blobs to be examined where they are opened, so that only what they refer to comes back. A verdict is "plainly fine" or nothing: whatever is not plainly fine
 * is looked at again, and put into words, by whoever asks.
 *
 * - `entries`: one item each. `more`: the paths at which they stand, one after the other; the length of each is the item's `plainBytes`. Answer: ENTRY_VERDICT.
 * - `objects`: one item each. Answer: OBJECT_VERDICT, and behind all of them their chunks (CHUNK_CLAIM) one after the other.
 * - `contents`: one item a chunk, `plainBytes` its length. `more`: CONTENT_CLAIM for each content. Answer: one byte each, 1 where all is proven.
 * - `listings`: the same for packed listings. Answer: LISTING_VERDICT.
 */
export type ExamineRequest = ReadItems & {
  readonly kind: 'examine';
  readonly what: 'entries' | 'objects' | 'contents' | 'listings';
  readonly more: ArrayBuffer;
};

export const ENTRY_VERDICT = { sizeBytes: 33, status: 0, object: 1 } as const;
/** Of an entry: it is fine, it has a content, it is a directory. */
export const ENTRY_IS = { fine: 1, filled: 2, directory: 4 } as const;
/** `chunks` 0: not plainly fine. */
export const OBJECT_VERDICT = { sizeBytes: 36, chunks: 0, contentMac: 4 } as const;
export const CHUNK_CLAIM = { sizeBytes: 36, mac: 0, lengthBytes: 32 } as const;
export const CONTENT_CLAIM = { sizeBytes: 36, chunks: 0, contentMac: 4 } as const;
/** `status` 1: content and frames are proven; `digest`: over its children (`ListingDigest`). */
export const LISTING_VERDICT = { sizeBytes: 33, status: 0, digest: 1 } as const;
