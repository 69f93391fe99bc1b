import { mac, struct, u32, u8 } from '../codec/binary.js';
import { about } from '../codec/codec.js';

/** Head of a frame in a directory pack; the payload, `length - 32` bytes of a vfs-entry, and its MAC follow. @source 02-snapshot 2.5 */
export const dirpackFrameHead = about(
  struct('dirpack-frame', { kind: u8, length: u32 }),
  'Head of one frame of a directory pack: 1 = directory, 2 = anything else; length counts payload and MAC.',
);

/** What follows the payload: the MAC of the payload. */
export const dirpackFrameTail = struct('dirpack-frame-tail', { mac });

export const DIRPACK_DIRECTORY = 1;
export const DIRPACK_OTHER = 2;
/** Longest payload taken as honest: names, targets and attribute lists stay far below. */
export const DIRPACK_MAX_FRAME_BYTES = 16 << 20;
