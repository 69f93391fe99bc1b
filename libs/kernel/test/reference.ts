/** A second LZ4 and xxHash32, in plain TypeScript and as literal as the format descriptions: what the tests compare the module with, and a source of frames of every kind. */
const P1 = 2654435761;
const P2 = 2246822519;
const P3 = 3266489917;
const P4 = 668265263;
const P5 = 374761393;
const rotl = (x: number, r: number): number => (x << r) | (x >>> (32 - r));

export function referenceXxh32(data: Uint8Array, seed = 0): number {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const round = (lane: number, at: number): number => Math.imul(rotl((lane + Math.imul(view.getUint32(at, true), P2)) | 0, 13), P1);
  let p = 0;
  let h = (seed + P5) | 0;
  if (data.length >= 16) {
    let lanes = [(seed + P1 + P2) | 0, (seed + P2) | 0, seed | 0, (seed - P1) | 0];
    for (; p + 16 <= data.length; p += 16) lanes = lanes.map((lane, i) => round(lane, p + 4 * i));
    h = lanes.reduce((sum, lane, i) => (sum + rotl(lane, [1, 7, 12, 18][i] ?? 0)) | 0, 0);
  }
  h = (h + data.length) | 0;
  for (; p + 4 <= data.length; p += 4) h = Math.imul(rotl((h + Math.imul(view.getUint32(p, true), P3)) | 0, 17), P4);
  for (; p < data.length; p++) h = Math.imul(rotl((h + Math.imul(view.getUint8(p), P5)) | 0, 11), P1);
  h = Math.imul(h ^ (h >>> 15), P2);
  h = Math.imul(h ^ (h >>> 13), P3);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Content of a frame that is known to be good. */
export function referenceDecompress(frame: Uint8Array): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.getUint32(0, true) !== 0x184d2204) throw new Error('not an LZ4 frame');
  const flags = view.getUint8(4);
  const out: number[] = [];
  let p = flags & 8 ? 15 : 7;
  for (let word = view.getUint32(p, true); word !== 0; word = view.getUint32(p, true)) {
    p += 4;
    const end = p + (word & 0x7fffffff);
    if (word >>> 31) for (const byte of frame.subarray(p, end)) out.push(byte);
    else decodeBlock(frame.subarray(p, end), out);
    p = end + (flags & 16 ? 4 : 0);
  }
  const content = Uint8Array.from(out);
  if (flags & 4 && view.getUint32(p + 4, true) !== referenceXxh32(content)) throw new Error('content checksum');
  return content;
}

function decodeBlock(block: Uint8Array, out: number[]): void {
  let p = 0;
  const byte = (): number => {
    const value = block[p++];
    if (value === undefined) throw new Error('truncated block');
    return value;
  };
  const extended = (nibble: number): number => {
    let length = nibble;
    if (nibble === 15) for (let more = 255; more === 255; length += more) more = byte();
    return length;
  };
  for (;;) {
    const token = byte();
    for (let literals = extended(token >> 4); literals > 0; literals--) out.push(byte());
    if (p === block.length) return;
    const offset = byte() | (byte() << 8);
    for (let match = extended(token & 15) + 4; match > 0; match--) {
      const copied = out[out.length - offset];
      if (copied === undefined || offset === 0) throw new Error('offset');
      out.push(copied);
    }
  }
}

export interface FrameShape {
  readonly linked?: boolean;
  readonly blockChecksum?: boolean;
  readonly contentChecksum?: boolean;
  readonly contentSize?: boolean;
  /** 4 to 7: 64 KiB, 256 KiB, 1 MiB, 4 MiB. */
  readonly blockCode?: 4 | 5 | 6 | 7;
  /** Bytes of content in each block; the largest the code allows when left out. */
  readonly pieceBytes?: number;
  readonly stored?: boolean;
}

/** A frame of the given shape, by a slow but honest compressor. */
export function referenceFrame(plain: Uint8Array, shape: FrameShape = {}): Uint8Array {
  const code = shape.blockCode ?? 4;
  const piece = shape.pieceBytes ?? 1 << (8 + 2 * code);
  const flags = 0x40 | (shape.linked ? 0 : 0x20) | (shape.blockChecksum ? 0x10 : 0) | (shape.contentSize ? 8 : 0) | (shape.contentChecksum ? 4 : 0);
  const size = shape.contentSize ? [...u32(plain.length), 0, 0, 0, 0] : [];
  const descriptor = Uint8Array.from([flags, code << 4, ...size]);
  const parts: Uint8Array[] = [u32(0x184d2204), descriptor, Uint8Array.of(referenceXxh32(descriptor) >>> 8)];
  for (let from = 0; from < plain.length; from += piece) {
    const end = Math.min(plain.length, from + piece);
    const packed = encodeBlock(plain, { from, end, floor: shape.linked ? Math.max(0, from - 65536) : from });
    const stored = shape.stored === true || packed.length >= end - from;
    const block = stored ? plain.subarray(from, end) : packed;
    parts.push(u32((stored ? block.length | 0x80000000 : block.length) >>> 0), block);
    if (shape.blockChecksum) parts.push(u32(referenceXxh32(block)));
  }
  parts.push(u32(0));
  if (shape.contentChecksum) parts.push(u32(referenceXxh32(plain)));
  return new Uint8Array(Buffer.concat(parts));
}

function encodeBlock(data: Uint8Array, { from, end, floor }: { from: number; end: number; floor: number }): Uint8Array {
  const out: number[] = [];
  const seen = new Map<number, number>();
  const word = (at: number): number => (data[at] ?? 0) | ((data[at + 1] ?? 0) << 8) | ((data[at + 2] ?? 0) << 16) | ((data[at + 3] ?? 0) << 24);
  for (let at = floor; at < from; at++) seen.set(word(at), at);
  let anchor = from;
  let at = from;
  while (at + 12 <= end) {
    const candidate = seen.get(word(at));
    seen.set(word(at), at);
    if (candidate === undefined || at - candidate > 65535) {
      at++;
      continue;
    }
    let length = 4;
    while (at + length < end - 5 && data[at + length] === data[candidate + length]) length++;
    putSequence(out, data.subarray(anchor, at), length - 4);
    out.push((at - candidate) & 255, (at - candidate) >> 8);
    putLength(out, length - 4);
    at += length;
    anchor = at;
  }
  putSequence(out, data.subarray(anchor, end), 0);
  return Uint8Array.from(out);
}

function putSequence(out: number[], literals: Uint8Array, match: number): void {
  out.push((Math.min(literals.length, 15) << 4) | Math.min(match, 15));
  putLength(out, literals.length);
  for (const byte of literals) out.push(byte);
}

function putLength(out: number[], length: number): void {
  if (length < 15) return;
  let rest = length - 15;
  for (; rest >= 255; rest -= 255) out.push(255);
  out.push(rest);
}

function u32(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
}
