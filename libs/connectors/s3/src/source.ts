import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { StoreError } from '@wardrobe/store-connector';

export type Slice = { readonly offset: number; readonly lengthBytes: number };

/** Bytes to upload, that can be gone through more than once. Pieces are handed out only as fast as they are taken. */
export interface UploadSource {
  readonly sizeBytes: number;
  pieces(slice: Slice): AsyncGenerator<Uint8Array>;
  close(): Promise<void>;
}

const PIECE_BYTES = 128 << 10;

export function bytesSource(bytes: Uint8Array): UploadSource {
  return {
    sizeBytes: bytes.length,
    async *pieces({ offset, lengthBytes }) {
      for (let at = 0; at < lengthBytes; at += PIECE_BYTES) yield bytes.subarray(offset + at, offset + Math.min(at + PIECE_BYTES, lengthBytes));
    },
    close: () => Promise.resolve(),
  };
}

/** A local file, open until `close`. */
export async function fileSource(path: string): Promise<UploadSource> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    return { sizeBytes: size, pieces: (slice) => filePieces(file, path, slice), close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function* filePieces(file: FileHandle, path: string, { offset, lengthBytes }: Slice): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < lengthBytes; ) {
    const piece = Buffer.allocUnsafeSlow(Math.min(PIECE_BYTES, lengthBytes - at));
    const { bytesRead } = await file.read(piece, 0, piece.length, offset + at);
    if (bytesRead === 0) throw new StoreError(`${path} became shorter while it was uploaded`);
    at += bytesRead;
    yield piece.subarray(0, bytesRead);
  }
}

/** MD5 of a slice, from a pass of its own: nothing is kept. */
export async function md5Of(source: UploadSource, slice: Slice): Promise<Buffer> {
  const hash = createHash('md5');
  for await (const piece of source.pieces(slice)) hash.update(piece);
  return hash.digest();
}

/** A slice as the body of a request; `onPiece` hears of each piece when it is taken. */
export function bodyOf(source: UploadSource, slice: Slice, onPiece: (bytes: number) => void): Readable {
  async function* told(): AsyncGenerator<Uint8Array> {
    for await (const piece of source.pieces(slice)) {
      onPiece(piece.length);
      yield piece;
    }
  }
  return Readable.from(told(), { objectMode: false, highWaterMark: PIECE_BYTES });
}
