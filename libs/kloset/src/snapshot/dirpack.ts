import { compareBytes, equalBytes, parentPath } from '@wardrobe/kloset-model';
import { concatBytes, macFromBytes } from '../bytes/bytes.js';
import { WordReader } from '../codec/word-reader.js';
import { DecodeError } from '../errors/errors.js';
import { DIRPACK_DIRECTORY, DIRPACK_MAX_FRAME_BYTES, DIRPACK_OTHER, dirpackFrameHead } from '../format/snapshot-dirpack.js';
import { isRootPath, readEntry } from './entry.js';
import type { SnapshotContext } from './context.js';
import type { Abortable } from './source.js';
import type { Entry, ObjectInfo } from './types.js';

/** One frame of a packed listing. `payload` is a view that lives as long as the frame does. */
export type DirpackFrame = {
  readonly kind: number;
  readonly payload: Uint8Array;
  readonly mac: Uint8Array /** First byte of the frame in the object. */;
  readonly start: number /** First byte after it. */;
  readonly end: number;
};

const HEAD_BYTES = dirpackFrameHead.sizeBytes;
const MAC_BYTES = 32;

/**
 * Frames from byte `from` (the start of a frame) on, those of one chunk at a time; reads chunk after chunk and holds one.
 * @throws DecodeError frames that do not add up; NotFoundError, IntegrityError a chunk
 * @source 02-snapshot 2.5
 */
export async function* dirpackFrames(
  context: SnapshotContext,
  object: ObjectInfo,
  options: Abortable & { readonly from?: number } = {},
): AsyncGenerator<readonly DirpackFrame[]> {
  const from = options.from ?? 0;
  let carry: Uint8Array = new Uint8Array(0);
  let carryStart = from;
  let chunkStart = 0;
  for (const chunk of object.chunks) {
    const start = chunkStart;
    chunkStart += chunk.lengthBytes;
    if (chunkStart <= from || chunk.lengthBytes === 0) continue;
    options.signal?.throwIfAborted();
    const bytes = await context.chunks.get(chunk, options);
    const fresh = bytes.subarray(Math.max(0, from - start));
    const buffer = carry.length === 0 ? fresh : concatBytes([carry, fresh]);
    const { frames, used } = splitFrames(buffer, carryStart);
    carry = buffer.subarray(used);
    carryStart += used;
    if (frames.length > 0) yield frames;
  }
  if (carry.length > 0) throw new DecodeError('dirpack', `ends inside a frame at byte ${carryStart}`, { kind: 'dirpack', file: object.mac });
}

function splitFrames(buffer: Uint8Array, start: number): { readonly frames: DirpackFrame[]; readonly used: number } {
  const frames: DirpackFrame[] = [];
  const words = new WordReader(buffer);
  let at = 0;
  while (buffer.length - at >= HEAD_BYTES) {
    const kind = words.u8(at + dirpackFrameHead.offsets.kind);
    const length = words.u32(at + dirpackFrameHead.offsets.length);
    if (kind !== DIRPACK_DIRECTORY && kind !== DIRPACK_OTHER) throw new DecodeError('dirpack', `frame kind ${kind} at byte ${start + at}`);
    if (length <= MAC_BYTES || length > DIRPACK_MAX_FRAME_BYTES) throw new DecodeError('dirpack', `frame of ${length} bytes at byte ${start + at}`);
    const end = at + HEAD_BYTES + length;
    if (end > buffer.length) break;
    frames.push({
      kind,
      payload: buffer.subarray(at + HEAD_BYTES, end - MAC_BYTES),
      mac: buffer.subarray(end - MAC_BYTES, end),
      start: start + at,
      end: start + end,
    });
    at = end;
  }
  return { frames, used: at };
}

/** One frame whose place is known; reads only the chunks it lies in. @throws DecodeError there is no frame of that length */
export async function dirpackFrameAt(
  context: SnapshotContext,
  object: ObjectInfo,
  place: Abortable & { readonly start: number; readonly end: number },
): Promise<DirpackFrame> {
  const parts: Uint8Array[] = [];
  let chunkStart = 0;
  for (const chunk of object.chunks) {
    const start = chunkStart;
    chunkStart += chunk.lengthBytes;
    if (chunkStart <= place.start || start >= place.end || chunk.lengthBytes === 0) continue;
    const bytes = await context.chunks.get(chunk, place);
    parts.push(bytes.subarray(Math.max(0, place.start - start), Math.min(chunk.lengthBytes, place.end - start)));
  }
  const [frame] = splitFrames(parts.length === 1 ? (parts[0] as Uint8Array) : concatBytes(parts), place.start).frames;
  if (frame === undefined || frame.end !== place.end)
    throw new DecodeError('dirpack', `no frame at byte ${place.start}`, { kind: 'dirpack', file: object.mac });
  return frame;
}

/** Takes the frames of one directory in order and refuses what cannot be listed. */
export type FrameReader<T> = { read(frame: DirpackFrame): T };

/** @throws DecodeError (from `read`) a frame that is not an entry of `directory`, is out of order, or does not match its MAC */
export function createFrameReader(context: SnapshotContext, directory: Uint8Array): FrameReader<Entry> {
  let last: Uint8Array | null = null;
  return {
    read(frame) {
      const entry = readChildFrame(context, { directory, last }, frame);
      last = entry.name.bytes;
      return entry;
    },
  };
}

/** @throws DecodeError as `createFrameReader`; `last`: the name before it */
export function readChildFrame(
  context: SnapshotContext,
  { directory, last }: { readonly directory: Uint8Array; readonly last: Uint8Array | null },
  frame: DirpackFrame,
): Entry {
  const entry = readFrame(context, frame);
  const isChild = equalBytes(parentPath(entry.path.bytes), directory) && !isRootPath(entry.path.bytes);
  if (!isChild) throw new DecodeError('dirpack', `${entry.path.text} in the listing of another directory`);
  if (last !== null && compareBytes(last, entry.name.bytes) >= 0) throw new DecodeError('dirpack', `${entry.path.text} is out of order`);
  if ((frame.kind === DIRPACK_DIRECTORY) !== (entry.type === 'directory'))
    throw new DecodeError('dirpack', `${entry.path.text} is of another kind than its frame says`);
  return entry;
}

/** @throws DecodeError the payload is no entry, or not the one that the frame's MAC names */
export function readFrame(context: SnapshotContext, frame: DirpackFrame): Entry {
  proveFrame(context, frame);
  return readEntry(frame.payload, macFromBytes(frame.mac));
}

/** @throws DecodeError the payload of the frame has another MAC */
export function proveFrame({ source }: SnapshotContext, { payload, mac, start }: DirpackFrame): void {
  const isProven = source.proves === undefined ? source.mac(payload) === macFromBytes(mac) : source.proves(payload, mac);
  if (!isProven) throw new DecodeError('dirpack', `the frame at byte ${start} does not match its MAC`);
}
