/** A small seeded generator (mulberry32): the same seed gives the same numbers everywhere. */
export type SeededRandom = {
  readonly seed: number;
  /** In [0, 1). */
  next(): number;
  /** Integer in [0, below). */
  below(below: number): number;
  bytes(lengthBytes: number): Uint8Array;
  /** 64 hex digits. */
  hex64(): string;
  pick<T>(items: readonly T[]): T;
  shuffle<T>(items: readonly T[]): T[];
};

export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }
  const below = (limit: number) => Math.floor(next() * limit);
  const bytes = (lengthBytes: number) => Uint8Array.from({ length: lengthBytes }, () => below(256));
  return {
    seed,
    next,
    below,
    bytes,
    hex64: () => Buffer.from(bytes(32)).toString('hex'),
    pick: <T>(items: readonly T[]) => items[below(items.length)] as T,
    shuffle: (items) => shuffled(items, below),
  };
}

function shuffled<T>(items: readonly T[], below: (limit: number) => number): T[] {
  const copy = [...items];
  for (let index = copy.length - 1; index > 0; index -= 1) {
    const other = below(index + 1);
    [copy[index], copy[other]] = [copy[other] as T, copy[index] as T];
  }
  return copy;
}
