/** BLAKE3, plain and keyed, incremental, 32 bytes out. @source BLAKE3 specification, 2.1 to 2.6 and 5.1 */
import { BLAKE3_ONCE, BLAKE3_SCRATCH } from './layout';
import { IV0, IV1, IV2, IV3, rotate12, rotate16, rotate7, rotate8 } from './blake3-words';
import { hashFour } from './generated/blake3-lanes';

const CHUNK_START: u32 = 1;
const CHUNK_END: u32 = 2;
const PARENT: u32 = 4;
const ROOT: u32 = 8;
const KEYED: u32 = 16;

const CHUNK: usize = 1024;

// One hasher in memory: offsets from its address.
const KEY: usize = 0;
const CHAIN: usize = 32;
const COUNTER: usize = 64;
/** Bytes of the current chunk, those in BLOCK included. */
const CHUNK_LENGTH: usize = 72;
const BLOCK_LENGTH: usize = 76;
const FLAGS: usize = 80;
const DEPTH: usize = 84;
const BLOCK: usize = 96;
/** Chaining values of finished subtrees, largest first. */
const STACK: usize = 160;
export const BLAKE3_STATE_BYTES: i32 = 160 + 56 * 32;

const CVS: usize = BLAKE3_SCRATCH + 0x200;
const PAIR: usize = BLAKE3_SCRATCH + 0x800;
const DIGEST: usize = BLAKE3_SCRATCH + 0x900;

/** One compression; rows of the state as vectors. Only the first 8 output words are needed. */
function compress(chain: usize, block: usize, counter: u64, length: u32, flags: u32, out: usize): void {
  let a = v128.load(chain);
  let b = v128.load(chain, 16);
  let c = i32x4(IV0, IV1, IV2, IV3);
  let d = i64x2.replace_lane(i64x2.splat(counter), 1, (<u64>flags << 32) | <u64>length);
  const b0 = v128.load(block);
  const b1 = v128.load(block, 16);
  const b2 = v128.load(block, 32);
  const b3 = v128.load(block, 48);
  let mx = v128.shuffle<u32>(b0, b1, 0, 2, 4, 6);
  let my = v128.shuffle<u32>(b0, b1, 1, 3, 5, 7);
  let mz = v128.shuffle<u32>(b2, b3, 0, 2, 4, 6);
  let mw = v128.shuffle<u32>(b2, b3, 1, 3, 5, 7);
  for (let round = 0; ; round++) {
    a = i32x4.add(i32x4.add(a, b), mx);
    d = rotate16(v128.xor(d, a));
    c = i32x4.add(c, d);
    b = rotate12(v128.xor(b, c));
    a = i32x4.add(i32x4.add(a, b), my);
    d = rotate8(v128.xor(d, a));
    c = i32x4.add(c, d);
    b = rotate7(v128.xor(b, c));
    b = v128.shuffle<u32>(b, b, 1, 2, 3, 0);
    c = v128.shuffle<u32>(c, c, 2, 3, 0, 1);
    d = v128.shuffle<u32>(d, d, 3, 0, 1, 2);
    a = i32x4.add(i32x4.add(a, b), mz);
    d = rotate16(v128.xor(d, a));
    c = i32x4.add(c, d);
    b = rotate12(v128.xor(b, c));
    a = i32x4.add(i32x4.add(a, b), mw);
    d = rotate8(v128.xor(d, a));
    c = i32x4.add(c, d);
    b = rotate7(v128.xor(b, c));
    b = v128.shuffle<u32>(b, b, 3, 0, 1, 2);
    c = v128.shuffle<u32>(c, c, 2, 3, 0, 1);
    d = v128.shuffle<u32>(d, d, 1, 2, 3, 0);
    if (round == 6) break;
    // The message permutation, on the four vectors (even and odd words of each half).
    const nx = v128.shuffle<u32>(mx, my, 1, 5, 7, 2);
    const ny = v128.shuffle<u32>(v128.shuffle<u32>(mx, mz, 3, 5, 0, 0), mw, 0, 1, 2, 6);
    const nz = v128.shuffle<u32>(v128.shuffle<u32>(my, mz, 0, 6, 0, 0), mw, 0, 1, 4, 7);
    mw = v128.shuffle<u32>(v128.shuffle<u32>(mw, my, 1, 6, 0, 0), mz, 0, 1, 7, 4);
    mx = nx;
    my = ny;
    mz = nz;
  }
  v128.store(out, v128.xor(a, c));
  v128.store(out, v128.xor(b, d), 16);
}

/** Starts a hasher at `state`; the key (32 bytes) is read from `key` when keyed, else the standard one is used. */
export function blake3Init(state: usize, key: usize, keyed: bool): void {
  if (keyed) {
    v128.store(state, v128.load(key), KEY);
    v128.store(state, v128.load(key, 16), KEY + 16);
  } else {
    v128.store(state, i32x4(IV0, IV1, IV2, IV3), KEY);
    v128.store(state, i32x4(0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19), KEY + 16);
  }
  store<u64>(state, 0, COUNTER);
  store<u32>(state, keyed ? KEYED : 0, FLAGS);
  store<u32>(state, 0, DEPTH);
  startChunk(state);
}

function startChunk(state: usize): void {
  v128.store(state, v128.load(state, KEY), CHAIN);
  v128.store(state, v128.load(state, KEY + 16), CHAIN + 16);
  store<u32>(state, 0, CHUNK_LENGTH);
  store<u32>(state, 0, BLOCK_LENGTH);
}

/** Joins finished neighbours until as many subtrees are left as the number of chunks before has bits, which is when the next one may be put on top. */
function settle(state: usize, chunks: u64): void {
  const want = <u32>popcnt<u64>(chunks);
  let depth = load<u32>(state, DEPTH);
  const flags = load<u32>(state, FLAGS) | PARENT;
  while (depth > want) {
    depth--;
    const right = state + STACK + (<usize>depth << 5);
    compress(state + KEY, right - 32, 0, 64, flags, right - 32);
  }
  store<u32>(state, depth, DEPTH);
}

function push(state: usize, chain: usize, chunksBefore: u64): void {
  settle(state, chunksBefore);
  const depth = load<u32>(state, DEPTH);
  const top = state + STACK + (<usize>depth << 5);
  v128.store(top, v128.load(chain));
  v128.store(top, v128.load(chain, 16), 16);
  store<u32>(state, depth + 1, DEPTH);
}

/** Takes bytes into the current chunk; the last block stays in the buffer because only the end of the input tells its flags. */
function fillChunk(state: usize, input: usize, length: usize): void {
  const flags = load<u32>(state, FLAGS);
  const counter = load<u64>(state, COUNTER);
  let chunkLength = load<u32>(state, CHUNK_LENGTH);
  let blockLength = load<u32>(state, BLOCK_LENGTH);
  while (length > 0) {
    if (blockLength == 64) {
      compress(state + CHAIN, state + BLOCK, counter, 64, flags | (chunkLength == 64 ? CHUNK_START : 0), state + CHAIN);
      blockLength = 0;
    }
    // Whole blocks that are not the last go straight from the input.
    while (blockLength == 0 && length > 64) {
      compress(state + CHAIN, input, counter, 64, flags | (chunkLength == 0 ? CHUNK_START : 0), state + CHAIN);
      input += 64;
      length -= 64;
      chunkLength += 64;
    }
    const take = min<usize>(64 - blockLength, length);
    memory.copy(state + BLOCK + blockLength, input, take);
    blockLength += <u32>take;
    chunkLength += <u32>take;
    input += take;
    length -= take;
  }
  store<u32>(state, chunkLength, CHUNK_LENGTH);
  store<u32>(state, blockLength, BLOCK_LENGTH);
}

function finishChunk(state: usize, root: u32, out: usize): void {
  const length = load<u32>(state, BLOCK_LENGTH);
  const chunkLength = load<u32>(state, CHUNK_LENGTH);
  memory.fill(state + BLOCK + length, 0, 64 - length);
  const start = chunkLength <= 64 ? CHUNK_START : 0;
  compress(state + CHAIN, state + BLOCK, load<u64>(state, COUNTER), length, load<u32>(state, FLAGS) | start | CHUNK_END | root, out);
}

/** Chaining values of the two halves of a full subtree of 4 or 16 chunks, written to PAIR. */
function subtree(state: usize, input: usize, chunks: i32, counter: u64): void {
  const flags = load<u32>(state, FLAGS);
  const key = state + KEY;
  for (let i = 0; i < chunks; i += 4) {
    hashFour(input + (<usize>i << 10), CHUNK, 16, key, counter + i, 1, flags, CHUNK_START, CHUNK_END, CVS + (<usize>i << 5));
  }
  const parent = flags | PARENT;
  if (chunks == 16) {
    hashFour(CVS, 64, 1, key, 0, 0, parent, 0, 0, CVS + 0x200);
    hashFour(CVS + 0x100, 64, 1, key, 0, 0, parent, 0, 0, CVS + 0x280);
    hashFour(CVS + 0x200, 64, 1, key, 0, 0, parent, 0, 0, CVS);
  }
  compress(key, CVS, 0, 64, parent, PAIR);
  compress(key, CVS + 64, 0, 64, parent, PAIR + 32);
}

/** Two or three full chunks before the last one, beside each other: the lanes left over hash what lies behind them, for nothing. Returns how many; 0: not so. */
function few(state: usize, input: usize, length: usize, counter: u64): u64 {
  if (length <= 2 * CHUNK || (counter & 3) != 0 || input + 4 * CHUNK > <usize>memory.size() << 16) return 0;
  const chunks = <u64>((length - 1) >> 10);
  hashFour(input, CHUNK, 16, state + KEY, counter, 1, load<u32>(state, FLAGS), CHUNK_START, CHUNK_END, CVS);
  for (let i: u64 = 0; i < chunks; i++) push(state, CVS + (<usize>i << 5), counter + i);
  return chunks;
}

export function blake3Update(state: usize, input: usize, length: usize): void {
  const pending = load<u32>(state, CHUNK_LENGTH);
  if (pending > 0) {
    const take = min<usize>(CHUNK - pending, length);
    fillChunk(state, input, take);
    input += take;
    length -= take;
    if (length == 0) return;
    const counter = load<u64>(state, COUNTER);
    finishChunk(state, 0, PAIR);
    push(state, PAIR, counter);
    store<u64>(state, counter + 1, COUNTER);
    startChunk(state);
  }
  let counter = load<u64>(state, COUNTER);
  while (length > CHUNK) {
    let chunks: u64 = length >= 16 * CHUNK && (counter & 15) == 0 ? 16 : length >= 4 * CHUNK && (counter & 3) == 0 ? 4 : 1;
    if (chunks > 1) {
      subtree(state, input, <i32>chunks, counter);
      push(state, PAIR, counter);
      push(state, PAIR + 32, counter + chunks / 2);
    } else {
      chunks = few(state, input, length, counter);
      if (chunks == 0) {
        fillChunk(state, input, CHUNK);
        finishChunk(state, 0, PAIR);
        push(state, PAIR, counter);
        chunks = 1;
      }
    }
    counter += chunks;
    input += CHUNK * <usize>chunks;
    length -= CHUNK * <usize>chunks;
    store<u64>(state, counter, COUNTER);
    startChunk(state);
  }
  if (length > 0) fillChunk(state, input, length);
}

/** Writes the 32-byte digest to `out`. The hasher must not be used again. */
export function blake3Finish(state: usize, out: usize): void {
  let depth = load<u32>(state, DEPTH);
  if (depth == 0) {
    finishChunk(state, ROOT, out);
    return;
  }
  const flags = load<u32>(state, FLAGS) | PARENT;
  let right = PAIR + 32;
  if (load<u32>(state, CHUNK_LENGTH) > 0) {
    settle(state, load<u64>(state, COUNTER));
    depth = load<u32>(state, DEPTH);
    finishChunk(state, 0, right);
  } else {
    depth--;
    right = state + STACK + (<usize>depth << 5);
  }
  while (depth > 0) {
    depth--;
    const left = state + STACK + (<usize>depth << 5);
    memory.copy(left + 32, right, 32);
    compress(state + KEY, left, 0, 64, depth == 0 ? flags | ROOT : flags, depth == 0 ? out : left);
    right = left;
  }
}

/** One call for inputs that lie in one piece. */
export function blake3Once(state: usize, key: usize, keyed: bool, input: usize, length: usize, out: usize): void {
  blake3Init(state, key, keyed);
  blake3Update(state, input, length);
  blake3Finish(state, out);
}

/** Whether `expected` is the keyed hash of an input that lies in one piece. */
export function blake3Proves(key: usize, input: usize, length: usize, expected: usize): bool {
  blake3Once(BLAKE3_ONCE, key, true, input, length, DIGEST);
  const difference = v128.or(v128.xor(v128.load(DIGEST), v128.load(expected)), v128.xor(v128.load(DIGEST, 16), v128.load(expected, 16)));
  return !v128.any_true(difference);
}
