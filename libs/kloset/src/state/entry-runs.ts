import { concatBytes } from '../bytes/bytes.js';
import { ENTRY_TYPE } from '../format/state.js';

/** Bytes of a state stream in one piece, from `offset` of the stream on. `isLast`: the metadata and what follows it, or an entry that was cut off. */
export type Run = { readonly bytes: Uint8Array; readonly offset: number; readonly isLast: boolean };

/** Type and length of an entry. */
export const ENTRY_HEAD_BYTES = 5;

/**
 * Cuts a state stream that comes in pieces into runs: first its first `headBytes` bytes, then runs of whole entries, then what is left. Each is good until the
 * next one. @source 01-store 5.1
 */
export function* entryRuns(pieces: Iterable<Uint8Array>, headBytes: number): Generator<Run> {
  const begun = new Begun(headBytes);
  let offset = 0;
  const next = (bytes: Uint8Array, isLast = false): Run => {
    const run = { bytes, offset, isLast };
    offset += bytes.length;
    return run;
  };
  if (headBytes === 0) yield next(new Uint8Array(0));
  for (const piece of pieces) {
    let at = 0;
    while (begun.wantsMore && at < piece.length) {
      at += begun.take(piece.subarray(at));
      if (!begun.wantsMore) yield next(begun.give());
    }
    if (begun.wantsMore) continue;
    const end = wholeUntil(piece, at);
    if (end > at) yield next(piece.subarray(at, end));
    begun.begin(piece.subarray(end));
  }
  yield next(begun.give(), true);
}

/** Where the last whole entry ends that begins at `from` or later, before the metadata. */
function wholeUntil(bytes: Uint8Array, from: number): number {
  let at = from;
  for (;;) {
    if (at + ENTRY_HEAD_BYTES > bytes.length || bytes[at] === ENTRY_TYPE.metadata) return at;
    const end = at + ENTRY_HEAD_BYTES + lengthAt(bytes, at);
    if (end > bytes.length) return at;
    at = end;
  }
}

function lengthAt(entry: Uint8Array, at: number): number {
  return ((entry[at + 1] as number) | ((entry[at + 2] as number) << 8) | ((entry[at + 3] as number) << 16) | ((entry[at + 4] as number) << 24)) >>> 0;
}

/** What began in one piece and ends in a later one: the head of the stream, then one entry at a time. */
class Begun {
  #parts: Uint8Array[] = [];
  #length = 0;
  #wanted: number;

  constructor(headBytes: number) {
    this.#wanted = headBytes;
  }

  get wantsMore(): boolean {
    return this.#length < this.#wanted;
  }

  begin(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#wanted = ENTRY_HEAD_BYTES;
    for (let at = 0; at < bytes.length; ) at += this.take(bytes.subarray(at));
  }

  /** Takes what belongs to it; returns how much that was. */
  take(bytes: Uint8Array): number {
    const part = bytes.slice(0, this.#wanted - this.#length);
    this.#parts.push(part);
    this.#length += part.length;
    if (this.#wanted === ENTRY_HEAD_BYTES && this.#length > 0) this.#look();
    return part.length;
  }

  give(): Uint8Array {
    const whole = concatBytes(this.#parts);
    this.#parts = [];
    this.#length = 0;
    this.#wanted = 0;
    return whole;
  }

  /** The metadata has no length: it is the rest of the stream. */
  #look(): void {
    const head = concatBytes(this.#parts);
    this.#parts = [head];
    if (head[0] === ENTRY_TYPE.metadata) this.#wanted = Number.POSITIVE_INFINITY;
    else if (head.length === ENTRY_HEAD_BYTES) this.#wanted += lengthAt(head, 0);
  }
}
