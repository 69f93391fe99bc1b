import { concatBytes } from '../bytes/bytes.js';
import { WordReader } from '../codec/word-reader.js';
import { ENTRY_TYPE } from '../format/state.js';

/** Bytes of a state stream in one piece, from `offset` of the stream on. `rest`: the metadata and what follows it, or an entry that was cut off. */
export type Run = { readonly part: 'head' | 'entries' | 'rest'; readonly bytes: Uint8Array; readonly offset: number };

/** Type and length of an entry. */
export const ENTRY_HEAD_BYTES = 5;

/**
 * Cuts a state stream that comes in pieces into runs: first its first `headBytes` bytes, then runs of whole entries, then what is left. Each is good until the
 * next one. @source 01-store 5.1
 */
export function* entryRuns(pieces: Iterable<Uint8Array>, headBytes: number): Generator<Run> {
  const begun = new Begun(headBytes);
  let offset = 0;
  let part: Run['part'] = 'head';
  const next = (bytes: Uint8Array): Run => {
    const run = { part, bytes, offset };
    offset += bytes.length;
    part = 'entries';
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
  // A stream that ends within its head.
  if (part === 'head') yield next(begun.give());
  part = 'rest';
  yield next(begun.give());
}

/** Where the last whole entry ends that begins at `from` or later, before the metadata. */
function wholeUntil(bytes: Uint8Array, from: number): number {
  const words = new WordReader(bytes);
  let at = from;
  for (;;) {
    if (at + ENTRY_HEAD_BYTES > bytes.length || bytes[at] === ENTRY_TYPE.metadata) return at;
    const end = at + ENTRY_HEAD_BYTES + words.u32(at + 1);
    if (end > bytes.length) return at;
    at = end;
  }
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
    else if (head.length === ENTRY_HEAD_BYTES) this.#wanted += new WordReader(head).u32(1);
  }
}
