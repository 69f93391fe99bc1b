import type { DamagedEntry, Entry, Snapshot } from '@wardrobe/kloset';
import { compareBytes } from '@wardrobe/kloset-model';
import { isDamaged } from '@wardrobe/kloset';

export const SORT_KEYS = ['name', 'size', 'mtime', 'type'] as const;
export type SortKey = (typeof SORT_KEYS)[number];

const TYPES = ['directory', 'file', 'symlink', 'fifo', 'socket', 'device', 'irregular', 'damaged'] as const;

/** Names and sort keys of one directory as flat arrays, in name order: about 30 bytes and the name an entry. */
export class DirectoryIndex {
  private names = new Uint8Array(1 << 14);
  private ends: Float64Array = new Float64Array(1 << 10);
  private sizes: Float64Array = new Float64Array(1 << 10);
  private mtimes: BigInt64Array = new BigInt64Array(1 << 10);
  private types = new Uint8Array(1 << 10);
  private orders = new Map<string, Uint32Array>();
  private used = 0;
  count = 0;
  complete = false;

  add(entry: Entry | DamagedEntry): void {
    this.makeRoom(entry.name.bytes.length);
    this.names.set(entry.name.bytes, this.used);
    this.used += entry.name.bytes.length;
    this.ends[this.count] = this.used;
    this.sizes[this.count] = isDamaged(entry) ? -1 : Number(entry.sizeBytes);
    this.mtimes[this.count] = isDamaged(entry) ? 0n : BigInt.asIntN(64, entry.mtimeNs);
    this.types[this.count] = TYPES.indexOf(isDamaged(entry) ? 'damaged' : entry.type);
    this.count += 1;
  }

  name(index: number): Uint8Array {
    return this.names.subarray(index === 0 ? 0 : (this.ends[index - 1] ?? 0), this.ends[index] ?? 0);
  }

  /** Index of a name, or of the first one after it. */
  find(name: Uint8Array): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareBytes(this.name(middle), name) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Positions in name order, sorted by a key (ties by name), descending with a leading `-`. Kept for later pages. */
  order(sort: string): Uint32Array {
    const known = this.orders.get(sort);
    if (known) return known;
    const order = Uint32Array.from({ length: this.count }, (_, index) => index);
    const descending = sort.startsWith('-');
    const compare = this.comparison(sort.replace('-', ''));
    if (compare) order.sort((a, b) => (descending ? compare(b, a) : compare(a, b)) || a - b);
    else if (descending) order.reverse();
    this.orders.set(sort, order);
    return order;
  }

  /** Positions whose name fits the text (see `nameMatcher`), in the order of `order`. */
  filtered(order: Uint32Array, text: string): Uint32Array {
    const fits = nameMatcher(text);
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
    return order.filter((index) => fits(decoder.decode(this.name(index))));
  }

  private comparison(key: string): ((a: number, b: number) => number) | null {
    const { sizes, mtimes, types } = this;
    if (key === 'size') return (a, b) => (sizes[a] ?? 0) - (sizes[b] ?? 0);
    if (key === 'mtime') return (a, b) => ((mtimes[a] ?? 0n) < (mtimes[b] ?? 0n) ? -1 : (mtimes[a] ?? 0n) > (mtimes[b] ?? 0n) ? 1 : 0);
    if (key === 'type') return (a, b) => (types[a] ?? 0) - (types[b] ?? 0);
    return null;
  }

  private makeRoom(nameLength: number): void {
    while (this.used + nameLength > this.names.length) this.names = grown(this.names, new Uint8Array(this.names.length * 2));
    if (this.count < this.types.length) return;
    const length = this.types.length * 2;
    this.ends = grown(this.ends, new Float64Array(length));
    this.sizes = grown(this.sizes, new Float64Array(length));
    this.mtimes = grown(this.mtimes, new BigInt64Array(length));
    this.types = grown(this.types, new Uint8Array(length));
  }
}

export type IndexJob = { readonly index: DirectoryIndex; readonly done: Promise<void>; failed: boolean };

/** Reads a whole directory into an index. `index.count` tells how far it is; pages of other work run between the entries. */
export function buildDirectoryIndex(snapshot: Snapshot, path: Uint8Array, signal?: AbortSignal): IndexJob {
  const index = new DirectoryIndex();
  const job: IndexJob = { index, failed: false, done: read() };
  return job;

  async function read(): Promise<void> {
    let pause = performance.now() + 20;
    for await (const entry of snapshot.children(path, { signal })) {
      index.add(entry);
      if (performance.now() < pause) continue;
      await new Promise((resolve) => setImmediate(resolve));
      pause = performance.now() + 20;
    }
    index.complete = true;
  }
}

function grown<A extends Uint8Array | Float64Array | BigInt64Array>(from: A, into: A): A {
  // The three share `set` only with themselves: each call passes two arrays of one kind.
  (into as { set(source: ArrayLike<unknown>): void }).set(from as ArrayLike<unknown>);
  return into;
}

/**
 * Whether a name fits what was typed, upper and lower case alike. Plain text may stand anywhere in the name; with `*` (any characters)
 * or `?` (one character) the pattern describes the whole name. Takes time proportional to name times pattern at worst, whatever was typed.
 */
export function nameMatcher(text: string): (name: string) => boolean {
  const wanted = text.toLowerCase();
  if (!/[*?]/.test(wanted)) return (name) => name.toLowerCase().includes(wanted);
  const pattern = [...wanted];
  return (name) => fitsPattern([...name.toLowerCase()], pattern);
}

/** The last `*` takes one more character whenever the rest does not fit. */
function fitsPattern(name: readonly string[], pattern: readonly string[]): boolean {
  let at = 0;
  let from = 0;
  let star = -1;
  let starFrom = 0;
  while (from < name.length) {
    if (pattern[at] === '*') {
      star = at++;
      starFrom = from;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === name[from])) {
      at++;
      from++;
    } else if (star >= 0) {
      at = star + 1;
      from = ++starFrom;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
