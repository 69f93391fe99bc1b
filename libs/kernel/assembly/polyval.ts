/**
 * POLYVAL: Horner's rule in GF(2^128) with the reduction x^128 + x^127 + x^126 + x^121 + 1, every product times x^-128.
 * A multiplication by the key is 32 look-ups, one for each nibble of the sum, in a table of 8 KiB that costs as much as some ten blocks to make. Longer texts
 * take 16 larger look-ups in multiples of the key's square, two sums beside each other. Look-ups depend on the data: not constant in time against somebody who
 * shares the processor's cache.
 * @source RFC 8452, section 3
 */
import { POLY_BYTES, POLY_SCRATCH, POLY_TABLE } from './layout';

const SUM: usize = POLY_SCRATCH;
/** Whether the larger table is made from this key. */
const PREPARED: usize = POLY_SCRATCH + 0x10;
const KEY: usize = POLY_SCRATCH + 0x20;
/** Multiples of the key by x^0 to x^127, each times x^-128. */
const BASIS: usize = POLY_SCRATCH + 0x40;

/** Begins a sum under the 16-byte key at `key`. */
export function polyvalStart(key: usize): void {
  v128.store(SUM, i64x2.splat(0));
  store<u32>(PREPARED, 0);
  v128.store(KEY, v128.load(key));
  prepareBasis(load<u64>(key), load<u64>(key, 8));
  prepareNibbles();
}

/** Where the sum lies: 16 bytes. */
export function polyvalSum(): usize { return SUM; }

@inline function timesXLow(low: u64, carry: u64): u64 { return (low << 1) ^ carry; }
@inline function timesXHigh(low: u64, high: u64, carry: u64): u64 { return ((high << 1) | (low >> 63)) ^ (carry * 0xc200000000000000); }

/** Two chains beside each other: from x^0 and from x^64 on, each next one is the last times x. */
function prepareBasis(h0: u64, h1: u64): void {
  // The polynomial is 1 below x^64, so adding it h0 times clears the lowest word, which is a division by x^64; the same again for the other.
  let c = h1 ^ (h0 << 57) ^ (h0 << 62) ^ (h0 << 63);
  let d = h0 ^ (h0 >> 7) ^ (h0 >> 2) ^ (h0 >> 1);
  let a = d ^ (c << 57) ^ (c << 62) ^ (c << 63);
  let b = c ^ (c >> 7) ^ (c >> 2) ^ (c >> 1);
  for (let at: usize = BASIS; at < BASIS + 0x400; at += 16) {
    store<u64>(at, a);
    store<u64>(at, b, 8);
    store<u64>(at, c, 0x400);
    store<u64>(at, d, 0x408);
    const carryB = b >> 63;
    const carryD = d >> 63;
    b = timesXHigh(a, b, carryB);
    a = timesXLow(a, carryB);
    d = timesXHigh(c, d, carryD);
    c = timesXLow(c, carryD);
  }
}

/** Sixteen multiples for each of 32 nibbles. */
function prepareNibbles(): void {
  let table: usize = POLY_TABLE;
  for (let basis: usize = BASIS; basis < BASIS + 0x800; basis += 0x40, table += 0x100) {
    const one = v128.load(basis);
    const two = v128.load(basis, 0x10);
    const four = v128.load(basis, 0x20);
    const eight = v128.load(basis, 0x30);
    const three = v128.xor(one, two);
    const twelve = v128.xor(four, eight);
    v128.store(table, i64x2.splat(0));
    v128.store(table, one, 0x10);
    v128.store(table, two, 0x20);
    v128.store(table, three, 0x30);
    v128.store(table, four, 0x40);
    v128.store(table, v128.xor(four, one), 0x50);
    v128.store(table, v128.xor(four, two), 0x60);
    v128.store(table, v128.xor(four, three), 0x70);
    v128.store(table, eight, 0x80);
    v128.store(table, v128.xor(eight, one), 0x90);
    v128.store(table, v128.xor(eight, two), 0xa0);
    v128.store(table, v128.xor(eight, three), 0xb0);
    v128.store(table, twelve, 0xc0);
    v128.store(table, v128.xor(twelve, one), 0xd0);
    v128.store(table, v128.xor(twelve, two), 0xe0);
    v128.store(table, v128.xor(twelve, three), 0xf0);
  }
}

/** The sum as it multiplies the key: a look-up for each nibble. */
@inline function timesKey(low: u64, high: u64): v128 {
  const a = <u32>low;
  const b = <u32>(low >> 32);
  const c = <u32>high;
  const d = <u32>(high >> 32);
  let a0 = v128.xor(v128.load(<usize>((a << 4) & 0xf0), POLY_TABLE + 0x0), v128.load(<usize>(a & 0xf0), POLY_TABLE + 0x100));
  let a1 = v128.xor(v128.load(<usize>((a >> 4) & 0xf0), POLY_TABLE + 0x200), v128.load(<usize>((a >> 8) & 0xf0), POLY_TABLE + 0x300));
  a0 = v128.xor(a0, v128.xor(v128.load(<usize>((a >> 12) & 0xf0), POLY_TABLE + 0x400), v128.load(<usize>((a >> 16) & 0xf0), POLY_TABLE + 0x500)));
  a1 = v128.xor(a1, v128.xor(v128.load(<usize>((a >> 20) & 0xf0), POLY_TABLE + 0x600), v128.load(<usize>((a >> 24) & 0xf0), POLY_TABLE + 0x700)));
  let b0 = v128.xor(v128.load(<usize>((b << 4) & 0xf0), POLY_TABLE + 0x800), v128.load(<usize>(b & 0xf0), POLY_TABLE + 0x900));
  let b1 = v128.xor(v128.load(<usize>((b >> 4) & 0xf0), POLY_TABLE + 0xa00), v128.load(<usize>((b >> 8) & 0xf0), POLY_TABLE + 0xb00));
  b0 = v128.xor(b0, v128.xor(v128.load(<usize>((b >> 12) & 0xf0), POLY_TABLE + 0xc00), v128.load(<usize>((b >> 16) & 0xf0), POLY_TABLE + 0xd00)));
  b1 = v128.xor(b1, v128.xor(v128.load(<usize>((b >> 20) & 0xf0), POLY_TABLE + 0xe00), v128.load(<usize>((b >> 24) & 0xf0), POLY_TABLE + 0xf00)));
  let c0 = v128.xor(v128.load(<usize>((c << 4) & 0xf0), POLY_TABLE + 0x1000), v128.load(<usize>(c & 0xf0), POLY_TABLE + 0x1100));
  let c1 = v128.xor(v128.load(<usize>((c >> 4) & 0xf0), POLY_TABLE + 0x1200), v128.load(<usize>((c >> 8) & 0xf0), POLY_TABLE + 0x1300));
  c0 = v128.xor(c0, v128.xor(v128.load(<usize>((c >> 12) & 0xf0), POLY_TABLE + 0x1400), v128.load(<usize>((c >> 16) & 0xf0), POLY_TABLE + 0x1500)));
  c1 = v128.xor(c1, v128.xor(v128.load(<usize>((c >> 20) & 0xf0), POLY_TABLE + 0x1600), v128.load(<usize>((c >> 24) & 0xf0), POLY_TABLE + 0x1700)));
  let d0 = v128.xor(v128.load(<usize>((d << 4) & 0xf0), POLY_TABLE + 0x1800), v128.load(<usize>(d & 0xf0), POLY_TABLE + 0x1900));
  let d1 = v128.xor(v128.load(<usize>((d >> 4) & 0xf0), POLY_TABLE + 0x1a00), v128.load(<usize>((d >> 8) & 0xf0), POLY_TABLE + 0x1b00));
  d0 = v128.xor(d0, v128.xor(v128.load(<usize>((d >> 12) & 0xf0), POLY_TABLE + 0x1c00), v128.load(<usize>((d >> 16) & 0xf0), POLY_TABLE + 0x1d00)));
  d1 = v128.xor(d1, v128.xor(v128.load(<usize>((d >> 20) & 0xf0), POLY_TABLE + 0x1e00), v128.load(<usize>((d >> 24) & 0xf0), POLY_TABLE + 0x1f00)));
  return v128.xor(v128.xor(v128.xor(a0, a1), v128.xor(b0, b1)), v128.xor(v128.xor(c0, c1), v128.xor(d0, d1)));
}

/** Multiples for each value of 8 bytes: of the upper half of the sum, and x^64 times those of the lower half. */
function prepareBytes(): void {
  let table: usize = POLY_BYTES;
  for (let basis: usize = BASIS + 0x400; basis < BASIS + 0x800; basis += 0x80, table += 0x1000) {
    v128.store(table, i64x2.splat(0));
    for (let bit: usize = 0; bit < 8; bit++) {
      const one = v128.load(basis + (bit << 4));
      const size: usize = 16 << bit;
      for (let at: usize = table; at < table + size; at += 16) v128.store(at + size, v128.xor(v128.load(at), one));
    }
  }
}

@inline function bytesOf(half: u64): v128 {
  const a = <u32>half;
  const b = <u32>(half >> 32);
  return v128.xor(
    v128.xor(
      v128.xor(v128.load(<usize>((a & 0xff) << 4), POLY_BYTES), v128.load(<usize>((a >> 4) & 0xff0), POLY_BYTES + 0x1000)),
      v128.xor(v128.load(<usize>((a >> 12) & 0xff0), POLY_BYTES + 0x2000), v128.load(<usize>((a >> 20) & 0xff0), POLY_BYTES + 0x3000)),
    ),
    v128.xor(
      v128.xor(v128.load(<usize>((b & 0xff) << 4), POLY_BYTES + 0x4000), v128.load(<usize>((b >> 4) & 0xff0), POLY_BYTES + 0x5000)),
      v128.xor(v128.load(<usize>((b >> 12) & 0xff0), POLY_BYTES + 0x6000), v128.load(<usize>((b >> 20) & 0xff0), POLY_BYTES + 0x7000)),
    ),
  );
}

/** From here on the larger table pays for itself. */
const BULK_BLOCKS: u32 = 64;

/** Takes whole blocks. */
export function polyvalUpdate(input: usize, blocks: u32): void {
  const sum = v128.load(SUM);
  let low = i64x2.extract_lane(sum, 0);
  let high = i64x2.extract_lane(sum, 1);
  if (blocks >= BULK_BLOCKS) {
    if (!load<u32>(PREPARED)) {
      const square = timesKey(load<u64>(KEY), load<u64>(KEY, 8));
      prepareBasis(i64x2.extract_lane(square, 0), i64x2.extract_lane(square, 1));
      prepareBytes();
      store<u32>(PREPARED, 1);
    }
    // Two sums beside each other, each times the square of the key, so that neither waits for itself.
    let otherLow: u64 = 0;
    let otherHigh: u64 = 0;
    for (; blocks > 3; blocks -= 2, input += 32) {
      const lower = bytesOf(low ^ load<u64>(input));
      const otherLower = bytesOf(otherLow ^ load<u64>(input, 16));
      const upper = bytesOf(high ^ load<u64>(input, 8));
      const otherUpper = bytesOf(otherHigh ^ load<u64>(input, 24));
      const a = <u64>i64x2.extract_lane(lower, 0);
      const b = <u64>i64x2.extract_lane(lower, 1);
      const c = <u64>i64x2.extract_lane(otherLower, 0);
      const d = <u64>i64x2.extract_lane(otherLower, 1);
      low = i64x2.extract_lane(upper, 0) ^ b ^ (a << 57) ^ (a << 62) ^ (a << 63);
      high = i64x2.extract_lane(upper, 1) ^ a ^ (a >> 7) ^ (a >> 2) ^ (a >> 1);
      otherLow = i64x2.extract_lane(otherUpper, 0) ^ d ^ (c << 57) ^ (c << 62) ^ (c << 63);
      otherHigh = i64x2.extract_lane(otherUpper, 1) ^ c ^ (c >> 7) ^ (c >> 2) ^ (c >> 1);
    }
    // From here on they are one.
    const product = timesKey(low ^ load<u64>(input), high ^ load<u64>(input, 8));
    low = i64x2.extract_lane(product, 0) ^ otherLow;
    high = i64x2.extract_lane(product, 1) ^ otherHigh;
    blocks -= 1;
    input += 16;
  }
  for (; blocks > 0; blocks--, input += 16) {
    const product = timesKey(low ^ load<u64>(input), high ^ load<u64>(input, 8));
    low = i64x2.extract_lane(product, 0);
    high = i64x2.extract_lane(product, 1);
  }
  store<u64>(SUM, low);
  store<u64>(SUM, high, 8);
}
