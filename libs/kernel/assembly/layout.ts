/**
 * Fixed map of the linear memory. Nothing is allocated while the module runs, so its size never changes
 * (Argon2id apart, which runs in an instance of its own and grows behind END).
 */

/** Tables and states of the ciphers, below the first 64 KiB page boundary the compiler's own constants stay. */
export const AES_TABLES: usize = 0x10000;
export const AES_KEYS: usize = 0x14000;
export const SIV_STATE: usize = 0x15000;
export const POLY_TABLE: usize = 0x16000;
export const POLY_SCRATCH: usize = 0x18000;
export const BLAKE3_ONCE: usize = 0x1a000;
export const BLAKE3_RESIDENT: usize = 0x1b000;
export const BLAKE3_SCRATCH: usize = 0x1c000;
export const XXH_STATE: usize = 0x1d000;
export const XXH_STATE_BLOCK: usize = 0x1d100;
export const BLAKE2_SCRATCH: usize = 0x1e000;
export const ARGON_SCRATCH: usize = 0x20000;
export const GEAR_DOUBLED: usize = 0x22000;
export const COUNTS: usize = 0x23000;
/** 256 u32. */
export const BYTE_COUNTS: usize = 0x24000;
/** Small arguments: keys, nonces, tags, digests. */
export const ARGS: usize = 0x28000;
export const LZ4_TABLE: usize = 0x30000;
/** 32 KiB. */
export const POLY_BYTES: usize = 0x80000;
/** Input window: 4 MiB and 64 KiB of slack that wide copies may touch. */
export const INPUT: usize = 0x100000;
/** The last 64 KiB of what a linked LZ4 block may refer to, directly before OUTPUT. */
export const HISTORY: usize = 0x510000;
/** Output window: 4 MiB and 64 KiB of slack. */
export const OUTPUT: usize = 0x520000;
export const END: usize = 0x940000;
