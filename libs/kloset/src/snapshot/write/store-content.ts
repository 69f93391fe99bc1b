import { type Mac, nameBytes } from '@wardrobe/kloset-model';
import { contentEntropy, entropyOfBytes } from '../../chunking/entropy.js';
import type { Chunker } from '../../chunking/chunker.js';
import { encode } from '../../codec/codec.js';
import { V1_0_0 } from '../../codec/version.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import { object } from '../../format/snapshot-object.js';
import type { BlobSink } from '../../repository/writer-types.js';
import type { StoredContent } from './types.js';

export type StoreContentOptions = {
  readonly chunker: Pick<Chunker, 'cut' | 'rule'>;
  /** From the first chunk, or known beforehand. */
  readonly contentType: string | ((firstChunk: Uint8Array) => string);
  /** Packed listings have none. @source 02-snapshot 4.3 */
  readonly entropy: 'measured' | 'none';
  /** Memory that contents stored one after the other share. */
  readonly room?: ContentRoom;
};

/** Where a content waits to be cut; as large as the largest so far has needed. */
export class ContentRoom {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(FIRST_ROOM_BYTES);
}

const FIRST_ROOM_BYTES = 64 << 10;

/** Takes a content in pieces of any size; holds at most two of the largest chunks. */
export interface ContentSink {
  push(bytes: Uint8Array): void;
  /** Stores what is left, and the object. */
  finish(): StoredContent;
}

/** A content in memory: its chunks and its object. An empty one has one empty chunk. @source 02-snapshot 4 */
export function storeContent(sink: BlobSink, bytes: Uint8Array, options: StoreContentOptions): StoredContent {
  const content = contentSink(sink, options);
  content.push(bytes);
  return content.finish();
}

type ChunkRecord = { readonly version: number; readonly contentMAC: Mac; readonly length: number; readonly entropy: number; readonly flags: number };

export function contentSink(sink: BlobSink, options: StoreContentOptions): ContentSink {
  const { chunker } = options;
  const chunks: ChunkRecord[] = [];
  const whole = wholeMac(sink);
  const room = options.room ?? new ContentRoom();
  const limitBytes = chunker.rule.maxSize * 2;
  let used = 0;
  let sizeBytes = 0;
  let contentType: string | null = null;

  /** `bytes` may be a view: nobody keeps it. */
  function putChunk(bytes: Uint8Array, isOnly: boolean): void {
    contentType ??= typeof options.contentType === 'string' ? options.contentType : options.contentType(bytes);
    const contentMAC = sink.put(SNAPSHOT_BLOB.chunk, bytes);
    whole.update(bytes, { mac: contentMAC, isOnly });
    chunks.push({ version: V1_0_0, contentMAC, length: bytes.length, entropy: options.entropy === 'none' ? 0 : entropyOfBytes(bytes), flags: 0 });
    sizeBytes += bytes.length;
  }

  /** Chunks while their end is certain; with `isLast` all of them. */
  function drain(isLast: boolean): void {
    const { bytes } = room;
    let at = 0;
    while (isLast ? at < used : used - at >= chunker.rule.maxSize) {
      const length = chunker.cut(bytes.subarray(at, Math.min(used, at + chunker.rule.maxSize)), isLast);
      putChunk(bytes.subarray(at, at + length), isLast && chunks.length === 0 && length === used);
      at += length;
    }
    bytes.copyWithin(0, at, used);
    used -= at;
  }

  return {
    push(bytes) {
      for (let from = 0; from < bytes.length; ) {
        room.bytes = withRoom(room.bytes, used, { neededBytes: used + bytes.length - from, limitBytes });
        const taken = Math.min(bytes.length - from, Math.min(room.bytes.length, limitBytes) - used);
        room.bytes.set(bytes.subarray(from, from + taken), used);
        from += taken;
        used += taken;
        if (used === limitBytes) drain(false);
      }
    },
    finish() {
      drain(true);
      if (chunks.length === 0) putChunk(new Uint8Array(0), true);
      const entropy = options.entropy === 'none' ? 0 : contentEntropy(chunks.map((chunk) => ({ entropy: chunk.entropy, lengthBytes: chunk.length })));
      const type = contentType ?? '';
      const record = { version: V1_0_0, contentMAC: whole.digest(), chunks, content_type: nameBytes(type), entropy, flags: 0 };
      return { object: sink.put(SNAPSHOT_BLOB.object, encode(object, record)), sizeBytes, chunks: chunks.length, entropy, contentType: type };
    },
  };
}

/** The MAC of a content; that of a single chunk is the chunk's own. */
function wholeMac(sink: BlobSink): { update(chunk: Uint8Array, is: { readonly mac: Mac; readonly isOnly: boolean }): void; digest(): Mac } {
  let only: Mac | null = null;
  let hash: ReturnType<BlobSink['createMac']> | null = null;
  return {
    update(bytes, { mac, isOnly }) {
      if (isOnly) {
        only = mac;
        return;
      }
      hash ??= sink.createMac();
      hash.update(bytes);
    },
    digest: () => only ?? (hash ?? sink.createMac()).digest(),
  };
}

function withRoom(room: Uint8Array<ArrayBuffer>, used: number, size: { readonly neededBytes: number; readonly limitBytes: number }): Uint8Array<ArrayBuffer> {
  const lengthBytes = Math.min(size.limitBytes, Math.max(size.neededBytes, room.length * 2));
  if (room.length >= Math.min(size.neededBytes, size.limitBytes)) return room;
  const larger = new Uint8Array(lengthBytes);
  larger.set(room.subarray(0, used));
  return larger;
}
