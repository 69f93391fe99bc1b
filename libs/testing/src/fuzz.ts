import type { SeededRandom } from './random.js';

/** A parser under test: real bytes to start from, and what reads them. */
export type FuzzTarget = {
  readonly name: string;
  /** Inputs that are read without an error, each of at most 1 MiB. */
  readonly seeds: readonly Uint8Array[];
  readonly parse: (bytes: Uint8Array) => unknown;
  /** Makes a mutated input pass the checks in front of the parser (footer, checksum), so that the parser itself is reached. */
  readonly repair?: ((bytes: Uint8Array) => Uint8Array) | undefined;
};

export type FuzzLimits = {
  readonly random: SeededRandom;
  /** Time for this target. */
  readonly forMs: number;
  /** Failures that a parser may answer with. */
  readonly isExpected: (error: unknown) => boolean;
  /** Longest time for one input; default 1 s. */
  readonly inputMs?: number;
  /** Most memory one input may take; default 64 MiB. */
  readonly inputBytes?: number;
};

export type FuzzReport = { readonly name: string; inputs: number; read: number; refused: number; slowestMs: number; largestBytes: number };

export const FUZZ_INPUT_BYTES = 1 << 20;

/**
 * Gives mutated inputs to a parser until its time is over. Repeats with the same seed.
 * @throws Error the parser answered with something unexpected, took too long or too much memory; the message holds the input
 */
export async function fuzz(target: FuzzTarget, limits: FuzzLimits): Promise<FuzzReport> {
  const { random } = limits;
  const report: FuzzReport = { name: target.name, inputs: 0, read: 0, refused: 0, slowestMs: 0, largestBytes: 0 };
  for (const seed of target.seeds) await feed(target, { bytes: seed, limits, report, mustRead: true });
  const endMs = performance.now() + limits.forMs;
  while (performance.now() < endMs) {
    const mutated = mutate(random.pick(target.seeds), random, target.seeds);
    await feed(target, { bytes: target.repair?.(mutated) ?? mutated, limits, report, mustRead: false });
  }
  return report;
}

type Feed = { readonly bytes: Uint8Array; readonly limits: FuzzLimits; readonly report: FuzzReport; readonly mustRead: boolean };

async function feed(target: FuzzTarget, { bytes, limits, report, mustRead }: Feed): Promise<void> {
  const { inputMs = 1000, inputBytes = 64 << 20 } = limits;
  const first = await measureInput(target.parse, bytes);
  report.inputs += 1;
  if (first.error === undefined) report.read += 1;
  else report.refused += 1;
  const fail = (why: string): never => {
    const about = `seed ${limits.random.seed}, input ${report.inputs}, ${bytes.length} bytes: ${Buffer.from(bytes.subarray(0, 3000)).toString('base64')}`;
    throw new Error(`${target.name}: ${why} (${about})`, { cause: first.error });
  };
  if (first.error !== undefined && mustRead) fail('a sound input is refused');
  if (first.error !== undefined && !limits.isExpected(first.error)) fail(`an unexpected failure: ${String(first.error)}`);
  // A pause of the machine or of the garbage collector is none of the parser's doing: what is slow or large must be so twice.
  const second = first.ms > inputMs || first.bytes > inputBytes ? await measureInput(target.parse, bytes) : first;
  const ms = Math.min(first.ms, second.ms);
  const took = Math.min(first.bytes, second.bytes);
  report.slowestMs = Math.max(report.slowestMs, ms);
  report.largestBytes = Math.max(report.largestBytes, took);
  if (ms > inputMs) fail(`took ${Math.round(ms)} ms`);
  if (took > inputBytes) fail(`took ${Math.round(took / (1 << 20))} MiB`);
}

/** Time (by the clock or of the processor, whichever is less) and memory that one input takes, and what the parser threw. */
export async function measureInput(
  parse: FuzzTarget['parse'],
  bytes: Uint8Array,
): Promise<{ readonly error: unknown; readonly ms: number; readonly bytes: number }> {
  const before = memory();
  const startedMs = performance.now();
  const startedCpu = process.cpuUsage();
  let error: unknown;
  try {
    await parse(bytes);
  } catch (failure) {
    error = failure ?? new Error('nothing was thrown as an error');
  }
  const { user, system } = process.cpuUsage(startedCpu);
  // On a machine that does other things too, the clock says little about the parser.
  const ms = Math.min(performance.now() - startedMs, (user + system) / 1000);
  const after = memory();
  // What is held or not yet collected, or, when it was freed again meanwhile, how far the process's peak rose.
  return { error, ms, bytes: Math.max(after.held - before.held, after.peak - before.peak, 0) };
}

function memory(): { readonly held: number; readonly peak: number } {
  const { heapUsed, external } = process.memoryUsage();
  return { held: heapUsed + external, peak: process.resourceUsage().maxRSS * 1024 };
}

/** One to four changes of the kinds that break parsers; never longer than 1 MiB. */
export function mutate(seed: Uint8Array, random: SeededRandom, others: readonly Uint8Array[] = [seed]): Uint8Array {
  let bytes: Uint8Array = Uint8Array.from(seed);
  for (let count = 1 + random.below(4); count > 0; count -= 1) bytes = random.pick(MUTATIONS)(bytes, random, others);
  return bytes.subarray(0, FUZZ_INPUT_BYTES);
}

type Mutation = (bytes: Uint8Array, random: SeededRandom, others: readonly Uint8Array[]) => Uint8Array;

const EXTREMES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x00ff_ffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];
/** Heads of msgpack values that announce much: str32, bin32, array32, map32, ext32, and the 16-bit ones; varints that do not end. */
const ANNOUNCEMENTS = [0xdb, 0xc6, 0xdd, 0xdf, 0xc9, 0xda, 0xc5, 0xdc, 0xde, 0xc8];

const flipBit: Mutation = (bytes, random) => change(bytes, random, (at) => (bytes[at] = (bytes[at] as number) ^ (1 << random.below(8))));
const setByte: Mutation = (bytes, random) => change(bytes, random, (at) => (bytes[at] = random.pick([0, 1, 0x7f, 0x80, 0xc0, 0xff, random.below(256)])));

const setNumber: Mutation = (bytes, random) => {
  const width = random.pick([2, 4, 8]);
  if (bytes.length < width) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = random.below(bytes.length - width + 1);
  const value = random.below(3) === 0 ? Math.max(0, bytes.length + random.below(17) - 8) : random.pick(EXTREMES);
  const little = random.below(2) === 0;
  if (width === 2) view.setUint16(at, value & 0xffff, little);
  else if (width === 4) view.setUint32(at, value, little);
  else view.setBigUint64(at, random.below(2) === 0 ? BigInt(value) : 0xffff_ffff_ffff_ffffn - BigInt(value), little);
  return bytes;
};

const announce: Mutation = (bytes, random) =>
  change(bytes, random, (at) => {
    bytes[at] = random.pick(ANNOUNCEMENTS);
    bytes.fill(random.pick([0xff, 0x7f, 0x00]), at + 1, Math.min(bytes.length, at + 5));
  });

const truncate: Mutation = (bytes, random) => bytes.slice(0, random.below(bytes.length + 1));

const splice: Mutation = (bytes, random, others) => {
  const from = random.pick(others);
  const start = random.below(from.length + 1);
  const piece = from.subarray(start, start + 1 + random.below(Math.max(1, Math.min(400, from.length))));
  const at = random.below(bytes.length + 1);
  const removed = random.below(2) === 0 ? piece.length : random.below(40);
  return join(bytes.subarray(0, at), piece, bytes.subarray(Math.min(bytes.length, at + removed)));
};

const duplicate: Mutation = (bytes, random) => {
  const start = random.below(bytes.length + 1);
  const piece = bytes.subarray(start, start + 1 + random.below(200));
  const copies = Array.from({ length: 1 + random.below(random.pick([2, 2, 300])) }, () => piece);
  return join(bytes.subarray(0, start), ...copies, bytes.subarray(start));
};

const zeroRun: Mutation = (bytes, random) => change(bytes, random, (at) => bytes.fill(random.pick([0, 0xff]), at, at + 1 + random.below(64)));

const MUTATIONS: readonly Mutation[] = [flipBit, flipBit, setByte, setNumber, setNumber, announce, truncate, splice, duplicate, zeroRun];

function change(bytes: Uint8Array, random: SeededRandom, edit: (at: number) => void): Uint8Array {
  if (bytes.length > 0) edit(random.below(bytes.length));
  return bytes;
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Seed and time of the fuzz tests: `WARDROBE_SEED`, `WARDROBE_FUZZ_SECONDS` for all targets of one library, ten times as long with `WARDROBE_TEST_LONG=1`. */
export function fuzzSettings(env: NodeJS.ProcessEnv, defaultSeconds: number): { readonly seed: number; readonly totalMs: number } {
  const seconds = Number(env['WARDROBE_FUZZ_SECONDS'] ?? defaultSeconds) * (env['WARDROBE_TEST_LONG'] === '1' ? 10 : 1);
  return { seed: Number(env['WARDROBE_SEED'] ?? 20_261_123), totalMs: seconds * 1000 };
}

export function fuzzLine(report: FuzzReport): string {
  const { name, inputs, read, refused, slowestMs, largestBytes } = report;
  return `  ${name.padEnd(28)} ${String(inputs).padStart(8)} inputs: ${read} read, ${refused} refused; slowest ${slowestMs.toFixed(1)} ms, largest ${(largestBytes / (1 << 20)).toFixed(1)} MiB\n`;
}
