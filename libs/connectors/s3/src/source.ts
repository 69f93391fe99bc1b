import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { StoreError } from '@wardrobe/store-connector';

export type Slice = { readonly offset: number; readonly lengthBytes: number };

/** Bytes to upload, that can be gone through more than once. Pieces are handed out only as fast as they are taken. */
export interface UploadSource {
  readonly sizeBytes: number;
  pieces(slice: Slice): AsyncGenerator<Uint8Array>;
  /** The memory of a piece that nobody looks at any more may be used again. */
  giveBack(piece: Uint8Array): void;
  close(): Promise<void>;
}

const PIECE_BYTES = 128 << 10;

export function bytesSource(bytes: Uint8Array): UploadSource {
  return {
    sizeBytes: bytes.length,
    async *pieces({ offset, lengthBytes }) {
      for (let at = 0; at < lengthBytes; at += PIECE_BYTES) yield bytes.subarray(offset + at, offset + Math.min(at + PIECE_BYTES, lengthBytes));
    },
    giveBack: () => undefined,
    close: () => Promise.resolve(),
  };
}

/** A local file, open until `close`. */
export async function fileSource(path: string): Promise<UploadSource> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const buffers = new PieceBuffers();
    return {
      sizeBytes: size,
      pieces: (slice) => filePieces({ file, path, buffers }, slice),
      giveBack: (piece) => buffers.giveBack(piece),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Memory of pieces, used again: what a collector has to find first takes far more. */
class PieceBuffers {
  readonly #free: ArrayBufferLike[] = [];

  take(): Uint8Array {
    return new Uint8Array(this.#free.pop() ?? new ArrayBuffer(PIECE_BYTES));
  }

  giveBack({ buffer }: Uint8Array): void {
    this.#free.push(buffer);
  }
}

type OpenSource = { readonly file: FileHandle; readonly path: string; readonly buffers: PieceBuffers };

async function* filePieces({ file, path, buffers }: OpenSource, { offset, lengthBytes }: Slice): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < lengthBytes; ) {
    const piece = buffers.take();
    const { bytesRead } = await file.read(piece, 0, Math.min(PIECE_BYTES, lengthBytes - at), offset + at);
    if (bytesRead === 0) throw new StoreError(`${path} became shorter while it was uploaded`);
    at += bytesRead;
    yield piece.subarray(0, bytesRead);
  }
}

/** MD5 of a slice, from a pass of its own: nothing is kept. */
export async function md5Of(source: UploadSource, slice: Slice): Promise<Buffer> {
  const hash = createHash('md5');
  for await (const piece of source.pieces(slice)) {
    hash.update(piece);
    source.giveBack(piece);
  }
  return hash.digest();
}

/** A slice as the body of a request; `onPiece` hears of each piece when it is taken. */
export function bodyOf(source: UploadSource, slice: Slice, onPiece: (bytes: number) => void): UploadBody {
  return new UploadBody(source, slice, onPiece);
}

export class UploadBody extends Readable {
  readonly #source: UploadSource;
  readonly #pieces: AsyncGenerator<Uint8Array>;
  readonly #onPiece: (bytes: number) => void;

  constructor(source: UploadSource, slice: Slice, onPiece: (bytes: number) => void) {
    super({ highWaterMark: PIECE_BYTES });
    this.#source = source;
    this.#pieces = source.pieces(slice);
    this.#onPiece = onPiece;
  }

  /** Writes all of it; a piece's memory is used again once the line has its bytes. */
  pour(into: NodeJS.WritableStream): void {
    this.on('data', (piece: Uint8Array) => {
      const isTaken = into.write(piece, (error) => {
        if (error === undefined || error === null) this.#source.giveBack(piece);
      });
      if (isTaken) return;
      this.pause();
      into.once('drain', () => this.resume());
    });
    this.once('end', () => into.end());
  }

  override _read(): void {
    this.#pieces.next().then(
      (next) => {
        if (next.done === true) this.push(null);
        else {
          this.#onPiece(next.value.length);
          this.push(next.value);
        }
      },
      (error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))),
    );
  }
}
