import type { FileHandle } from 'node:fs/promises';
import { damaged } from '../cache-error.js';
import { openForReading, readAt } from '../files.js';

export const WAL_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const FRAMES_PER_READ = 64;
const WAL_VERSION = 3007000;
const BIG_ENDIAN_SUMS = 0x377f0683;
const LITTLE_ENDIAN_SUMS = 0x377f0682;

/** `frames`: those SQLite will use, up to the last whole commit. `slots`: frames the file has room for, most of them leftovers. */
export type WalFacts = { readonly sizeBytes: number; readonly slots: number; readonly frames: number; readonly committedFrames: number };

type Sums = readonly [number, number];
type WalHeader = { readonly pageBytes: number; readonly littleEndian: boolean; readonly salts: Uint8Array; readonly sums: Sums };

/**
 * Checks a `-wal` as SQLite will read it. SQLite stops without a word at the first frame that does not verify, and ignores a file
 * with a bad header: right for a torn end, but one flipped bit would hide every later commit. Frames of the current round behind
 * the end are leftovers of a transaction that was given up, and those hold no commit.
 * @throws CacheReadError a bad header, or a commit of this round behind the first bad frame
 * @source SQLite, "WAL file format"
 */
export async function checkWal(path: string, sizeBytes: number): Promise<WalFacts> {
  if (sizeBytes === 0) return { sizeBytes, slots: 0, frames: 0, committedFrames: 0 };
  const handle = await openForReading(path);
  try {
    const header = parseHeader(await readAt(handle, 0, WAL_HEADER_BYTES));
    return await walkFrames(handle, header, sizeBytes);
  } finally {
    await handle.close();
  }
}

async function walkFrames(handle: FileHandle, header: WalHeader, sizeBytes: number): Promise<WalFacts> {
  const frameBytes = FRAME_HEADER_BYTES + header.pageBytes;
  const slots = Math.floor((sizeBytes - WAL_HEADER_BYTES) / frameBytes);
  let sums = header.sums;
  let frames = 0;
  let committedFrames = 0;
  let ended = false;
  let group: Uint8Array = new Uint8Array();
  for (let index = 0; index < slots; index++) {
    const inGroup = index % FRAMES_PER_READ;
    if (inGroup === 0) group = await readAt(handle, WAL_HEADER_BYTES + index * frameBytes, FRAMES_PER_READ * frameBytes);
    const frame = group.subarray(inGroup * frameBytes, (inGroup + 1) * frameBytes);
    if (frame.length < frameBytes) throw damaged('state.db-wal became shorter while it was read');
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    const stored: Sums = [view.getUint32(16), view.getUint32(20)];
    const ofThisRound = isOfThisRound(frame, header);
    const valid = ofThisRound && matches(checksum(frame.subarray(FRAME_HEADER_BYTES), checksum(frame.subarray(0, 8), sums, header), header), stored);
    const isCommit = view.getUint32(4) !== 0;
    if (!valid) ended = true;
    if (ended && ofThisRound && isCommit) throw damaged(`state.db-wal is damaged: a commit lies behind its end (frame ${index + 1} of ${frames})`);
    if (!ended) {
      frames = index + 1;
      if (isCommit) committedFrames = frames;
    }
    sums = stored;
  }
  return { sizeBytes, slots, frames, committedFrames };
}

function parseHeader(bytes: Uint8Array): WalHeader {
  if (bytes.length < WAL_HEADER_BYTES) throw damaged('state.db-wal is shorter than its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  if (magic !== BIG_ENDIAN_SUMS && magic !== LITTLE_ENDIAN_SUMS) throw damaged('state.db-wal has no header of a SQLite log');
  if (view.getUint32(4) !== WAL_VERSION) throw damaged('state.db-wal has an unknown version');
  const pageBytes = view.getUint32(8);
  if (pageBytes < 512 || pageBytes > 65536 || (pageBytes & (pageBytes - 1)) !== 0) throw damaged(`state.db-wal names a page of ${pageBytes} bytes`);
  const littleEndian = magic === LITTLE_ENDIAN_SUMS;
  const sums: Sums = [view.getUint32(24), view.getUint32(28)];
  const header = { pageBytes, littleEndian, salts: bytes.subarray(16, 24), sums };
  if (!matches(checksum(bytes.subarray(0, 24), [0, 0], header), sums)) throw damaged('state.db-wal: checksum of its header is wrong');
  return header;
}

function isOfThisRound(frame: Uint8Array, header: WalHeader): boolean {
  return frame.length > FRAME_HEADER_BYTES && Buffer.compare(frame.subarray(8, 16), header.salts) === 0;
}

function checksum(bytes: Uint8Array, start: Sums, order: { readonly littleEndian: boolean }): Sums {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let [first, second] = start;
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    first = (first + view.getUint32(at, order.littleEndian) + second) >>> 0;
    second = (second + view.getUint32(at + 4, order.littleEndian) + first) >>> 0;
  }
  return [first, second];
}

function matches(left: Sums, right: Sums): boolean {
  return left[0] === right[0] && left[1] === right[1];
}
