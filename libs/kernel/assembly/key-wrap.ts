/** AES-256 key wrapping. @source RFC 3394, 2.2 */
import { AES_KEYS } from './layout';
import { decryptBlock, encryptBlock, expandKey, invertKey } from './aes';

const ROUND_KEYS: usize = AES_KEYS;
const BUFFER: usize = AES_KEYS + 0x100;
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
