/** Words and vector steps of BLAKE3. @source BLAKE3 specification, 2.2 */

export const IV0: u32 = 0x6a09e667;
export const IV1: u32 = 0xbb67ae85;
export const IV2: u32 = 0x3c6ef372;
export const IV3: u32 = 0xa54ff53a;

// prettier-ignore
@inline export function rotate16(x: v128): v128 { return v128.shuffle<u8>(x, x, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13); }
@inline export function rotate8(x: v128): v128 { return v128.shuffle<u8>(x, x, 1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12); }
@inline export function rotate12(x: v128): v128 { return v128.or(i32x4.shr_u(x, 12), i32x4.shl(x, 20)); }
@inline export function rotate7(x: v128): v128 { return v128.or(i32x4.shr_u(x, 7), i32x4.shl(x, 25)); }

/** Turns 4 rows of 4 words into 4 columns and stores them. */
@inline export function storeTransposed(a: v128, b: v128, c: v128, d: v128, out: usize, step: usize): void {
  const ab0 = v128.shuffle<u32>(a, b, 0, 4, 1, 5);
  const ab1 = v128.shuffle<u32>(a, b, 2, 6, 3, 7);
  const cd0 = v128.shuffle<u32>(c, d, 0, 4, 1, 5);
  const cd1 = v128.shuffle<u32>(c, d, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<u32>(ab0, cd0, 0, 1, 4, 5));
  v128.store(out + step, v128.shuffle<u32>(ab0, cd0, 2, 3, 6, 7));
  v128.store(out + step * 2, v128.shuffle<u32>(ab1, cd1, 0, 1, 4, 5));
  v128.store(out + step * 3, v128.shuffle<u32>(ab1, cd1, 2, 3, 6, 7));
}

/** Reads 16 bytes of each of four inputs and stores the four words of equal position together. */
@inline export function transpose(input: usize, stride: usize, out: usize): void {
  storeTransposed(v128.load(input), v128.load(input + stride), v128.load(input + stride * 2), v128.load(input + stride * 3), out, 16);
}
