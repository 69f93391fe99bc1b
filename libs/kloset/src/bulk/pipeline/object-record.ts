import { nameBytes } from '@wardrobe/kloset-model';
import { concatBytes, macFromBytes } from '../../bytes/bytes.js';
import { encode } from '../../codec/codec.js';
import { V1_0_0 } from '../../codec/version.js';
import { chunk, object } from '../../format/snapshot-object.js';

const MARK = new Uint8Array(32).fill(0xa7);
const MARK_MAC = macFromBytes(MARK);
const FIRST_CHUNKS = 4;

/** Bytes of records that differ in a few fields only: made once by the format's own encoder, fields of fixed width patched in place. */
const CHUNK_TEMPLATE = encode(chunk, { version: V1_0_0, contentMAC: MARK_MAC, length: 0, entropy: 0, flags: 0 });
const CHUNK_MAC = Buffer.from(CHUNK_TEMPLATE).indexOf(MARK);
const CHUNK_LENGTH = firstDifference(CHUNK_TEMPLATE, encode(chunk, { version: V1_0_0, contentMAC: MARK_MAC, length: 0xff000000, entropy: 0, flags: 0 }));
const CHUNK_ENTROPY = firstDifference(CHUNK_TEMPLATE, encode(chunk, { version: V1_0_0, contentMAC: MARK_MAC, length: 0, entropy: 1, flags: 0 }));

/** Everything of an object but its chunks, for one content type. `list` is where the list of chunks begins, `entropy` where that number lies behind it, or null. */
type Frame = { readonly head: Uint8Array; readonly mac: number; readonly tail: Uint8Array; readonly entropy: number | null };

const frames = new Map<string, Frame>();
const MAX_FRAMES = 1000;

/** Collects the chunks of one content as the bytes of its object record. Used again for the next content by `clear`. @source 02-snapshot 4 */
export class ObjectRecord {
  #bytes = new Uint8Array(FIRST_CHUNKS * CHUNK_TEMPLATE.length);
  #view = new DataView(this.#bytes.buffer);
  #count = 0;
  #sizeBytes = 0;
  #weighted = 0;

  get chunks(): number {
    return this.#count;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Bits per byte. @source 02-snapshot 4.3 */
  get entropy(): number {
    return this.#sizeBytes === 0 ? 0 : this.#weighted / this.#sizeBytes;
  }

  clear(): void {
    this.#count = 0;
    this.#sizeBytes = 0;
    this.#weighted = 0;
  }

  add(mac: Uint8Array, lengthBytes: number, entropy: number): void {
    const start = this.#count * CHUNK_TEMPLATE.length;
    if (start + CHUNK_TEMPLATE.length > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#bytes.set(CHUNK_TEMPLATE, start);
    this.#bytes.set(mac, start + CHUNK_MAC);
    this.#view.setUint32(start + CHUNK_LENGTH, lengthBytes);
    this.#view.setFloat64(start + CHUNK_ENTROPY, entropy);
    this.#count += 1;
    this.#sizeBytes += lengthBytes;
    this.#weighted += entropy * lengthBytes;
  }

  /** The whole record. */
  finish(contentMac: Uint8Array, contentType: string): Uint8Array {
    const { entropy } = this;
    const frame = frameOf(contentType, entropy !== 0);
    const whole = concatBytes([frame.head, listHead(this.#count), this.#bytes.subarray(0, this.#count * CHUNK_TEMPLATE.length), frame.tail]);
    whole.set(contentMac, frame.mac);
    if (frame.entropy !== null) new DataView(whole.buffer).setFloat64(whole.length - frame.tail.length + frame.entropy, entropy);
    return whole;
  }
}

function frameOf(contentType: string, hasEntropy: boolean): Frame {
  const key = `${hasEntropy ? '+' : '-'}${contentType}`;
  const known = frames.get(key);
  if (known !== undefined) return known;
  const record = (chunks: null | [], entropy: number) =>
    encode(object, { version: V1_0_0, contentMAC: MARK_MAC, chunks, content_type: nameBytes(contentType), entropy, flags: 0 });
  const empty = record([], hasEntropy ? 1 : 0);
  const list = firstDifference(empty, record(null, hasEntropy ? 1 : 0));
  const frame = {
    head: empty.slice(0, list),
    mac: Buffer.from(empty).indexOf(MARK),
    tail: empty.slice(list + 1),
    entropy: hasEntropy ? firstDifference(empty, record([], -1)) - list - 1 : null,
  };
  if (frames.size >= MAX_FRAMES) frames.clear();
  frames.set(key, frame);
  return frame;
}

/** The msgpack head of a list. @source 02-snapshot 0.3 */
function listHead(count: number): Uint8Array {
  if (count < 16) return Uint8Array.of(0x90 | count);
  if (count < 0x10000) return Uint8Array.of(0xdc, count >>> 8, count);
  return Uint8Array.of(0xdd, count >>> 24, count >>> 16, count >>> 8, count);
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  return a.findIndex((byte, index) => byte !== b[index]);
}
