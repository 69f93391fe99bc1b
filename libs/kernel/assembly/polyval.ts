/**
 * POLYVAL: Horner's rule in GF(2^128) with the reduction x^128 + x^127 + x^126 + x^121 + 1, every product times x^-128.
 * Long inputs run 16 interleaved sums, byte-sliced: vector j holds byte j of each sum, and one multiplication of all sums by the constant
 * H^16 is 512 table look-ups inside a register (two nibbles for each byte in, sixteen bytes out). Constant in time.
 * @source RFC 8452, section 3
 */
import { POLY_SCRATCH, POLY_TABLE } from './layout';

const KEY: usize = POLY_SCRATCH;
const SUM: usize = POLY_SCRATCH + 0x10;
const POWER: usize = POLY_SCRATCH + 0x20;
const SUMS: usize = POLY_SCRATCH + 0x100;
const SPARE: usize = POLY_SCRATCH + 0x200;
const NIBBLES: usize = POLY_SCRATCH + 0x300;
const BASIS: usize = POLY_SCRATCH + 0x500;

/** From here on the table for H^16 pays for itself. */
const BULK_BLOCKS: u32 = 48;

/** Carry-less product of two 32-bit numbers by integer multiplication: bits four apart, so that carries fall into the gaps. */
@inline function product(a: u32, b: u32): u64 {
  const a0: u64 = a & 0x11111111;
  const a1: u64 = a & 0x22222222;
  const a2: u64 = a & 0x44444444;
  const a3: u64 = a & 0x88888888;
  const b0: u64 = b & 0x11111111;
  const b1: u64 = b & 0x22222222;
  const b2: u64 = b & 0x44444444;
  const b3: u64 = b & 0x88888888;
  const c0 = (a0 * b0) ^ (a1 * b3) ^ (a2 * b2) ^ (a3 * b1);
  const c1 = (a0 * b1) ^ (a1 * b0) ^ (a2 * b3) ^ (a3 * b2);
  const c2 = (a0 * b2) ^ (a1 * b1) ^ (a2 * b0) ^ (a3 * b3);
  const c3 = (a0 * b3) ^ (a1 * b2) ^ (a2 * b1) ^ (a3 * b0);
  return (c0 & 0x1111111111111111) | (c1 & 0x2222222222222222) | (c2 & 0x4444444444444444) | (c3 & 0x8888888888888888);
}

const WIDE: usize = POLY_SCRATCH + 0x40;

/** 64 by 64 bits, 128 out, by Karatsuba's rule. */
function wide(a: u64, b: u64, out: usize): void {
  const low = product(<u32>a, <u32>b);
  const high = product(<u32>(a >> 32), <u32>(b >> 32));
  const middle = product(<u32>a ^ <u32>(a >> 32), <u32>b ^ <u32>(b >> 32)) ^ low ^ high;
  store<u64>(out, low ^ (middle << 32));
  store<u64>(out, high ^ (middle >> 32), 8);
}

/** `out` = a * b * x^-128. */
function multiply(a: usize, b: usize, out: usize): void {
  const a0 = load<u64>(a);
  const a1 = load<u64>(a, 8);
  const b0 = load<u64>(b);
  const b1 = load<u64>(b, 8);
  wide(a0, b0, WIDE);
  wide(a1, b1, WIDE + 16);
  wide(a0 ^ a1, b0 ^ b1, WIDE + 32);
  let c0 = load<u64>(WIDE);
  let c3 = load<u64>(WIDE, 24);
  let c1 = load<u64>(WIDE, 8);
  let c2 = load<u64>(WIDE, 16);
  const m0 = load<u64>(WIDE, 32) ^ c0 ^ c2;
  const m1 = load<u64>(WIDE, 40) ^ c1 ^ c3;
  c1 ^= m0;
  c2 ^= m1;
  // The polynomial is 1 below x^64, so adding it c0 times clears the lowest word; the same again for the next.
  c1 ^= (c0 << 57) ^ (c0 << 62) ^ (c0 << 63);
  c2 ^= c0 ^ (c0 >> 7) ^ (c0 >> 2) ^ (c0 >> 1);
  c2 ^= (c1 << 57) ^ (c1 << 62) ^ (c1 << 63);
  c3 ^= c1 ^ (c1 >> 7) ^ (c1 >> 2) ^ (c1 >> 1);
  store<u64>(out, c2);
  store<u64>(out, c3, 8);
}

/** Begins a sum under the 16-byte key at `key`. */
export function polyvalStart(key: usize): void {
  v128.store(KEY, v128.load(key));
  v128.store(SUM, i64x2.splat(0));
  store<u32>(POWER, 0, 16);
}

/** Where the sum lies: 16 bytes. */
export function polyvalSum(): usize { return SUM; }

/** Takes whole blocks. */
export function polyvalUpdate(input: usize, blocks: u32): void {
  if (blocks >= BULK_BLOCKS) {
    const whole = blocks & ~15;
    bulk(input, whole >> 4);
    input += <usize>whole << 4;
    blocks -= whole;
  }
  for (; blocks > 0; blocks--, input += 16) {
    v128.store(SUM, v128.xor(v128.load(SUM), v128.load(input)));
    multiply(SUM, KEY, SUM);
  }
}

/** Makes the look-up vectors for multiplication by H^16, once for each key. */
function prepareBulk(): void {
  multiply(KEY, KEY, POWER);
  for (let i = 0; i < 3; i++) multiply(POWER, POWER, POWER);
  // BASIS[i] = x^i * H^16 * x^-128: from x^0 on, each next one is the last times x.
  let low = load<u64>(POWER);
  let high = load<u64>(POWER, 8);
  const one: u64 = 1;
  store<u64>(SPARE, one);
  store<u64>(SPARE, 0, 8);
  multiply(SPARE, POWER, SPARE);
  low = load<u64>(SPARE);
  high = load<u64>(SPARE, 8);
  for (let i: usize = 0; i < 128; i++) {
    store<u64>(BASIS + (i << 4), low);
    store<u64>(BASIS + (i << 4), high, 8);
    const carry = high >> 63;
    high = ((high << 1) | (low >> 63)) ^ (carry * 0xc200000000000000);
    low = (low << 1) ^ carry;
  }
  const bit0 = i8x16(0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1, 0, -1);
  const bit1 = i8x16(0, 0, -1, -1, 0, 0, -1, -1, 0, 0, -1, -1, 0, 0, -1, -1);
  const bit2 = i8x16(0, 0, 0, 0, -1, -1, -1, -1, 0, 0, 0, 0, -1, -1, -1, -1);
  const bit3 = i8x16(0, 0, 0, 0, 0, 0, 0, 0, -1, -1, -1, -1, -1, -1, -1, -1);
  for (let n: usize = 0; n < 32; n++) {
    const basis = BASIS + (n << 6);
    for (let o: usize = 0; o < 16; o++) {
      const v = v128.xor(
        v128.xor(v128.and(v128.load8_splat(basis + o), bit0), v128.and(v128.load8_splat(basis + o, 16), bit1)),
        v128.xor(v128.and(v128.load8_splat(basis + o, 32), bit2), v128.and(v128.load8_splat(basis + o, 48), bit3)),
      );
      v128.store(POLY_TABLE + (n << 8) + (o << 4), v);
    }
  }
  store<u32>(POWER, 1, 16);
}

/** One of four identical steps that together transpose 16 by 16 bytes: each rotates the 8-bit address (row, column) by one bit. */
@inline function interleave(from: usize, to: usize): void {
  for (let i: usize = 0; i < 128; i += 16) {
    const a = v128.load(from + i);
    const b = v128.load(from + i, 128);
    v128.store(to + (i << 1), v128.shuffle<u8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23));
    v128.store(to + (i << 1), v128.shuffle<u8>(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), 16);
  }
}

function transposeTo(input: usize, out: usize): void {
  interleave(input, SPARE);
  interleave(SPARE, NIBBLES);
  interleave(NIBBLES, SPARE);
  interleave(SPARE, out);
}

/** Output bytes `half` to `half + 7` of all sums times H^16, plus the new blocks that lie transposed at FRESH. */
@inline function multiplyHalf(half: usize): void {
  let r0 = v128.load(FRESH + half);
  let r1 = v128.load(FRESH + half, 16);
  let r2 = v128.load(FRESH + half, 32);
  let r3 = v128.load(FRESH + half, 48);
  let r4 = v128.load(FRESH + half, 64);
  let r5 = v128.load(FRESH + half, 80);
  let r6 = v128.load(FRESH + half, 96);
  let r7 = v128.load(FRESH + half, 112);
  let table = POLY_TABLE + half;
  for (let n: usize = 0; n < 512; n += 16) {
    const index = v128.load(NIBBLES + n);
    r0 = v128.xor(r0, v128.swizzle(v128.load(table), index));
    r1 = v128.xor(r1, v128.swizzle(v128.load(table, 16), index));
    r2 = v128.xor(r2, v128.swizzle(v128.load(table, 32), index));
    r3 = v128.xor(r3, v128.swizzle(v128.load(table, 48), index));
    r4 = v128.xor(r4, v128.swizzle(v128.load(table, 64), index));
    r5 = v128.xor(r5, v128.swizzle(v128.load(table, 80), index));
    r6 = v128.xor(r6, v128.swizzle(v128.load(table, 96), index));
    r7 = v128.xor(r7, v128.swizzle(v128.load(table, 112), index));
    table += 256;
  }
  v128.store(SUMS + half, r0);
  v128.store(SUMS + half, r1, 16);
  v128.store(SUMS + half, r2, 32);
  v128.store(SUMS + half, r3, 48);
  v128.store(SUMS + half, r4, 64);
  v128.store(SUMS + half, r5, 80);
  v128.store(SUMS + half, r6, 96);
  v128.store(SUMS + half, r7, 112);
}

const FRESH: usize = POLY_SCRATCH + 0xe00;

/** `groups` times 16 blocks. The sum so far joins the first block. */
function bulk(input: usize, groups: u32): void {
  if (!load<u32>(POWER, 16)) prepareBulk();
  v128.store(input, v128.xor(v128.load(input), v128.load(SUM)));
  transposeTo(input, SUMS);
  v128.store(input, v128.xor(v128.load(input), v128.load(SUM)));
  const low = i8x16.splat(15);
  for (let g: u32 = 1; g < groups; g++) {
    input += 256;
    transposeTo(input, FRESH);
    for (let j: usize = 0; j < 256; j += 16) {
      const bytes = v128.load(SUMS + j);
      v128.store(NIBBLES + (j << 1), v128.and(bytes, low));
      v128.store(NIBBLES + (j << 1), i8x16.shr_u(bytes, 4), 16);
    }
    multiplyHalf(0);
    multiplyHalf(128);
  }
  transposeTo(SUMS, FRESH);
  v128.store(SUM, i64x2.splat(0));
  for (let lane: usize = 0; lane < 256; lane += 16) {
    v128.store(SUM, v128.xor(v128.load(SUM), v128.load(FRESH + lane)));
    multiply(SUM, KEY, SUM);
  }
}
