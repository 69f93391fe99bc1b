/** What the host sees. The addresses of its memory go with it; see src/module.ts for the other side. */
import { prepareAes } from './aes';
import { prepareGear } from './fastcdc';

export { blake3Finish, blake3Init, blake3Once, blake3Proves, blake3Update } from './blake3';
export { xxhFinish, xxhInit, xxhUpdate } from './xxh32';
export { lz4DecodeBlock, lz4DecodeFrame, lz4EncodeBlock, lz4EncodeFrame } from './lz4';
export { keyUnwrap, keyWrap, unwrapStart, unwrapStep } from './key-wrap';
export {
  sivAuthenticate,
  sivCounters,
  sivCryptShort,
  sivOpenFinish,
  sivOpenShort,
  sivOpenStart,
  sivSealFinish,
  sivSealShort,
  sivSealStart,
  sivStart,
  sivTag,
  sivTagMatches,
  xorInto,
} from './gcm-siv';
export { blake2b } from './blake2b';
export { addByteCounts, gearScan, gearStart, isZero } from './fastcdc';
export { argon2Fill, argon2Fold } from './argon2';

export { ARGS, BYTE_COUNTS, BLAKE3_ONCE, BLAKE3_RESIDENT, END, HISTORY, INPUT, OUTPUT, XXH_STATE, XXH_STATE_BLOCK } from './layout';
export { BLAKE3_STATE_BYTES } from './blake3';
export { SIV_MESSAGE_KEY, SIV_TAG } from './gcm-siv';

prepareAes();
prepareGear();
