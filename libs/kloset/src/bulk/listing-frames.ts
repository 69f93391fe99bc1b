import { concatBytes } from '../bytes/bytes.js';
import { DIRPACK_DIRECTORY, DIRPACK_MAX_FRAME_BYTES, DIRPACK_OTHER } from '../format/snapshot-dirpack.js';
import type { ListingDigest } from './listing-digest.js';

const MAC_BYTES = 32;
const FRAME_HEAD_BYTES = 5;

type Prover = { proves(bytes: Uint8Array, mac: Uint8Array): boolean };

/** Frames of one packed listing, chunk after chunk, added to a digest: each payload is proven by the MAC that follows it. @source 02-snapshot 2.5 */
export class ListingFrames {
  readonly #prover: Prover;
  readonly #digest: ListingDigest;
  /** The beginning of a frame that goes on in the next chunk. */
  #carry: Uint8Array = new Uint8Array(0);

  constructor(prover: Prover, digest: ListingDigest) {
    this.#prover = prover;
    this.#digest = digest;
    digest.start();
  }

  /** Whether it ended with a frame. */
  get isWhole(): boolean {
    return this.#carry.length === 0;
  }

  /** False: something that is no frame, or not the one that its MAC says. */
  take(chunk: Uint8Array): boolean {
    const bytes = this.#carry.length === 0 ? chunk : concatBytes([this.#carry, chunk]);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    while (bytes.length - at >= FRAME_HEAD_BYTES) {
      const kind = view.getUint8(at);
      const lengthBytes = view.getUint32(at + 1, true);
      if ((kind !== DIRPACK_DIRECTORY && kind !== DIRPACK_OTHER) || lengthBytes <= MAC_BYTES || lengthBytes > DIRPACK_MAX_FRAME_BYTES) return false;
      const end = at + FRAME_HEAD_BYTES + lengthBytes;
      if (end > bytes.length) break;
      const mac = bytes.subarray(end - MAC_BYTES, end);
      if (!this.#prover.proves(bytes.subarray(at + FRAME_HEAD_BYTES, end - MAC_BYTES), mac)) return false;
      this.#digest.add(mac, kind === DIRPACK_DIRECTORY);
      at = end;
    }
    this.#carry = bytes.slice(at);
    return true;
  }
}
