/**
 * Why a kernel refused its input.
 * `tag`: the authentication tag differs · `unwrap`: the integrity value of a wrapped key differs · `frame`: not a legal LZ4 frame, or a checksum of it differs ·
 * `limit`: the output would grow beyond the limit given · `input`: an argument has a length or value no caller should pass.
 */
export type KernelErrorKind = 'tag' | 'unwrap' | 'frame' | 'limit' | 'input';

/** The only error the kernels throw. Callers test `kind`; the message names lengths and offsets, never bytes. */
export class KernelError extends Error {
  override readonly name = 'KernelError';
  constructor(
    readonly kind: KernelErrorKind,
    message: string,
  ) {
    super(message);
  }
}
