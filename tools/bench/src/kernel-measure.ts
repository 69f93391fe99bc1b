import { createCipheriv, createHash } from 'node:crypto';

export interface PairInput {
  readonly name: string;
  readonly peer: string;
  /** Content of one call. */
  readonly bytes: number;
  readonly ours: () => unknown;
  readonly other: () => unknown;
}

export interface Pair {
  readonly name: string;
  readonly peer: string;
  readonly oursMBs: number;
  readonly oursMicros: number;
  readonly otherMBs: number;
  /** How many times as fast as the peer: the median of the ratios of the turns. */
  readonly ratio: number;
}

const turns = 7;
const turnMs = 25;

/** Medians of several turns; the two sides take turns so that what else the machine does meets both. */
export function measurePair({ name, peer, bytes, ours, other }: PairInput): Pair {
  const repeats = { ours: repeatsFor(ours), other: repeatsFor(other) };
  const micros: { ours: number[]; other: number[] } = { ours: [], other: [] };
  const ratios: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const a = timed(ours, repeats.ours);
    const b = timed(other, repeats.other);
    micros.ours.push(a);
    micros.other.push(b);
    ratios.push(b / a);
  }
  const oursMicros = median(micros.ours);
  return { name, peer, oursMBs: bytes / oursMicros, oursMicros, otherMBs: bytes / median(micros.other), ratio: median(ratios) };
}

/** Warms the call up and finds how often it fits into a turn. */
function repeatsFor(call: () => unknown): number {
  const start = performance.now();
  let count = 0;
  while (performance.now() - start < turnMs * 2) {
    call();
    count++;
  }
  return Math.max(1, Math.round(count / 2));
}

/** Microseconds a call. */
function timed(call: () => unknown, repeats: number): number {
  const start = performance.now();
  for (let i = 0; i < repeats; i++) call();
  return ((performance.now() - start) * 1000) / repeats;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** The same bytes for the same seed, everywhere. */
export function seededBytes(seed: string, length: number): Uint8Array {
  return new Uint8Array(createCipheriv('aes-256-ctr', createHash('sha256').update(seed).digest(), Buffer.alloc(16)).update(Buffer.alloc(length)));
}

/** Lines of words from a skewed vocabulary of 4096: LZ4 takes it to a little over half. */
export function seededText(seed: string, length: number): Uint8Array {
  const letters = seededBytes(`${seed} words`, 40960);
  const words = Array.from({ length: 4096 }, (_, i) => String.fromCharCode(...letters.subarray(i * 10, i * 10 + 3 + (i % 8)).map((byte) => 97 + (byte % 26))));
  const picks = new DataView(seededBytes(`${seed} picks`, length * 2).buffer);
  const out = Buffer.alloc(length);
  for (let at = 0, i = 0; at < length; i += 2) {
    const pick = picks.getUint16(i, true);
    at += out.write(`${words[((pick * pick) >>> 20) & 4095]}${pick % 11 === 0 ? '\n' : ' '}`, at, 'latin1');
  }
  return new Uint8Array(out);
}
