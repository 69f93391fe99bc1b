/** LZ4 blocks, both ways. @source LZ4 block format description */
import { LZ4_TABLE, XXH_STATE } from './layout';
import { xxhFinish, xxhInit, xxhUpdate } from './xxh32';

/** The compressed bytes contradict themselves. */
const DAMAGED: i32 = -1;
/** The block would grow beyond the room it was given. */
const NO_ROOM: i32 = -2;

/** Byte i of row n is i mod n: spreads a pattern of n bytes over a vector. */
const PATTERNS: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0,
  0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0,
  0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 0, 1, 2, 3, 4, 5, 6, 0, 1,
]);

/**
 * Decodes one compressed block to `output` and returns the bytes written, or a negative reason. Matches may reach down to `floor`.
 * Copies are 16 bytes wide: they read up to 15 bytes behind the input and write up to 15 behind the output, which the layout's slack allows.
 */
export function lz4DecodeBlock(input: usize, length: usize, output: usize, room: usize, floor: usize): i32 {
  const inputEnd = input + length;
  const outputEnd = output + room;
  let s = input;
  let d = output;
  while (s < inputEnd) {
    const token = <u32>load<u8>(s++);
    let literals: usize = token >> 4;
    if (literals == 15) {
      let more: u32 = 255;
      while (more == 255) {
        if (s >= inputEnd) return DAMAGED;
        more = load<u8>(s++);
        literals += more;
      }
    }
    if (s + literals > inputEnd) return DAMAGED;
    if (d + literals > outputEnd) return NO_ROOM;
    if (literals <= 16) v128.store(d, v128.load(s));
    else copyWide(d, s, literals);
    s += literals;
    d += literals;
    if (s == inputEnd) return <i32>(d - output);

    if (s + 2 > inputEnd) return DAMAGED;
    const offset: usize = load<u16>(s);
    s += 2;
    let match: usize = (token & 15) + 4;
    if (match == 19) {
      let more: u32 = 255;
      while (more == 255) {
        if (s >= inputEnd) return DAMAGED;
        more = load<u8>(s++);
        match += more;
      }
    }
    if (offset == 0 || d < floor + offset) return DAMAGED;
    if (d + match > outputEnd) return NO_ROOM;
    const from = d - offset;
    if (offset >= 16) {
      v128.store(d, v128.load(from));
      if (match > 16) copyWide(d + 16, from + 16, match - 16);
    } else copyPattern(d, from, offset, match);
    d += match;
  }
  // A block ends with literals; the loop leaves only when it does not.
  return DAMAGED;
}

@inline function copyWide(to: usize, from: usize, length: usize): void {
  const end = to + length;
  do {
    v128.store(to, v128.load(from));
    to += 16;
    from += 16;
  } while (to < end);
}

function copyPattern(to: usize, from: usize, offset: usize, length: usize): void {
  const end = to + length;
  if (offset >= 8) {
    for (; to < end; to += 8, from += 8) store<u64>(to, load<u64>(from));
    return;
  }
  const pattern = v128.swizzle(v128.load(from), v128.load(PATTERNS + (offset << 4)));
  const step: usize = 16 - (16 % offset);
  for (; to < end; to += step) v128.store(to, pattern);
}

@inline function slot(word: u64, shift: u64): usize { return <usize>(((word << 24) * 0x9e3779b185ebca87) >> shift) << 2; }

/**
 * Greedy match search over a hash table of 5-byte words. Returns the compressed length, or 0 when the block would not get smaller.
 * The format's end rules: the last match starts at least 12 bytes before the end and the last 5 bytes are literals.
 */
export function lz4EncodeBlock(input: usize, length: usize, output: usize): i32 {
  const end = input + length;
  const lastOutput = output + length;
  let d = output;
  let anchor = input;
  if (length >= 16) {
    const bits: u64 = min<u64>(16, max<u64>(8, 64 - clz<u64>(length)));
    const shift: u64 = 64 - bits;
    memory.fill(LZ4_TABLE, 0, <usize>4 << <usize>bits);
    const matchLimit = end - 12;
    const copyLimit = end - 5;
    let s = input;
    let misses: usize = 1 << 6;
    while (s <= matchLimit) {
      const word = load<u64>(s);
      const entry = LZ4_TABLE + slot(word, shift);
      const candidate = input + load<u32>(entry);
      store<u32>(entry, <u32>(s - input));
      // One branch for all of it: a candidate not before `s` makes the distance wrap round.
      if ((s - candidate - 1 >= 65535 ? 1 : 0) | (load<u32>(candidate) != <u32>word ? 1 : 0)) {
        s += misses++ >> 6;
        continue;
      }
      let from = candidate;
      while (s > anchor && from > input && load<u8>(s - 1) == load<u8>(from - 1)) {
        s--;
        from--;
      }
      const literals = s - anchor;
      const matchStart = s;
      const offset = s - from;
      s = commonEnd(s + 4, from + 4, copyLimit);
      const match = s - matchStart - 4;
      if (d + literals + literals / 255 + match / 255 + 16 > lastOutput) return 0;
      d = putSequence(d, anchor, literals, match);
      store<u16>(d, <u16>offset);
      d += 2;
      if (match >= 15) d = putLength(d, match - 15);
      anchor = s;
      misses = 1 << 6;
      if (s <= matchLimit) {
        store<u32>(LZ4_TABLE + slot(load<u64>(s - 2), shift), <u32>(s - 2 - input));
      }
    }
  }
  const literals = end - anchor;
  if (d + literals + literals / 255 + 2 >= lastOutput) return 0;
  d = putSequence(d, anchor, literals, 0);
  return <i32>(d - output);
}

/** First position from `s` on that differs from its copy, at most `limit`. */
@inline function commonEnd(s: usize, from: usize, limit: usize): usize {
  while (s + 8 <= limit) {
    const difference = load<u64>(s) ^ load<u64>(from);
    if (difference != 0) return s + <usize>(ctz<u64>(difference) >> 3);
    s += 8;
    from += 8;
  }
  while (s < limit && load<u8>(s) == load<u8>(from)) {
    s++;
    from++;
  }
  return s;
}

@inline function putSequence(d: usize, anchor: usize, literals: usize, match: usize): usize {
  const token = d++;
  const low = min<usize>(match, 15);
  if (literals >= 15) {
    store<u8>(token, <u8>(0xf0 | low));
    d = putLength(d, literals - 15);
    copyWide(d, anchor, literals);
  } else {
    store<u8>(token, <u8>((literals << 4) | low));
    v128.store(d, v128.load(anchor));
  }
  return d + literals;
}

@inline function putLength(d: usize, rest: usize): usize {
  for (; rest >= 255; rest -= 255) store<u8>(d++, 255);
  store<u8>(d++, <u8>rest);
  return d;
}

const FRAME_BLOCK: usize = 4 << 20;
const STORED: u32 = 0x80000000;

/**
 * One frame of independent 4 MiB blocks with a content checksum, in place: `output` needs room for the input, 4 bytes for each block, 15 for the ends and 64 of
 * slack. Blocks that would not get smaller are stored. Returns the length. @source LZ4 frame format description
 */
export function lz4EncodeFrame(input: usize, length: usize, output: usize): u32 {
  // 64: version 1, independent blocks, content checksum. 70: blocks of up to 4 MiB. b9: checksum of the two.
  store<u32>(output, 0x184d2204);
  store<u32>(output, 0x00b97064, 4);
  let d = output + 7;
  xxhInit(XXH_STATE, 0);
  xxhUpdate(XXH_STATE, input, length);
  for (let done: usize = 0; done < length; done += FRAME_BLOCK) {
    const size = min<usize>(FRAME_BLOCK, length - done);
    const packed = lz4EncodeBlock(input + done, size, d + 4);
    if (packed > 0) {
      store<u32>(d, <u32>packed);
      d += 4 + <usize>packed;
    } else {
      store<u32>(d, <u32>size | STORED);
      memory.copy(d + 4, input + done, size);
      d += 4 + size;
    }
  }
  store<u32>(d, 0);
  store<u32>(d, xxhFinish(XXH_STATE), 4);
  return <u32>(d + 8 - output);
}

/**
 * The content of a frame as `lz4EncodeFrame` makes them, in place; at most `room` bytes and 15 of slack at `output`. Negative: another form of frame, damaged,
 * or larger than the room.
 */
export function lz4DecodeFrame(frame: usize, length: usize, output: usize, room: usize): i32 {
  if (length < 15 || load<u32>(frame) != 0x184d2204 || (load<u32>(frame, 4) & 0xffffff) != 0xb97064) return DAMAGED;
  const end = frame + length;
  let s = frame + 7;
  let written: usize = 0;
  while (s + 8 <= end) {
    const word = load<u32>(s);
    s += 4;
    if (word == 0) {
      xxhInit(XXH_STATE, 0);
      xxhUpdate(XXH_STATE, output, written);
      return load<u32>(s) == xxhFinish(XXH_STATE) ? <i32>written : DAMAGED;
    }
    const size: usize = word & ~STORED;
    if (size > FRAME_BLOCK || s + size > end) return DAMAGED;
    const left = min<usize>(FRAME_BLOCK, room - written);
    if (word & STORED) {
      if (size > left) return NO_ROOM;
      memory.copy(output + written, s, size);
      written += size;
    } else {
      const plain = lz4DecodeBlock(s, size, output + written, left, output + written);
      if (plain < 0) return plain;
      written += <usize>plain;
    }
    s += size;
  }
  return DAMAGED;
}
