/**
 * Writes the body of four BLAKE3 compressions side by side (one per 32-bit lane): 7 rounds of 8 mixing steps with the message order
 * of each round folded into constant offsets. AssemblyScript has no macros, and state kept in locals needs straight-line code.
 */
const PERMUTATION = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];
const STEPS = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
];

export function unrolledRounds() {
  const lines = [];
  let order = Array.from({ length: 16 }, (_, i) => i);
  for (let round = 0; round < 7; round++) {
    lines.push(`    // round ${round + 1}`);
    for (const half of [0, 4]) {
      const steps = STEPS.slice(half, half + 4).map((registers, i) => ({ registers, x: order[2 * (half + i)], y: order[2 * (half + i) + 1] }));
      for (const {
        registers: [a, b],
        x,
      } of steps)
        lines.push(`    s${a} = i32x4.add(i32x4.add(s${a}, s${b}), v128.load(MESSAGE, ${16 * x}));`);
      for (const {
        registers: [a, , , d],
      } of steps)
        lines.push(`    s${d} = rotate16(v128.xor(s${d}, s${a}));`);
      for (const {
        registers: [, , c, d],
      } of steps)
        lines.push(`    s${c} = i32x4.add(s${c}, s${d});`);
      for (const {
        registers: [, b, c],
      } of steps)
        lines.push(`    s${b} = rotate12(v128.xor(s${b}, s${c}));`);
      for (const {
        registers: [a, b],
        y,
      } of steps)
        lines.push(`    s${a} = i32x4.add(i32x4.add(s${a}, s${b}), v128.load(MESSAGE, ${16 * y}));`);
      for (const {
        registers: [a, , , d],
      } of steps)
        lines.push(`    s${d} = rotate8(v128.xor(s${d}, s${a}));`);
      for (const {
        registers: [, , c, d],
      } of steps)
        lines.push(`    s${c} = i32x4.add(s${c}, s${d});`);
      for (const {
        registers: [, b, c],
      } of steps)
        lines.push(`    s${b} = rotate7(v128.xor(s${b}, s${c}));`);
    }
    order = PERMUTATION.map((from) => order[from]);
  }
  return lines.join('\n');
}

export function blake3LanesSource() {
  const state = Array.from({ length: 8 }, (_, i) => `  let h${i} = v128.load32_splat(key, ${4 * i});`).join('\n');
  const start = [
    ...Array.from({ length: 8 }, (_, i) => `    let s${i} = h${i};`),
    ...[0, 1, 2, 3].map((i) => `    let s${8 + i} = i32x4.splat(IV${i});`),
    '    let s12 = counterLow;',
    '    let s13 = counterHigh;',
    '    let s14 = i32x4.splat(64);',
    '    let s15 = i32x4.splat(blockFlags);',
  ].join('\n');
  const end = Array.from({ length: 8 }, (_, i) => `    h${i} = v128.xor(s${i}, s${i + 8});`).join('\n');
  const load = [0, 16, 32, 48].map((at) => `    transpose(block + ${at}, stride, MESSAGE + ${at * 4});`).join('\n');
  return `// Made by scripts/unroll-blake3.mjs; do not edit.
import { BLAKE3_SCRATCH } from '../layout';
import { IV0, IV1, IV2, IV3, rotate12, rotate16, rotate7, rotate8, storeTransposed, transpose } from '../blake3-words';

const MESSAGE: usize = BLAKE3_SCRATCH;

/**
 * Chaining values of four inputs of \`blocks\` full blocks each, \`stride\` bytes apart; written one after the other to \`out\` (128 bytes).
 * The counter of input i is \`counter + i * counterStep\`.
 */
export function hashFour(input: usize, stride: usize, blocks: i32, key: usize, counter: u64, counterStep: u64, flags: u32, firstFlag: u32, lastFlag: u32, out: usize): void {
${state}
  let counterLow = i32x4.splat(<u32>counter);
  let counterHigh = i32x4.splat(<u32>(counter >> 32));
  if (counterStep) {
    counterLow = i32x4.replace_lane(counterLow, 1, <u32>(counter + 1));
    counterLow = i32x4.replace_lane(counterLow, 2, <u32>(counter + 2));
    counterLow = i32x4.replace_lane(counterLow, 3, <u32>(counter + 3));
    counterHigh = i32x4.replace_lane(counterHigh, 1, <u32>((counter + 1) >> 32));
    counterHigh = i32x4.replace_lane(counterHigh, 2, <u32>((counter + 2) >> 32));
    counterHigh = i32x4.replace_lane(counterHigh, 3, <u32>((counter + 3) >> 32));
  }
  let blockFlags = flags | firstFlag;
  for (let i = 0; i < blocks; i++) {
    if (i + 1 == blocks) blockFlags |= lastFlag;
    const block = input + (<usize>i << 6);
${load}
${start}
${unrolledRounds()}
${end}
    blockFlags = flags;
  }
  storeTransposed(h0, h1, h2, h3, out, 32);
  storeTransposed(h4, h5, h6, h7, out + 16, 32);
}
`;
}
