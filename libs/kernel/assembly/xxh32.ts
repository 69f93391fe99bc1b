/** xxHash32, incremental. @source xxHash specification, XXH32 */

const P1: u32 = 2654435761;
const P2: u32 = 2246822519;
const P3: u32 = 3266489917;
const P4: u32 = 668265263;
const P5: u32 = 374761393;

// Offsets from the address of a state: four lanes, seed, length, bytes kept, the kept bytes.
const SEED: usize = 16;
const LENGTH: usize = 24;
const KEPT: usize = 32;
const BYTES: usize = 36;

@inline function round(lane: u32, word: u32): u32 { return rotl<u32>(lane + word * P2, 13) * P1; }

export function xxhInit(state: usize, seed: u32): void {
  store<u32>(state, seed + P1 + P2);
  store<u32>(state, seed + P2, 4);
  store<u32>(state, seed, 8);
  store<u32>(state, seed - P1, 12);
  store<u32>(state, seed, SEED);
  store<u64>(state, 0, LENGTH);
  store<u32>(state, 0, KEPT);
}

function stripes(state: usize, input: usize, end: usize): void {
  let a = load<u32>(state);
  let b = load<u32>(state, 4);
  let c = load<u32>(state, 8);
  let d = load<u32>(state, 12);
  for (; input < end; input += 16) {
    a = round(a, load<u32>(input));
    b = round(b, load<u32>(input, 4));
    c = round(c, load<u32>(input, 8));
    d = round(d, load<u32>(input, 12));
  }
  store<u32>(state, a);
  store<u32>(state, b, 4);
  store<u32>(state, c, 8);
  store<u32>(state, d, 12);
}

export function xxhUpdate(state: usize, input: usize, length: usize): void {
  store<u64>(state, load<u64>(state, LENGTH) + length, LENGTH);
  let kept = load<u32>(state, KEPT);
  if (kept > 0) {
    const take = min<usize>(16 - kept, length);
    memory.copy(state + BYTES + kept, input, take);
    kept += <u32>take;
    input += take;
    length -= take;
    if (kept == 16) {
      stripes(state, state + BYTES, state + BYTES + 16);
      kept = 0;
    }
  }
  // Either nothing is kept now, or no input is left.
  if (length > 0) {
    const whole = length & ~15;
    stripes(state, input, input + whole);
    kept = <u32>(length - whole);
    memory.copy(state + BYTES, input + whole, kept);
  }
  store<u32>(state, kept, KEPT);
}

export function xxhFinish(state: usize): u32 {
  const length = load<u64>(state, LENGTH);
  let h = length >= 16
    ? rotl<u32>(load<u32>(state), 1) + rotl<u32>(load<u32>(state, 4), 7) + rotl<u32>(load<u32>(state, 8), 12) + rotl<u32>(load<u32>(state, 12), 18)
    : load<u32>(state, SEED) + P5;
  h += <u32>length;
  let at = state + BYTES;
  const end = at + load<u32>(state, KEPT);
  for (; at + 4 <= end; at += 4) h = rotl<u32>(h + load<u32>(at) * P3, 17) * P4;
  for (; at < end; at++) h = rotl<u32>(h + <u32>load<u8>(at) * P5, 11) * P1;
  h = (h ^ (h >>> 15)) * P2;
  h = (h ^ (h >>> 13)) * P3;
  return h ^ (h >>> 16);
}
