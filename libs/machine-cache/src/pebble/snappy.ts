import { ByteReader } from '../byte-reader.js';
import { damaged } from '../cache-error.js';

/**
 * Decodes one raw snappy block (no framing).
 * @throws CacheReadError announced length above `limitBytes`, a copy from before the start, or another length than announced
 */
export function decodeSnappy(block: Uint8Array, limitBytes: number): Uint8Array {
  const reader = new ByteReader(block, 'snappy block');
  const lengthBytes = reader.uvarint();
  // The best element makes 64 bytes out of 3: a block cannot grow beyond that, so nothing larger is allocated.
  if (lengthBytes > limitBytes || lengthBytes > block.length * 22) throw damaged(`snappy block: announces ${lengthBytes} bytes`);
  const output = new Uint8Array(lengthBytes);
  let at = 0;
  while (reader.remaining > 0) {
    const tag = reader.u8();
    if ((tag & 3) === 0) {
      const literal = reader.take(literalLength(reader, tag >> 2));
      if (at + literal.length > lengthBytes) throw damaged('snappy block: longer than announced');
      output.set(literal, at);
      at += literal.length;
    } else {
      const { length, offset } = copyElement(reader, tag);
      if (offset === 0 || offset > at || at + length > lengthBytes) throw damaged('snappy block: a copy from outside the output');
      if (offset >= length) output.copyWithin(at, at - offset, at - offset + length);
      // The copy overlaps what it writes: it repeats the last `offset` bytes, so one byte after the other.
      else for (let index = 0; index < length; index++) output[at + index] = output[at + index - offset] ?? 0;
      at += length;
    }
  }
  if (at !== lengthBytes) throw damaged('snappy block: shorter than announced');
  return output;
}

function literalLength(reader: ByteReader, code: number): number {
  if (code < 60) return code + 1;
  return littleEndian(reader, code - 59) + 1;
}

function copyElement(reader: ByteReader, tag: number): { readonly length: number; readonly offset: number } {
  if ((tag & 3) === 1) return { length: 4 + ((tag >> 2) & 7), offset: ((tag >> 5) << 8) | reader.u8() };
  return { length: 1 + (tag >> 2), offset: littleEndian(reader, (tag & 3) === 2 ? 2 : 4) };
}

function littleEndian(reader: ByteReader, lengthBytes: number): number {
  let value = 0;
  for (let index = 0; index < lengthBytes; index++) value += reader.u8() * 2 ** (8 * index);
  return value;
}
