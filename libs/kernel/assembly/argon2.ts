/** The memory filling of Argon2id, version 1.3; lanes one after the other. @source RFC 9106, section 3 */
import { ARGON_SCRATCH } from './layout';

const ROWS: usize = ARGON_SCRATCH;
const MIXED: usize = ARGON_SCRATCH + 0x400;
const ZERO: usize = ARGON_SCRATCH + 0x800;
const ADDRESS_INPUT: usize = ARGON_SCRATCH + 0xc00;
const ADDRESSES: usize = ARGON_SCRATCH + 0x1000;
const SLICES: u32 = 4;

@inline function multiplyAdd(a: v128, b: v128): v128 {
  const product = i64x2.extmul_low_i32x4_u(v128.shuffle<u32>(a, a, 0, 2, 0, 2), v128.shuffle<u32>(b, b, 0, 2, 0, 2));
  return i64x2.add(i64x2.add(a, b), i64x2.add(product, product));
}
@inline function rotate32(x: v128): v128 { return v128.shuffle<u32>(x, x, 1, 0, 3, 2); }
@inline function rotate24(x: v128): v128 { return v128.shuffle<u8>(x, x, 3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10); }
@inline function rotate16(x: v128): v128 { return v128.shuffle<u8>(x, x, 2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9); }
@inline function rotate63(x: v128): v128 { return v128.xor(i64x2.add(x, x), i64x2.shr_u(x, 63)); }

/** The permutation P on 8 vectors that lie `step` bytes apart, twice beside each other: neither waits for the other. */
@inline function permuteTwo(at: usize, other: usize, step: usize): void {
  let a0 = v128.load(at);
  let e0 = v128.load(other);
  let a1 = v128.load(at + step);
  let e1 = v128.load(other + step);
  let b0 = v128.load(at + step * 2);
  let f0 = v128.load(other + step * 2);
  let b1 = v128.load(at + step * 3);
  let f1 = v128.load(other + step * 3);
  let c0 = v128.load(at + step * 4);
  let g0 = v128.load(other + step * 4);
  let c1 = v128.load(at + step * 5);
  let g1 = v128.load(other + step * 5);
  let d0 = v128.load(at + step * 6);
  let h0 = v128.load(other + step * 6);
  let d1 = v128.load(at + step * 7);
  let h1 = v128.load(other + step * 7);
  a0 = multiplyAdd(a0, b0);
  e0 = multiplyAdd(e0, f0);
  a1 = multiplyAdd(a1, b1);
  e1 = multiplyAdd(e1, f1);
  d0 = rotate32(v128.xor(d0, a0));
  h0 = rotate32(v128.xor(h0, e0));
  d1 = rotate32(v128.xor(d1, a1));
  h1 = rotate32(v128.xor(h1, e1));
  c0 = multiplyAdd(c0, d0);
  g0 = multiplyAdd(g0, h0);
  c1 = multiplyAdd(c1, d1);
  g1 = multiplyAdd(g1, h1);
  b0 = rotate24(v128.xor(b0, c0));
  f0 = rotate24(v128.xor(f0, g0));
  b1 = rotate24(v128.xor(b1, c1));
  f1 = rotate24(v128.xor(f1, g1));
  a0 = multiplyAdd(a0, b0);
  e0 = multiplyAdd(e0, f0);
  a1 = multiplyAdd(a1, b1);
  e1 = multiplyAdd(e1, f1);
  d0 = rotate16(v128.xor(d0, a0));
  h0 = rotate16(v128.xor(h0, e0));
  d1 = rotate16(v128.xor(d1, a1));
  h1 = rotate16(v128.xor(h1, e1));
  c0 = multiplyAdd(c0, d0);
  g0 = multiplyAdd(g0, h0);
  c1 = multiplyAdd(c1, d1);
  g1 = multiplyAdd(g1, h1);
  b0 = rotate63(v128.xor(b0, c0));
  f0 = rotate63(v128.xor(f0, g0));
  b1 = rotate63(v128.xor(b1, c1));
  f1 = rotate63(v128.xor(f1, g1));
  // Columns become diagonals; the halves of c change places, which the names below do.
  let t = v128.shuffle<u64>(b0, b1, 1, 2);
  let u = v128.shuffle<u64>(f0, f1, 1, 2);
  b1 = v128.shuffle<u64>(b1, b0, 1, 2);
  f1 = v128.shuffle<u64>(f1, f0, 1, 2);
  b0 = t;
  f0 = u;
  t = v128.shuffle<u64>(d1, d0, 1, 2);
  u = v128.shuffle<u64>(h1, h0, 1, 2);
  d1 = v128.shuffle<u64>(d0, d1, 1, 2);
  h1 = v128.shuffle<u64>(h0, h1, 1, 2);
  d0 = t;
  h0 = u;
  t = c0;
  u = g0;
  c0 = c1;
  g0 = g1;
  c1 = t;
  g1 = u;
  a0 = multiplyAdd(a0, b0);
  e0 = multiplyAdd(e0, f0);
  a1 = multiplyAdd(a1, b1);
  e1 = multiplyAdd(e1, f1);
  d0 = rotate32(v128.xor(d0, a0));
  h0 = rotate32(v128.xor(h0, e0));
  d1 = rotate32(v128.xor(d1, a1));
  h1 = rotate32(v128.xor(h1, e1));
  c0 = multiplyAdd(c0, d0);
  g0 = multiplyAdd(g0, h0);
  c1 = multiplyAdd(c1, d1);
  g1 = multiplyAdd(g1, h1);
  b0 = rotate24(v128.xor(b0, c0));
  f0 = rotate24(v128.xor(f0, g0));
  b1 = rotate24(v128.xor(b1, c1));
  f1 = rotate24(v128.xor(f1, g1));
  a0 = multiplyAdd(a0, b0);
  e0 = multiplyAdd(e0, f0);
  a1 = multiplyAdd(a1, b1);
  e1 = multiplyAdd(e1, f1);
  d0 = rotate16(v128.xor(d0, a0));
  h0 = rotate16(v128.xor(h0, e0));
  d1 = rotate16(v128.xor(d1, a1));
  h1 = rotate16(v128.xor(h1, e1));
  c0 = multiplyAdd(c0, d0);
  g0 = multiplyAdd(g0, h0);
  c1 = multiplyAdd(c1, d1);
  g1 = multiplyAdd(g1, h1);
  b0 = rotate63(v128.xor(b0, c0));
  f0 = rotate63(v128.xor(f0, g0));
  b1 = rotate63(v128.xor(b1, c1));
  f1 = rotate63(v128.xor(f1, g1));
  // And back.
  t = v128.shuffle<u64>(b1, b0, 1, 2);
  u = v128.shuffle<u64>(f1, f0, 1, 2);
  b1 = v128.shuffle<u64>(b0, b1, 1, 2);
  f1 = v128.shuffle<u64>(f0, f1, 1, 2);
  b0 = t;
  f0 = u;
  t = v128.shuffle<u64>(d0, d1, 1, 2);
  u = v128.shuffle<u64>(h0, h1, 1, 2);
  d1 = v128.shuffle<u64>(d1, d0, 1, 2);
  h1 = v128.shuffle<u64>(h1, h0, 1, 2);
  d0 = t;
  h0 = u;
  t = c0;
  u = g0;
  c0 = c1;
  g0 = g1;
  c1 = t;
  g1 = u;
  v128.store(at, a0);
  v128.store(other, e0);
  v128.store(at + step, a1);
  v128.store(other + step, e1);
  v128.store(at + step * 2, b0);
  v128.store(other + step * 2, f0);
  v128.store(at + step * 3, b1);
  v128.store(other + step * 3, f1);
  v128.store(at + step * 4, c0);
  v128.store(other + step * 4, g0);
  v128.store(at + step * 5, c1);
  v128.store(other + step * 5, g1);
  v128.store(at + step * 6, d0);
  v128.store(other + step * 6, h0);
  v128.store(at + step * 7, d1);
  v128.store(other + step * 7, h1);
}

/** The compression G; from the second pass on the result is added to what `target` held. */
function compress(previous: usize, reference: usize, target: usize, add: bool): void {
  for (let i: usize = 0; i < 1024; i += 16) {
    const r = v128.xor(v128.load(previous + i), v128.load(reference + i));
    v128.store(ROWS + i, r);
    v128.store(MIXED + i, add ? v128.xor(r, v128.load(target + i)) : r);
  }
  for (let row: usize = 0; row < 1024; row += 256) permuteTwo(ROWS + row, ROWS + row + 128, 16);
  for (let column: usize = 0; column < 128; column += 32) permuteTwo(ROWS + column, ROWS + column + 16, 128);
  for (let i: usize = 0; i < 1024; i += 16) v128.store(target + i, v128.xor(v128.load(ROWS + i), v128.load(MIXED + i)));
}

/** The next 128 pseudo-random values of a segment whose addresses do not depend on the password. */
function nextAddresses(): void {
  store<u64>(ADDRESS_INPUT, load<u64>(ADDRESS_INPUT, 48) + 1, 48);
  compress(ZERO, ADDRESS_INPUT, ADDRESSES, false);
  compress(ZERO, ADDRESSES, ADDRESSES, false);
}

/** Fills `lanes` rows of `laneLength` blocks from `base` on; the first two blocks of each row are already there. */
export function argon2Fill(base: usize, passes: u32, laneLength: u32, lanes: u32): void {
  memory.fill(ZERO, 0, 1024);
  for (let pass: u32 = 0; pass < passes; pass++) {
    for (let slice: u32 = 0; slice < SLICES; slice++) {
      for (let lane: u32 = 0; lane < lanes; lane++) fillSegment(base, pass, slice, lane, passes, laneLength, lanes);
    }
  }
}

function fillSegment(base: usize, pass: u32, slice: u32, lane: u32, passes: u32, laneLength: u32, lanes: u32): void {
  const segment = laneLength / SLICES;
  const independent = pass == 0 && slice < 2;
  if (independent) {
    memory.fill(ADDRESS_INPUT, 0, 1024);
    store<u64>(ADDRESS_INPUT, pass);
    store<u64>(ADDRESS_INPUT, lane, 8);
    store<u64>(ADDRESS_INPUT, slice, 16);
    store<u64>(ADDRESS_INPUT, laneLength * lanes, 24);
    store<u64>(ADDRESS_INPUT, passes, 32);
    store<u64>(ADDRESS_INPUT, 2, 40);
  }
  const start: u32 = pass == 0 && slice == 0 ? 2 : 0;
  if (independent && start == 2) nextAddresses();
  const laneBase = base + (<usize>(lane * laneLength) << 10);
  for (let index = start; index < segment; index++) {
    const current = slice * segment + index;
    const target = laneBase + (<usize>current << 10);
    const previous = current == 0 ? laneBase + (<usize>(laneLength - 1) << 10) : target - 1024;
    if (independent && (index & 127) == 0) nextAddresses();
    const random = independent ? load<u64>(ADDRESSES + (<usize>(index & 127) << 3)) : load<u64>(previous);
    const other = pass == 0 && slice == 0 ? lane : <u32>(random >> 32) % lanes;
    const finished = pass == 0 ? slice * segment : laneLength - segment;
    const area: u32 = other == lane ? finished + index - 1 : finished - (index == 0 ? 1 : 0);
    const square = ((random & 0xffffffff) * (random & 0xffffffff)) >> 32;
    const relative = area - 1 - <u32>((<u64>area * square) >> 32);
    const origin: u32 = pass == 0 || slice == 3 ? 0 : (slice + 1) * segment;
    const block = other * laneLength + (origin + relative) % laneLength;
    compress(previous, base + (<usize>block << 10), target, pass > 0);
  }
}

/** The last blocks of all lanes added up, left in the first lane's last block; returns its address. */
export function argon2Fold(base: usize, laneLength: u32, lanes: u32): usize {
  const result = base + (<usize>(laneLength - 1) << 10);
  for (let lane: u32 = 1; lane < lanes; lane++) {
    const other = result + (<usize>(lane * laneLength) << 10);
    for (let i: usize = 0; i < 1024; i += 16) v128.store(result + i, v128.xor(v128.load(result + i), v128.load(other + i)));
  }
  return result;
}
