/**
 * AES-256 on single blocks by tables, for short messages and key wrapping; bulk encryption is the caller's (node:crypto).
 * Table look-ups depend on the data: not constant in time against somebody who shares the processor's cache.
 * @source FIPS 197
 */
import { AES_TABLES } from './layout';

const SBOX: usize = AES_TABLES;
const INVERSE: usize = AES_TABLES + 0x100;
/** Columns of MixColumns times the S-box; the other three tables are rotations of the first. */
const ENCRYPT: usize = AES_TABLES + 0x200;
const DECRYPT: usize = AES_TABLES + 0x1200;

const ROUNDS: i32 = 14;
export const ROUND_KEY_BYTES: usize = 240;

@inline function double(x: u32): u32 { return ((x << 1) ^ ((x >> 7) * 0x1b)) & 0xff; }

/** Fills the tables; called once by the module's start. */
export function prepareAes(): void {
  // p runs through the powers of 3, q through their inverses.
  let p: u32 = 1;
  let q: u32 = 1;
  do {
    p = (p ^ double(p)) & 0xff;
    q ^= q << 1;
    q ^= q << 2;
    q ^= q << 4;
    q &= 0xff;
    if (q & 0x80) q ^= 0x09;
    setSbox(p, (q ^ rotl8(q, 1) ^ rotl8(q, 2) ^ rotl8(q, 3) ^ rotl8(q, 4) ^ 0x63) & 0xff);
  } while (p != 1);
  setSbox(0, 0x63);
  for (let i: u32 = 0; i < 256; i++) {
    const s = <u32>load<u8>(SBOX + i);
    const s2 = double(s);
    setColumns(ENCRYPT + (i << 2), s2 | (s << 8) | (s << 16) | ((s2 ^ s) << 24));
    const t = <u32>load<u8>(INVERSE + i);
    const t2 = double(t);
    const t4 = double(t2);
    const t8 = double(t4);
    setColumns(DECRYPT + (i << 2), (t8 ^ t4 ^ t2) | ((t8 ^ t) << 8) | ((t8 ^ t4 ^ t) << 16) | ((t8 ^ t2 ^ t) << 24));
  }
}

function rotl8(x: u32, by: u32): u32 { return ((x << by) | (x >> (8 - by))) & 0xff; }

function setSbox(from: u32, to: u32): void {
  store<u8>(SBOX + from, to);
  store<u8>(INVERSE + to, from);
}

function setColumns(at: usize, column: u32): void {
  for (let i: u32 = 0; i < 4; i++) store<u32>(at + (i << 10), rotl<u32>(column, i << 3));
}

@inline function sub(word: u32): u32 {
  return <u32>load<u8>(SBOX + (word & 0xff)) | (<u32>load<u8>(SBOX + ((word >> 8) & 0xff)) << 8)
    | (<u32>load<u8>(SBOX + ((word >> 16) & 0xff)) << 16) | (<u32>load<u8>(SBOX + (word >> 24)) << 24);
}

/** Round keys for encryption (240 bytes at `roundKeys`). */
export function expandKey(key: usize, roundKeys: usize): void {
  memory.copy(roundKeys, key, 32);
  let constant: u32 = 1;
  for (let i: usize = 8; i < 60; i++) {
    let word = load<u32>(roundKeys + ((i - 1) << 2));
    if ((i & 7) == 0) {
      word = sub(rotr<u32>(word, 8)) ^ constant;
      constant = double(constant);
    } else if ((i & 7) == 4) word = sub(word);
    store<u32>(roundKeys + (i << 2), load<u32>(roundKeys + ((i - 8) << 2)) ^ word);
  }
}

/** Turns encryption round keys into those of the equivalent inverse cipher, in place. */
export function invertKey(roundKeys: usize): void {
  for (let i: usize = 16; i < ROUND_KEY_BYTES - 16; i += 4) {
    const w = load<u32>(roundKeys + i);
    store<u32>(roundKeys + i, columns(DECRYPT, <u32>load<u8>(SBOX + (w & 0xff)), <u32>load<u8>(SBOX + ((w >> 8) & 0xff)), <u32>load<u8>(SBOX + ((w >> 16) & 0xff)), <u32>load<u8>(SBOX + (w >> 24))));
  }
  for (let low: usize = 0, high: usize = ROUND_KEY_BYTES - 16; low < high; low += 16, high -= 16) {
    const keep = v128.load(roundKeys + low);
    v128.store(roundKeys + low, v128.load(roundKeys + high));
    v128.store(roundKeys + high, keep);
  }
}

// Tables are immediate offsets and bytes are scaled where they are cut out: each look-up is a shift, a mask and a load.
@inline function columns(table: usize, a: u32, b: u32, c: u32, d: u32): u32 {
  return load<u32>(table + (a << 2)) ^ load<u32>(table + (b << 2), 0x400) ^ load<u32>(table + (c << 2), 0x800) ^ load<u32>(table + (d << 2), 0xc00);
}

@inline function mixEncrypting(a: u32, b: u32, c: u32, d: u32): u32 {
  return load<u32>(<usize>((a << 2) & 0x3fc), ENCRYPT) ^ load<u32>(<usize>((b >> 6) & 0x3fc), ENCRYPT + 0x400)
    ^ load<u32>(<usize>((c >> 14) & 0x3fc), ENCRYPT + 0x800) ^ load<u32>(<usize>((d >> 22) & 0x3fc), ENCRYPT + 0xc00);
}

@inline function mixDecrypting(a: u32, b: u32, c: u32, d: u32): u32 {
  return load<u32>(<usize>((a << 2) & 0x3fc), DECRYPT) ^ load<u32>(<usize>((b >> 6) & 0x3fc), DECRYPT + 0x400)
    ^ load<u32>(<usize>((c >> 14) & 0x3fc), DECRYPT + 0x800) ^ load<u32>(<usize>((d >> 22) & 0x3fc), DECRYPT + 0xc00);
}

@inline function last(box: usize, a: u32, b: u32, c: u32, d: u32): u32 {
  return <u32>load<u8>(box + (a & 0xff)) | (<u32>load<u8>(box + ((b >> 8) & 0xff)) << 8)
    | (<u32>load<u8>(box + ((c >> 16) & 0xff)) << 16) | (<u32>load<u8>(box + (d >> 24)) << 24);
}

export function encryptBlock(roundKeys: usize, input: usize, output: usize): void {
  encryptWords(roundKeys, load<u32>(input), load<u32>(input, 4), load<u32>(input, 8), load<u32>(input, 12), output);
}

/** Encrypts a block that comes as words; `output` is written, or what lies there is combined with it when `combine`. */
@inline function encryptWords(roundKeys: usize, w0: u32, w1: u32, w2: u32, w3: u32, output: usize): void {
  let k = roundKeys;
  let a = w0 ^ load<u32>(k);
  let b = w1 ^ load<u32>(k, 4);
  let c = w2 ^ load<u32>(k, 8);
  let d = w3 ^ load<u32>(k, 12);
  for (let round = 1; round < ROUNDS; round++) {
    k += 16;
    const e = mixEncrypting(a, b, c, d) ^ load<u32>(k);
    const f = mixEncrypting(b, c, d, a) ^ load<u32>(k, 4);
    const g = mixEncrypting(c, d, a, b) ^ load<u32>(k, 8);
    d = mixEncrypting(d, a, b, c) ^ load<u32>(k, 12);
    a = e;
    b = f;
    c = g;
  }
  k += 16;
  store<u32>(output, last(SBOX, a, b, c, d) ^ load<u32>(k));
  store<u32>(output, last(SBOX, b, c, d, a) ^ load<u32>(k, 4), 4);
  store<u32>(output, last(SBOX, c, d, a, b) ^ load<u32>(k, 8), 8);
  store<u32>(output, last(SBOX, d, a, b, c) ^ load<u32>(k, 12), 12);
}

/** `roundKeys` as left by `invertKey`. */
export function decryptBlock(roundKeys: usize, input: usize, output: usize): void {
  let k = roundKeys;
  let a = load<u32>(input) ^ load<u32>(k);
  let b = load<u32>(input, 4) ^ load<u32>(k, 4);
  let c = load<u32>(input, 8) ^ load<u32>(k, 8);
  let d = load<u32>(input, 12) ^ load<u32>(k, 12);
  for (let round = 1; round < ROUNDS; round++) {
    k += 16;
    const e = mixDecrypting(a, d, c, b) ^ load<u32>(k);
    const f = mixDecrypting(b, a, d, c) ^ load<u32>(k, 4);
    const g = mixDecrypting(c, b, a, d) ^ load<u32>(k, 8);
    d = mixDecrypting(d, c, b, a) ^ load<u32>(k, 12);
    a = e;
    b = f;
    c = g;
  }
  k += 16;
  store<u32>(output, last(INVERSE, a, d, c, b) ^ load<u32>(k));
  store<u32>(output, last(INVERSE, b, a, d, c) ^ load<u32>(k, 4), 4);
  store<u32>(output, last(INVERSE, c, b, a, d) ^ load<u32>(k, 8), 8);
  store<u32>(output, last(INVERSE, d, c, b, a) ^ load<u32>(k, 12), 12);
}
