import type { Mac } from '@wardrobe/kloset-model';
import { sharedMemory } from '@wardrobe/kernel';
import { asBuffer } from '../../bytes/bytes.js';

const TYPE = 0;
const LENGTH = 4;
const ID = 8;
const ID_BYTES = 32;
/** Before each blob: u32 type, u32 length, its id. */
export const BATCH_HEAD_BYTES = ID + ID_BYTES;

/** Blobs one behind the other in memory that two threads see, with their ids. One thread fills it, another goes through it, in turns. */
export class BlobBatch {
  readonly memory: SharedArrayBuffer;
  readonly #bytes: Buffer;
  #filled = 0;

  constructor(capacityBytes: number) {
    this.memory = sharedMemory(capacityBytes);
    this.#bytes = asBuffer(new Uint8Array(this.memory));
  }

  get lengthBytes(): number {
    return this.#filled;
  }

  hasRoom(lengthBytes: number): boolean {
    return this.#filled + BATCH_HEAD_BYTES + lengthBytes <= this.#bytes.length;
  }

  add(type: number, id: Mac, bytes: Uint8Array): void {
    const start = this.#filled;
    this.#bytes.writeUInt32LE(type, start + TYPE);
    this.#bytes.writeUInt32LE(bytes.length, start + LENGTH);
    this.#bytes.write(id, start + ID, 'hex');
    this.#bytes.set(bytes, start + BATCH_HEAD_BYTES);
    this.#filled = start + BATCH_HEAD_BYTES + bytes.length;
  }

  clear(): void {
    this.#filled = 0;
  }
}

/** Visits the blobs of a batch: where in `bytes` each and its id begin. */
export function eachInBatch(
  bytes: Uint8Array,
  range: { readonly start: number; readonly lengthBytes: number },
  visit: (type: number, blob: { readonly input: number; readonly lengthBytes: number; readonly mac: number }) => void,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = range.start + range.lengthBytes;
  for (let at = range.start; at < end; ) {
    const lengthBytes = view.getUint32(at + LENGTH, true);
    visit(view.getUint32(at + TYPE, true), { input: at + BATCH_HEAD_BYTES, lengthBytes, mac: at + ID });
    at += BATCH_HEAD_BYTES + lengthBytes;
  }
}
