import { seededRandom, type SeededRandom } from '@wardrobe/testing';
import { KlosetError } from '../src/errors/errors.js';

/** A parser of untrusted bytes, and sound inputs to start from. It may return anything, and may throw only expected errors. */
export type FuzzTarget = { readonly name: string; readonly corpus: readonly Uint8Array[]; parse(bytes: Uint8Array): unknown };
export type FuzzResult = { readonly runs: number; readonly accepted: number; readonly slowestMs: number };

/** No input of up to 1 MiB may keep a parser longer. */
const LIMIT_MS = 1000;
/** Between two looks at the clock. */
const RUNS_BETWEEN = 50;

/** Numbers that lengths and counts trip over. */
const EVIL = [0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];

/**
 * Feeds mutated inputs to a parser for `forMs`. The same seed gives the same inputs in the same order.
 * @throws Error naming seed and run when the parser throws something unexpected or takes too long
 */
export function fuzz(target: FuzzTarget, options: { readonly seed: number; readonly forMs: number }): FuzzResult {
  const random = seededRandom(options.seed);
  const until = performance.now() + options.forMs;
  const result = { runs: 0, accepted: 0, slowestMs: 0 };
  while (performance.now() < until) {
    for (let run = 0; run < RUNS_BETWEEN; run += 1) {
      const input = mutate(random, target.corpus);
      const started = performance.now();
      if (survives(target, input, `seed ${options.seed}, run ${result.runs}`)) result.accepted += 1;
      const tookMs = performance.now() - started;
      result.slowestMs = Math.max(result.slowestMs, tookMs);
      result.runs += 1;
      if (tookMs > LIMIT_MS)
        throw new Error(`${target.name}: ${Math.round(tookMs)} ms for ${input.length} bytes (seed ${options.seed}, run ${result.runs - 1})`);
    }
  }
  return result;
}

function survives(target: FuzzTarget, input: Uint8Array, where: string): boolean {
  try {
    target.parse(input);
    return true;
  } catch (error) {
    if (error instanceof KlosetError) return false;
    throw new Error(`${target.name}: unexpected failure (${where}): ${Buffer.from(input.subarray(0, 200)).toString('hex')}`, { cause: error });
  }
}

function mutate(random: SeededRandom, corpus: readonly Uint8Array[]): Uint8Array {
  let bytes: Uint8Array = random.pick(corpus).slice();
  for (let step = random.below(4); step >= 0; step -= 1) bytes = mutateOnce(random, bytes, corpus);
  return bytes;
}

function mutateOnce(random: SeededRandom, bytes: Uint8Array, corpus: readonly Uint8Array[]): Uint8Array {
  const at = random.below(bytes.length + 1);
  switch (random.below(7)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return splice(bytes, { at, drop: random.below(16), put: new Uint8Array(0) });
    case 2:
      return splice(bytes, { at, drop: 0, put: random.bytes(random.below(16)) });
    case 3: {
      const other = random.pick(corpus);
      const from = random.below(other.length + 1);
      return splice(bytes, { at, drop: random.below(64), put: other.subarray(from, from + random.below(64)) });
    }
    case 4: {
      const number = new Uint8Array(4);
      new DataView(number.buffer).setUint32(0, random.pick(EVIL), random.below(2) === 0);
      return splice(bytes, { at, drop: 4, put: number });
    }
    default: {
      if (bytes.length === 0) return bytes;
      const place = at % bytes.length;
      bytes[place] = random.below(2) === 0 ? random.below(256) : (bytes[place] as number) ^ (1 << random.below(8));
      return bytes;
    }
  }
}

function splice(bytes: Uint8Array, change: { readonly at: number; readonly drop: number; readonly put: Uint8Array }): Uint8Array {
  const spliced = new Uint8Array(Math.max(change.at, bytes.length - change.drop) + change.put.length);
  spliced.set(bytes.subarray(0, change.at));
  spliced.set(change.put, change.at);
  const rest = bytes.subarray(change.at + change.drop);
  spliced.set(rest, change.at + change.put.length);
  return spliced.subarray(0, change.at + change.put.length + rest.length);
}
