/** AES-256 key wrapping. @source RFC 3394, 2.2 */
import { AES_KEYS } from './layout';
import { decryptBlock, encryptBlock, expandKey, invertKey } from './aes';

const ROUND_KEYS: usize = AES_KEYS;
const BUFFER: usize = AES_KEYS + 0x100;
/** Steps of unwrapping a key of 32 bytes. */
const STEPS: u64 = 24;
const INITIAL: u64 = 0xa6a6a6a6a6a6a6a6;

/** `words` 64-bit words at `data + 8` become the wrapped key at `data` (one word longer). */
export function keyWrap(kek: usize, data: usize, words: u32): void {
  expandKey(kek, ROUND_KEYS);
  let check = INITIAL;
  let step: u64 = 0;
  for (let j = 0; j < 6; j++) {
    for (let i: u32 = 1; i <= words; i++) {
      const word = data + (i << 3);
      store<u64>(BUFFER, check);
      store<u64>(BUFFER, load<u64>(word), 8);
      encryptBlock(ROUND_KEYS, BUFFER, BUFFER);
      check = load<u64>(BUFFER) ^ bswap<u64>(++step);
      store<u64>(word, load<u64>(BUFFER, 8));
    }
  }
  store<u64>(data, check);
}

/** The reverse, in place: the key is left at `data + 8`. False when the integrity word differs. */
export function keyUnwrap(kek: usize, data: usize, words: u32): bool {
  expandKey(kek, ROUND_KEYS);
  invertKey(ROUND_KEYS);
  let check = load<u64>(data);
  let step: u64 = <u64>words * 6;
  for (let j = 0; j < 6; j++) {
    for (let i = words; i >= 1; i--) {
      const word = data + (i << 3);
      store<u64>(BUFFER, check ^ bswap<u64>(step--));
      store<u64>(BUFFER, load<u64>(word), 8);
      decryptBlock(ROUND_KEYS, BUFFER, BUFFER);
      check = load<u64>(BUFFER);
      store<u64>(word, load<u64>(BUFFER, 8));
    }
  }
  return check == INITIAL;
}

/**
 * Begins to unwrap many 32-byte keys in lockstep: `heads` names so many wrapped keys by their addresses (u32). Their words go to `keys`, 32 bytes each, and the
 * first block to decrypt of each to `blocks`. The host decrypts all blocks and calls `unwrapStep` for every step from 24 down to 1.
 */
export function unwrapStart(heads: usize, count: u32, keys: usize, blocks: usize): void {
  for (let i: u32 = 0; i < count; i++, keys += 32, blocks += 16) {
    const head = <usize>load<u32>(heads + (<usize>i << 2));
    v128.store(keys, v128.load(head, 8));
    v128.store(keys, v128.load(head, 24), 16);
    store<u64>(blocks, load<u64>(head) ^ bswap<u64>(STEPS));
    store<u64>(blocks, load<u64>(head, 32), 8);
  }
}

/** Takes the decrypted blocks of one step and makes those of the next. After the last, `heads` of keys whose integrity word differs are 0. */
export function unwrapStep(heads: usize, count: u32, keys: usize, blocks: usize, step: u32): void {
  const counter = bswap<u64>(<u64>step - 1);
  const word = <usize>((step - 1) & 3) << 3;
  const next = <usize>((step - 2) & 3) << 3;
  for (let i: u32 = 0; i < count; i++, keys += 32, blocks += 16) {
    store<u64>(keys + word, load<u64>(blocks, 8));
    if (step > 1) {
      store<u64>(blocks, load<u64>(blocks) ^ counter);
      store<u64>(blocks, load<u64>(keys + next), 8);
    } else if (load<u64>(blocks) != INITIAL) store<u32>(heads + (<usize>i << 2), 0);
  }
}
