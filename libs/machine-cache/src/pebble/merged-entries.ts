import { latin1 } from '../byte-reader.js';
import { damaged, unsupported } from '../cache-error.js';

/** Kinds of entries that a log or table may hold. @source 03 A5 */
export const KIND = { delete: 0, set: 1, merge: 2, logData: 3, singleDelete: 7, rangeDelete: 15, separator: 17, setWithDelete: 18, sizedDelete: 23 } as const;

const ENTRY_LIMIT = 20_000_000;

/** One entry of a log or table. `value` may be a view: what is kept is copied. */
export type Entry = { readonly kind: number; readonly key: Uint8Array; readonly value: Uint8Array; readonly sequence: number };

type Winner = { sequence: number; value: Uint8Array | null };
type RangeDelete = { readonly start: string; readonly end: string; readonly sequence: number };

/**
 * The newest entry of each key over all live logs and tables, in whatever order they are added.
 * With `wanted`, only keys that begin with one of these prefixes are kept.
 */
export class MergedEntries {
  readonly #winners = new Map<string, Winner>();
  readonly #rangeDeletes: RangeDelete[] = [];
  readonly #wanted: readonly Uint8Array[] | null;
  readonly #known: readonly Uint8Array[];
  /** Entries whose key begins with no known prefix, among the blocks that were read. */
  ignored = 0;

  /** `known`: prefixes that are not counted as ignored although they are not wanted. */
  constructor(wanted: readonly string[] | null, known: readonly string[] = []) {
    this.#wanted = wanted?.map((prefix) => Buffer.from(prefix, 'latin1')) ?? null;
    this.#known = known.map((prefix) => Buffer.from(prefix, 'latin1'));
  }

  /** @throws CacheReadError a kind that plakar never writes and this reader does not know */
  add(entry: Entry): void {
    const { kind, sequence } = entry;
    if (kind === KIND.rangeDelete) {
      this.#rangeDeletes.push({ start: latin1(entry.key), end: latin1(entry.value), sequence });
      return;
    }
    const isSet = kind === KIND.set || kind === KIND.setWithDelete;
    if (!isSet && kind !== KIND.delete && kind !== KIND.singleDelete && kind !== KIND.sizedDelete) throw unsupported(`unsupported entry of kind ${kind}`);
    if (this.#wanted !== null && !beginsWithOne(entry.key, this.#wanted)) {
      if (!beginsWithOne(entry.key, this.#known)) this.ignored++;
      return;
    }
    const key = latin1(entry.key);
    const winner = this.#winners.get(key);
    if (winner !== undefined && winner.sequence >= sequence) return;
    const value = isSet ? Uint8Array.from(entry.value) : null;
    if (winner === undefined) {
      if (this.#winners.size >= ENTRY_LIMIT) throw damaged(`more than ${ENTRY_LIMIT} keys`);
      this.#winners.set(key, { sequence, value });
    } else {
      winner.sequence = sequence;
      winner.value = value;
    }
  }

  /** Whether a set is newer than everything known of its key. */
  isBehind(entry: Entry): boolean {
    if (entry.kind !== KIND.set && entry.kind !== KIND.setWithDelete) return false;
    if (this.#wanted !== null && !beginsWithOne(entry.key, this.#wanted)) return false;
    return (this.#winners.get(latin1(entry.key))?.sequence ?? -1) < entry.sequence;
  }

  /** Keys that exist, in byte order, with their values. */
  finish(): Map<string, Uint8Array> {
    const keys = [...this.#winners.keys()].sort();
    const coveredBy = this.#coveringSequences(keys);
    const live = new Map<string, Uint8Array>();
    keys.forEach((key, index) => {
      const winner = this.#winners.get(key);
      if (winner?.value && winner.sequence >= (coveredBy?.[index] ?? -1)) live.set(key, winner.value);
    });
    return live;
  }

  /** Per key the highest sequence of a range delete over it, or -1. Newest range first, each key written once. */
  #coveringSequences(keys: readonly string[]): Float64Array | null {
    if (this.#rangeDeletes.length === 0) return null;
    const highest = new Float64Array(keys.length).fill(-1);
    const next = Int32Array.from({ length: keys.length + 1 }, (_, index) => index);
    const firstFree = (from: number): number => {
      let root = from;
      while (next[root] !== root) root = next[root] ?? keys.length;
      for (let at = from; at !== root; ) {
        const after = next[at] ?? root;
        next[at] = root;
        at = after;
      }
      return root;
    };
    for (const range of this.#rangeDeletes.toSorted((left, right) => right.sequence - left.sequence)) {
      const end = lowerBound(keys, range.end);
      for (let at = firstFree(lowerBound(keys, range.start)); at < end; at = firstFree(at + 1)) {
        highest[at] = range.sequence;
        next[at] = at + 1;
      }
    }
    return highest;
  }
}

function beginsWithOne(key: Uint8Array, prefixes: readonly Uint8Array[]): boolean {
  return prefixes.some((prefix) => key.length >= prefix.length && prefix.every((byte, index) => key[index] === byte));
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
