const BLOCK_BYTES = 4096;
/** Shorter runs of zeros are written: each hole costs a call and a piece of the file system's map. */
const HOLE_BYTES = 4 * BLOCK_BYTES;
const ZEROS = new Uint8Array(BLOCK_BYTES);

/**
 * The parts of a piece that must be written, as [start, end) in the piece; what lies between is zeros and can stay a hole. `at`: place of the piece in the
 * file: holes are whole blocks of it.
 */
export function* dataRuns(piece: Uint8Array, at: number): Generator<readonly [number, number]> {
  let start = 0;
  let hole = -1;
  const first = (BLOCK_BYTES - (at % BLOCK_BYTES)) % BLOCK_BYTES;
  for (let block = first; block + BLOCK_BYTES <= piece.length; block += BLOCK_BYTES) {
    if (isZero(piece, block)) {
      if (hole < 0) hole = block;
      continue;
    }
    if (hole >= 0 && block - hole >= HOLE_BYTES) {
      if (hole > start) yield [start, hole];
      start = block;
    }
    hole = -1;
  }
  const blocksEnd = first + Math.max(0, Math.floor((piece.length - first) / BLOCK_BYTES)) * BLOCK_BYTES;
  if (hole >= 0 && blocksEnd - hole >= HOLE_BYTES) {
    if (hole > start) yield [start, hole];
    start = blocksEnd;
  }
  if (start < piece.length) yield [start, piece.length];
}

function isZero(piece: Uint8Array, at: number): boolean {
  if (piece[at] !== 0 || piece[at + BLOCK_BYTES - 1] !== 0) return false;
  return Buffer.compare(piece.subarray(at, at + BLOCK_BYTES), ZEROS) === 0;
}
