/** BLAKE2b without a key, as Argon2 uses it. @source RFC 7693 */
import { BLAKE2_SCRATCH } from './layout';

const CHAIN: usize = BLAKE2_SCRATCH;
const WORK: usize = BLAKE2_SCRATCH + 0x40;
const BLOCK: usize = BLAKE2_SCRATCH + 0xc0;

const IV: usize = memory.data<u64>([
  0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
  0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
]);

const SIGMA: usize = memory.data<u8>([
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3,
  11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4, 7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8,
  9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13, 2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9,
  12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11, 13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10,
  6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5, 10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0,
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3,
]);

function mix(a: usize, b: usize, c: usize, d: usize, x: u64, y: u64): void {
  let va = load<u64>(WORK + a);
  let vb = load<u64>(WORK + b);
  let vc = load<u64>(WORK + c);
  let vd = load<u64>(WORK + d);
  va += vb + x;
  vd = rotr<u64>(vd ^ va, 32);
  vc += vd;
  vb = rotr<u64>(vb ^ vc, 24);
  va += vb + y;
  vd = rotr<u64>(vd ^ va, 16);
  vc += vd;
  vb = rotr<u64>(vb ^ vc, 63);
  store<u64>(WORK + a, va);
  store<u64>(WORK + b, vb);
  store<u64>(WORK + c, vc);
  store<u64>(WORK + d, vd);
}

@inline function word(sigma: usize, i: usize): u64 { return load<u64>(BLOCK + (<usize>load<u8>(sigma + i) << 3)); }

function compress(count: u64, last: bool): void {
  memory.copy(WORK, CHAIN, 64);
  memory.copy(WORK + 64, IV, 64);
  store<u64>(WORK, load<u64>(WORK, 96) ^ count, 96);
  if (last) store<u64>(WORK, ~load<u64>(WORK, 112), 112);
  for (let round: usize = 0; round < 12; round++) {
    const sigma = SIGMA + (round << 4);
    mix(0, 32, 64, 96, word(sigma, 0), word(sigma, 1));
    mix(8, 40, 72, 104, word(sigma, 2), word(sigma, 3));
    mix(16, 48, 80, 112, word(sigma, 4), word(sigma, 5));
    mix(24, 56, 88, 120, word(sigma, 6), word(sigma, 7));
    mix(0, 40, 80, 120, word(sigma, 8), word(sigma, 9));
    mix(8, 48, 88, 96, word(sigma, 10), word(sigma, 11));
    mix(16, 56, 64, 104, word(sigma, 12), word(sigma, 13));
    mix(24, 32, 72, 112, word(sigma, 14), word(sigma, 15));
  }
  for (let i: usize = 0; i < 64; i += 8) store<u64>(CHAIN + i, load<u64>(CHAIN + i) ^ load<u64>(WORK + i) ^ load<u64>(WORK + i, 64));
}

/** `outputLength` 1 to 64; `output` gets 64 bytes, of which the first `outputLength` count. */
export function blake2b(input: usize, length: usize, outputLength: u32, output: usize): void {
  memory.copy(CHAIN, IV, 64);
  store<u64>(CHAIN, load<u64>(CHAIN) ^ 0x01010000 ^ <u64>outputLength);
  let count: u64 = 0;
  while (length > 128) {
    memory.copy(BLOCK, input, 128);
    count += 128;
    compress(count, false);
    input += 128;
    length -= 128;
  }
  memory.fill(BLOCK, 0, 128);
  memory.copy(BLOCK, input, length);
  compress(count + length, true);
  memory.copy(output, CHAIN, 64);
}
