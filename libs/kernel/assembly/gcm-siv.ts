/** The parts of AES-256-GCM-SIV, without additional data. @source RFC 8452, section 4 */
import { AES_KEYS, SIV_STATE } from './layout';
import { encryptBlock, expandKey } from './aes';
import { polyvalStart, polyvalSum, polyvalUpdate } from './polyval';

const GENERATING: usize = AES_KEYS + 0x200;
const ENCRYPTING: usize = AES_KEYS + 0x300;
const NONCE: usize = SIV_STATE;
const AUTHENTICATION: usize = SIV_STATE + 0x10;
/** The 32-byte encryption key of this nonce, for the caller's AES. */
export const SIV_MESSAGE_KEY: usize = SIV_STATE + 0x20;
export const SIV_TAG: usize = SIV_STATE + 0x40;
const BLOCK: usize = SIV_STATE + 0x50;

/** Derives both keys of a nonce and begins the authenticating sum. */
export function sivStart(key: usize, nonce: usize): void {
  expandKey(key, GENERATING);
  store<u64>(NONCE, load<u64>(nonce));
  store<u32>(NONCE, load<u32>(nonce, 8), 8);
  for (let i: u32 = 0; i < 6; i++) {
    store<u32>(BLOCK, i);
    store<u64>(BLOCK, load<u64>(NONCE), 4);
    store<u32>(BLOCK, load<u32>(NONCE, 8), 12);
    encryptBlock(GENERATING, BLOCK, BLOCK);
    store<u64>(AUTHENTICATION + (<usize>i << 3), load<u64>(BLOCK));
  }
  expandKey(SIV_MESSAGE_KEY, ENCRYPTING);
  polyvalStart(AUTHENTICATION);
}

/** Adds plaintext to the sum; only the last piece may have a length that is no multiple of 16. Overwrites up to 15 bytes behind it. */
export function sivAuthenticate(input: usize, length: u32): void {
  const blocks = (length + 15) >> 4;
  memory.fill(input + length, 0, (blocks << 4) - length);
  polyvalUpdate(input, blocks);
}

/** Ends the sum and leaves the tag at SIV_TAG. */
export function sivTag(lengthBytes: u64): void {
  store<u64>(BLOCK, 0);
  store<u64>(BLOCK, lengthBytes << 3, 8);
  polyvalUpdate(BLOCK, 1);
  const sum = polyvalSum();
  store<u64>(BLOCK, load<u64>(sum) ^ load<u64>(NONCE));
  store<u64>(BLOCK, (load<u64>(sum, 8) ^ <u64>load<u32>(NONCE, 8)) & 0x7fffffffffffffff, 8);
  encryptBlock(ENCRYPTING, BLOCK, SIV_TAG);
}

/** `blocks` counter blocks from number `first` on, for the tag at `tag`. The counter is 32 bits wide and wraps. */
export function sivCounters(tag: usize, first: u32, blocks: u32, output: usize): void {
  const base = v128.or(v128.load(tag), i64x2(0, 0x8000000000000000));
  let counter = i32x4.add(base, i32x4.replace_lane(i32x4.splat(0), 0, first));
  const one = i32x4(1, 0, 0, 0);
  for (let i: u32 = 0; i < blocks; i++, output += 16) {
    v128.store(output, counter);
    counter = i32x4.add(counter, one);
  }
}

/** `target` ^= `source`, in whole vectors: up to 15 bytes more than `length` are touched. */
export function xorInto(target: usize, source: usize, length: u32): void {
  const end = target + length;
  for (; target < end; target += 16, source += 16) v128.store(target, v128.xor(v128.load(target), v128.load(source)));
}

/** Encrypts or decrypts a short text in place, all in this module. */
export function sivCryptShort(tag: usize, data: usize, length: u32): void {
  const blocks = (length + 15) >> 4;
  for (let i: u32 = 0; i < blocks; i++) {
    sivCounters(tag, i, 1, BLOCK);
    encryptBlock(ENCRYPTING, BLOCK, BLOCK);
    const at = data + (<usize>i << 4);
    v128.store(at, v128.xor(v128.load(at), v128.load(BLOCK)));
  }
}

/** Compares the expected tag with the one at SIV_TAG without an early end. */
export function sivTagMatches(expected: usize): bool {
  return !v128.any_true(v128.xor(v128.load(expected), v128.load(SIV_TAG)));
}

/** Seals a short text where it lies, all in this module: the tag follows it. The 15 bytes behind the text must be free. */
export function sivSealShort(key: usize, nonce: usize, data: usize, length: u32): void {
  sivStart(key, nonce);
  sivAuthenticate(data, length);
  sivTag(length);
  sivCryptShort(SIV_TAG, data, length);
  v128.store(data + length, v128.load(SIV_TAG));
}

/**
 * First half of sealing a longer text: afterwards the tag lies at SIV_TAG, the message key at SIV_MESSAGE_KEY and the counter blocks at `counters`. The host
 * encrypts those and calls `sivSealFinish`. The 15 bytes behind the text must be free.
 */
export function sivSealStart(key: usize, nonce: usize, data: usize, length: u32, counters: usize): void {
  sivStart(key, nonce);
  sivAuthenticate(data, length);
  sivTag(length);
  sivCounters(SIV_TAG, 0, (length + 15) >> 4, counters);
}

/** Second half: the key stream is at `stream`; the tag is put behind the text. */
export function sivSealFinish(data: usize, stream: usize, length: u32): void {
  xorInto(data, stream, length);
  v128.store(data + length, v128.load(SIV_TAG));
}

/** First half of opening: `sealed` is the text of `length` bytes and its tag. Leaves the message key and the counter blocks as `sivSealStart` does. */
export function sivOpenStart(key: usize, nonce: usize, sealed: usize, length: u32, counters: usize): void {
  sivStart(key, nonce);
  sivCounters(sealed + length, 0, (length + 15) >> 4, counters);
}

/**
 * Second half: opens into `output` (15 bytes of slack behind it) and says whether the tag is right. With `stream` 0 the text is short and this module makes
 * the key stream itself.
 */
export function sivOpenFinish(sealed: usize, stream: usize, length: u32, output: usize): bool {
  memory.copy(output, sealed, length);
  if (stream == 0) sivCryptShort(sealed + length, output, length);
  else xorInto(output, stream, length);
  sivAuthenticate(output, length);
  sivTag(length);
  return sivTagMatches(sealed + length);
}

/** Opens a short text that follows its nonce, all in this module: `length` bytes into `output` (15 bytes of slack behind it). Says whether the tag is right. */
export function sivOpenShort(key: usize, nonce: usize, length: u32, output: usize): bool {
  sivStart(key, nonce);
  return sivOpenFinish(nonce + 12, 0, length, output);
}
