import { unsupported } from '../cache-error.js';
import { maskedCrc32c } from './crc32c.js';

export const BLOCK_BYTES = 32768;

/** How a log ends. Every end is legal for the last live log; an earlier one ends with `eof` or `trailer`. @source 03 A4 */
export type RecordEnd = 'eof' | 'trailer' | 'torn' | 'zeros' | 'stale-bytes' | 'stale-record' | 'bad-checksum';

/** `log` carries the low 32 bits of the file's number in each chunk. */
export type RecordFamily = { readonly kind: 'manifest' } | { readonly kind: 'log'; readonly number: number };

export type RecordsRead = {
  readonly records: number;
  readonly end: RecordEnd;
  readonly endsAt: number;
  readonly unreadBytes: number;
  /** A valid chunk of this file lies behind the end: the file is damaged in its middle, this is no end. */
  readonly validAfterEnd: boolean;
};

type Chunk = { readonly position: number; readonly payload: Uint8Array };
type Step =
  | { readonly end: RecordEnd }
  | { readonly skipTo: number }
  | { readonly part: 'full' | 'first' | 'middle' | 'last'; readonly payload: Uint8Array; readonly next: number };

const PARTS = ['full', 'first', 'middle', 'last'] as const;

/** Reads the records of a log or MANIFEST from its start until its end, calling `onRecord` with each in order. */
export function readRecords(bytes: Uint8Array, family: RecordFamily, onRecord: (record: Uint8Array) => void): RecordsRead {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let position = 0;
  let records = 0;
  let open: Uint8Array[] | null = null;
  for (;;) {
    const step = readChunk({ bytes, view, position }, family, open !== null);
    if ('end' in step) return finish(bytes, { family, view, position, records, end: step.end });
    if ('skipTo' in step) {
      position = step.skipTo;
      continue;
    }
    position = step.next;
    const complete = joinParts(step, open);
    if (step.part === 'full' || step.part === 'last') open = null;
    else if (step.part === 'first') open = [step.payload];
    else open?.push(step.payload);
    if (complete !== null) {
      records++;
      onRecord(complete);
    }
  }
}

function joinParts(chunk: { readonly part: string; readonly payload: Uint8Array }, open: readonly Uint8Array[] | null): Uint8Array | null {
  if (chunk.part === 'full') return chunk.payload;
  if (chunk.part !== 'last' || open === null) return null;
  return Buffer.concat([...open, chunk.payload]);
}

type At = { readonly bytes: Uint8Array; readonly view: DataView; readonly position: number };

function readChunk(at: At, family: RecordFamily, recordOpen: boolean): Step {
  const { bytes, view, position } = at;
  const headerBytes = family.kind === 'log' ? 11 : 7;
  if (position >= bytes.length) return { end: recordOpen ? 'torn' : 'eof' };
  const blockEnd = position - (position % BLOCK_BYTES) + BLOCK_BYTES;
  const complete = blockEnd <= bytes.length;
  const left = Math.min(blockEnd, bytes.length) - position;
  if (left < headerBytes) {
    if (complete) return { skipTo: blockEnd };
    return { end: 'torn' };
  }
  const length = view.getUint16(position + 4, true);
  const type = view.getUint8(position + 6);
  if (view.getUint32(position, true) === 0 && length === 0 && type === 0) {
    if (complete && left < 19 && bytes.subarray(position, blockEnd).every((byte) => byte === 0)) return { skipTo: blockEnd };
    return { end: 'zeros' };
  }
  const part = PARTS[type - (family.kind === 'log' ? 5 : 1)];
  if (part === undefined) return staleBytes(at, { type, length, left });
  if (family.kind === 'log') {
    const number = view.getUint32(position + 7, true);
    if (number !== family.number % 2 ** 32) {
      const trailer = number === (family.number + 1) % 2 ** 32 && part === 'full' && !recordOpen;
      return { end: trailer ? 'trailer' : 'stale-record' };
    }
  }
  if (headerBytes + length > left) return { end: 'torn' };
  const next = position + headerBytes + length;
  if (view.getUint32(position, true) !== maskedCrc32c(bytes, position + 6, next)) return { end: 'bad-checksum' };
  return { part, payload: bytes.subarray(position + headerBytes, next), next };
}

/** Bytes of a recycled file, unless they are a valid chunk of the newer kind with 19-byte headers, which is refused. */
function staleBytes(at: At, header: { readonly type: number; readonly length: number; readonly left: number }): Step {
  const whole = 19 + header.length;
  if (header.type >= 9 && header.type <= 12 && whole <= header.left) {
    const sum = maskedCrc32c(at.bytes, at.position + 6, at.position + whole);
    if (at.view.getUint32(at.position, true) === sum) throw unsupported('unsupported log: chunks with 19-byte headers (format 20 and later)');
  }
  return { end: 'stale-bytes' };
}

type Finish = { readonly family: RecordFamily; readonly view: DataView; readonly position: number; readonly records: number; readonly end: RecordEnd };

function finish(bytes: Uint8Array, at: Finish): RecordsRead {
  const clean = at.end === 'eof' || at.end === 'trailer';
  const validAfterEnd = !clean && hasValidBlockStart(bytes, at);
  return { records: at.records, end: at.end, endsAt: at.position, unreadBytes: at.end === 'trailer' ? 0 : bytes.length - at.position, validAfterEnd };
}

function hasValidBlockStart(bytes: Uint8Array, at: Finish): boolean {
  const from = at.position - (at.position % BLOCK_BYTES) + BLOCK_BYTES;
  for (let position = from; position < bytes.length; position += BLOCK_BYTES) {
    const step = readChunkQuietly({ bytes, view: at.view, position }, at.family);
    if (step !== null) return true;
  }
  return false;
}

function readChunkQuietly(at: At, family: RecordFamily): Chunk | null {
  const type = at.position + 7 <= at.bytes.length ? at.view.getUint8(at.position + 6) : 0;
  if (PARTS[type - (family.kind === 'log' ? 5 : 1)] === undefined) return null;
  const step = readChunk(at, family, false);
  return 'part' in step ? { position: at.position, payload: step.payload } : null;
}
