import { createCipheriv, createDecipheriv } from 'node:crypto';
import { KernelError } from '../src/errors.js';

const P1 = 2654435761, P2 = 2246822519, P3 = 3266489917, P4 = 668265263, P5 = 374761393;
const rotl = (x: number, r: number): number => (x << r) | (x >>> (32 - r));

/** xxHash32. @source xxHash specification */
export function xxh32(data: Uint8Array, seed = 0): number {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  let p = 0;
  let h: number;
  if (data.length >= 16) {
    let a = (seed + P1 + P2) | 0, b = (seed + P2) | 0, c = seed | 0, d = (seed - P1) | 0;
    const round = (acc: number, at: number): number => Math.imul(rotl((acc + Math.imul(view.getUint32(at, true), P2)) | 0, 13), P1);
    for (; p + 16 <= data.length; p += 16) { a = round(a, p); b = round(b, p + 4); c = round(c, p + 8); d = round(d, p + 12); }
    h = (rotl(a, 1) + rotl(b, 7) + rotl(c, 12) + rotl(d, 18)) | 0;
  } else h = (seed + P5) | 0;
  h = (h + data.length) | 0;
  for (; p + 4 <= data.length; p += 4) h = Math.imul(rotl((h + Math.imul(view.getUint32(p, true), P3)) | 0, 17), P4);
  for (; p < data.length; p++) h = Math.imul(rotl((h + Math.imul(view.getUint8(p), P5)) | 0, 11), P1);
  h = Math.imul(h ^ (h >>> 15), P2);
  h = Math.imul(h ^ (h >>> 13), P3);
  return (h ^ (h >>> 16)) >>> 0;
}

const KW_IV = new Uint8Array(8).fill(0xa6);

/** AES-256 key wrap. @source RFC 3394 */
export function aesKwWrap(kek: Uint8Array, key: Uint8Array): Uint8Array {
  const c = createCipheriv('id-aes256-wrap', kek, KW_IV);
  return new Uint8Array(Buffer.concat([c.update(key), c.final()]));
}

/** @throws KernelError kind `unwrap` when the integrity value differs. */
export function aesKwUnwrap(kek: Uint8Array, wrapped: Uint8Array): Uint8Array {
  try {
    const c = createDecipheriv('id-aes256-wrap', kek, KW_IV);
    return new Uint8Array(Buffer.concat([c.update(wrapped), c.final()]));
  } catch {
    throw new KernelError('unwrap', 'the wrapped key does not unwrap under this key');
  }
}

/** A frame of stored blocks. */
export function lz4Compress(plain: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x64, 0x70, 0xb9)];
  const u32 = (n: number): Uint8Array => Uint8Array.of(n, n >>> 8, n >>> 16, n >>> 24);
  for (let at = 0; at < plain.length; at += 4 << 20) {
    const block = plain.subarray(at, at + (4 << 20));
    parts.push(u32((block.length | 0x80000000) >>> 0), block);
  }
  parts.push(u32(0), u32(xxh32(plain)));
  return new Uint8Array(Buffer.concat(parts));
}

/** Decodes one frame. @throws KernelError `frame` | `limit` */
export function lz4Decompress(frame: Uint8Array, limitBytes: number): Uint8Array {
  const bad = (what: string): never => { throw new KernelError('frame', `LZ4 frame: ${what}`); };
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const u32 = (at: number): number => (at + 4 <= frame.length ? view.getUint32(at, true) : bad('truncated'));
  if (u32(0) !== 0x184d2204) bad('wrong magic number');
  if (frame.length < 7) bad('truncated header');
  const flg = view.getUint8(4), code = (view.getUint8(5) >> 4) & 7;
  if (flg >> 6 !== 1 || flg & 2 || code < 4 || view.getUint8(5) & 0x8f) bad('unknown version or flags');
  if (flg & 1) bad('dictionaries are not supported');
  let p = flg & 8 ? 14 : 6;
  if (p >= frame.length || ((xxh32(frame.subarray(4, p)) >>> 8) & 255) !== frame[p]) bad('header checksum differs');
  const size = flg & 8 ? Number(view.getBigUint64(6, true)) : undefined;
  const blockMax = 1 << (8 + 2 * code);
  p++;
  let out = new Uint8Array(Math.min(limitBytes, size ?? 65536));
  let n = 0;
  const room = (extra: number): void => {
    if (n + extra > limitBytes) throw new KernelError('limit', `LZ4 frame: content exceeds the limit of ${limitBytes} bytes`);
    if (n + extra <= out.length) return;
    const next = new Uint8Array(Math.min(limitBytes, Math.max(n + extra, out.length * 2)));
    next.set(out.subarray(0, n));
    out = next;
  };
  for (;;) {
    const head = u32(p);
    p += 4;
    if (head === 0) break;
    const end = p + (head & 0x7fffffff);
    if ((head & 0x7fffffff) > blockMax || end > frame.length) bad('block size out of range');
    const start = n, floor = flg & 32 ? start : Math.max(0, start - 65536);
    const body = p;
    if (head >>> 31) { room(end - p); out.set(frame.subarray(p, end), n); n += end - p; p = end; }
    else while (p < end) {
      const token = frame[p++] ?? 0;
      let lit = token >> 4;
      if (lit === 15) for (let b = 255; b === 255; lit += b) b = p < end ? (frame[p++] ?? 0) : bad('truncated literals');
      if (p + lit > end) bad('literals out of range');
      room(lit);
      out.set(frame.subarray(p, p + lit), n);
      n += lit; p += lit;
      if (p === end) break;
      if (p + 2 > end) bad('truncated offset');
      const offset = view.getUint16(p, true);
      p += 2;
      let len = (token & 15) + 4;
      if ((token & 15) === 15) for (let b = 255; b === 255; len += b) b = p < end ? (frame[p++] ?? 0) : bad('truncated match');
      if (offset === 0 || n - offset < floor) bad('match offset out of range');
      if (n + len - start > blockMax) bad('block grows beyond its maximum');
      room(len);
      for (let i = 0; i < len; i++, n++) out[n] = out[n - offset] ?? 0;
    }
    if (n - start > blockMax) bad('block grows beyond its maximum');
    if (flg & 16) { if (u32(end) !== xxh32(frame.subarray(body, end))) bad('block checksum differs'); p = end + 4; }
  }
  if (size !== undefined && size !== n) bad('content size differs');
  if (flg & 4 && u32(p) !== xxh32(out.subarray(0, n))) bad('content checksum differs');
  return out.slice(0, n);
}
