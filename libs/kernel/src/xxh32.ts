import { kernel, windowBytes } from './module.js';

/** xxHash32 as an unsigned number. @source xxHash specification, XXH32 */
export function xxh32(data: Uint8Array, seed = 0): number {
  const { bytes, at, call } = kernel();
  call.xxhInit(at.xxh, seed);
  for (let from = 0; from < data.length; from += windowBytes) {
    const piece = data.length <= windowBytes ? data : data.subarray(from, from + windowBytes);
    bytes.set(piece, at.input);
    call.xxhUpdate(at.xxh, at.input, piece.length);
  }
  return call.xxhFinish(at.xxh) >>> 0;
}
