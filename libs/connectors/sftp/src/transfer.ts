import { StoreError } from '@wardrobe/store-connector';
import { REQUEST_BYTES } from './request-bytes.js';
import { Slots } from './slots.js';
import { attributesOfFile, type RemoteFile } from './remote-file.js';

export const PIECE_BYTES = 8 * REQUEST_BYTES;
/** Pieces of one file that are asked for before the reader takes the first: 2 MB. */
const PIECES_AHEAD = 8;
/** Write requests of one file under way: 2 MB. */
const WRITES_AHEAD = 64;

/**
 * Exactly the bytes asked for; all requests are sent without waiting for each other's answers.
 * @throws StoreError the file ends before; nothing of the length is trusted to be there
 */
export async function readExactly(file: RemoteFile, offset: number, lengthBytes: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(lengthBytes);
  const filled = await readInto(file, Buffer.from(bytes.buffer), offset);
  if (filled < lengthBytes) throw new StoreError(`${file.path} ended after ${filled} of ${lengthBytes} bytes at ${offset}`, { fault: 'line' });
  return bytes;
}

/**
 * Size and bytes of a file that mostly has no more than `beginBytes`: its size and they are asked for together, and with both nobody need ask for its end. `bytes`
 * null: it has more than `limitBytes`.
 */
export async function readShort(
  file: RemoteFile,
  { beginBytes, limitBytes }: { readonly beginBytes: number; readonly limitBytes: number },
): Promise<{ readonly sizeBytes: number; readonly bytes: Uint8Array | null }> {
  const [{ size: sizeBytes }, begin] = await Promise.all([attributesOfFile(file), readBegin(file, beginBytes)]);
  if (sizeBytes > limitBytes) return { sizeBytes, bytes: null };
  return { sizeBytes, bytes: sizeBytes === begin.length ? begin : await readExactly(file, 0, sizeBytes) };
}

/** What the server gives of a file's first bytes in one answer, which may be less than there is. */
async function readBegin(file: RemoteFile, limitBytes: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(Math.min(limitBytes, REQUEST_BYTES));
  return bytes.subarray(0, await readOnce(file, Buffer.from(bytes.buffer), { at: 0, offset: 0 }));
}

/** The file's bytes from `offset` up to `end`, in order; a reader that is slow holds the requests back. */
export async function* readPieces(file: RemoteFile, offset: number, end: number): AsyncIterable<Uint8Array> {
  const ahead: Promise<Uint8Array>[] = [];
  let next = offset;
  const ask = () => {
    const piece = readExactly(file, next, Math.min(PIECE_BYTES, end - next));
    // Whoever awaits it sees its failure; a reader that has stopped does not.
    piece.catch(() => undefined);
    ahead.push(piece);
    next += PIECE_BYTES;
  };
  while (next < end && ahead.length < PIECES_AHEAD) ask();
  for (let piece = ahead.shift(); piece !== undefined; piece = ahead.shift()) {
    const bytes = await piece;
    if (next < end) ask();
    yield bytes;
    file.signal?.throwIfAborted();
  }
}

/** Fills `into` from `offset` on; answers how many bytes there were before the file's end. */
async function readInto(file: RemoteFile, into: Buffer, offset: number): Promise<number> {
  const parts: Promise<number>[] = [];
  for (let at = 0; at < into.length; at += REQUEST_BYTES) parts.push(readPart(file, into.subarray(at, at + REQUEST_BYTES), offset + at));
  const lengths = await Promise.all(parts);
  let filled = 0;
  for (const [index, length] of lengths.entries()) {
    filled += length;
    if (length < Math.min(REQUEST_BYTES, into.length - index * REQUEST_BYTES)) break;
  }
  return filled;
}

/** A server may give less than asked for without being at the end: it is asked for the rest. */
async function readPart(file: RemoteFile, into: Buffer, offset: number): Promise<number> {
  let filled = 0;
  for (let count = -1; filled < into.length && count !== 0; filled += count) count = await readOnce(file, into, { at: filled, offset: offset + filled });
  return filled;
}

/** One request for what fits behind `at`; 0 at the file's end. */
async function readOnce(file: RemoteFile, into: Buffer, { at, offset }: { readonly at: number; readonly offset: number }): Promise<number> {
  const { line, signal, handle } = file;
  await line.dataSlots.take(signal);
  try {
    const count = await line.request<number>((sftp, answer) => sftp.read(handle, into, at, into.length - at, offset, answer), signal);
    line.figures.bytesRead += count;
    line.buffers.read.passed(count);
    return count;
  } finally {
    line.dataSlots.giveBack();
  }
}

/** Writes the chunks one after the other from the file's begin; answers how many bytes. A chunk may be reused once the next one is asked for. */
export async function writeChunks(file: RemoteFile, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<number> {
  const room = new Slots(WRITES_AHEAD);
  const failures: unknown[] = [];
  let offset = 0;
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let at = 0; at < bytes.length && failures.length === 0; at += REQUEST_BYTES) {
      await room.take(file.signal);
      await file.line.writeSlots.take(file.signal);
      const part = bytes.subarray(at, at + REQUEST_BYTES);
      writePart(file, part, offset)
        .catch((error: unknown) => failures.push(error))
        .finally(() => {
          file.line.writeSlots.giveBack();
          room.giveBack();
        });
      offset += part.length;
    }
    if (failures.length > 0) break;
  }
  for (let place = 0; place < WRITES_AHEAD && failures.length === 0; place += 1) await room.take(file.signal);
  if (failures.length > 0) throw failures[0];
  return offset;
}

/** ssh2 copies the bytes before it returns. */
async function writePart({ line, signal, handle }: RemoteFile, part: Buffer, offset: number): Promise<void> {
  await line.request<void>((sftp, answer) => sftp.write(handle, part, 0, part.length, offset, answer), signal);
  line.figures.bytesWritten += part.length;
  line.buffers.written.passed(part.length);
}
