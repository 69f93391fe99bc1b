import fc from 'fast-check';
import { compress as lz4jsCompress, decompress as lz4jsDecompress } from 'lz4js';
import { describe, expect, it } from 'vitest';
import { type FrameShape, referenceDecompress, referenceFrame } from '../test/reference.js';
import { edgeLengths, fromHex, hex, seededBytes, seededText } from '../test/support.js';
import { KernelError, lz4Blocks, lz4Compress, lz4Decompress, xxh32 } from './index.js';

const limit = 64 << 20;
const frameError = expect.objectContaining({ name: 'KernelError', kind: 'frame' });
const limitError = expect.objectContaining({ name: 'KernelError', kind: 'limit' });
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** Short-period patterns, long runs and noise: every copy width of the decoder. */
function mixture(length: number): Uint8Array {
  const noise = seededBytes('mixture', length);
  const out = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const period = 1 + ((noise[at] ?? 0) % 37);
    const run = 20 + (noise[at] ?? 0) * 3;
    for (let i = 0; i < run && at < length; i++, at++) out[at] = noise[i % period] ?? 0;
    for (let i = 0; i < 9 && at < length; i++, at++) out[at] = noise[at] ?? 0;
  }
  return out;
}

const contents: readonly (readonly [string, Uint8Array])[] = [
  ['nothing', new Uint8Array(0)],
  ['one byte', Uint8Array.of(7)],
  ['zeros', new Uint8Array(300_000)],
  ['text', seededText('lz4', 200_000)],
  ['noise', seededBytes('lz4', 150_000)],
  ['a mixture', mixture(250_000)],
];

const shapes: readonly FrameShape[] = [
  {},
  { linked: true },
  { linked: true, pieceBytes: 1000, contentChecksum: true },
  { linked: true, pieceBytes: 65535, blockChecksum: true, contentChecksum: true, contentSize: true },
  { blockChecksum: true },
  { contentSize: true },
  { contentChecksum: true, blockCode: 5 },
  { blockCode: 6, contentSize: true, contentChecksum: true },
  { blockCode: 7, linked: true },
  { stored: true, contentChecksum: true },
  { stored: true, linked: true, blockChecksum: true, pieceBytes: 777 },
];

describe('reading LZ4 frames', () => {
  it.each(contents)('every kind of frame of %s is read', (_name, plain) => {
    for (const shape of shapes) {
      const frame = referenceFrame(plain, shape);
      expect(same(lz4Decompress(frame, limit), plain), JSON.stringify(shape)).toBe(true);
      expect(same(lz4Decompress(frame, plain.length), plain), 'the limit may be the exact length').toBe(true);
    }
  });

  it.each(contents)('every kind of frame of %s is read block by block while others use the module, and its end is proven', (_name, plain) => {
    const other = lz4Compress(seededText('other', 70_000));
    for (const shape of shapes) {
      const frame = referenceFrame(plain, shape);
      const parts: Uint8Array[] = [];
      for (const block of lz4Blocks(frame, plain.length)) {
        parts.push(block.slice());
        lz4Decompress(other, limit);
      }
      expect(same(Buffer.concat(parts), plain), JSON.stringify(shape)).toBe(true);
      if (plain.length > 0) expect(() => [...lz4Blocks(frame, plain.length - 1)], JSON.stringify(shape)).toThrow(limitError);
      if (shape.contentChecksum !== true) continue;
      const damaged = frame.slice();
      damaged[frame.length - 1] = (damaged[frame.length - 1] as number) ^ 1;
      expect(() => [...lz4Blocks(damaged, limit)]).toThrow('content checksum');
    }
  });

  it.each(contents)('what lz4js writes of %s is read', (_name, plain) => {
    expect(same(lz4Decompress(new Uint8Array(lz4jsCompress(plain)), limit), plain)).toBe(true);
  });

  it('the empty frame as plakar writes it is read', () => {
    expect(lz4Decompress(fromHex('04224d186470b900000000055dcc02'), 0)).toHaveLength(0);
  });

  it('a skippable frame before and anything after the frame are passed over', () => {
    const frame = referenceFrame(seededText('skip', 5000), { contentChecksum: true });
    const around = Buffer.concat([fromHex('522a4d18 03000000 aabbcc'), frame, Buffer.from('left over')]);
    expect(same(lz4Decompress(new Uint8Array(around), limit), seededText('skip', 5000))).toBe(true);
  });

  it('content beyond the limit is a limit error, whether the frame says its size or not', () => {
    for (const shape of shapes) {
      const frame = referenceFrame(new Uint8Array(300_000), shape);
      for (const bytes of [0, 1, 999, 65535, 65536, 299_999]) expect(() => lz4Decompress(frame, bytes), JSON.stringify(shape)).toThrow(limitError);
    }
  });

  it('a bomb of 1 GiB ends at the limit without taking the memory', () => {
    const block = lz4Compress(new Uint8Array(4 << 20)).subarray(7, -8);
    const bomb = new Uint8Array(Buffer.concat([fromHex('04224d186070'), Uint8Array.of(0x73), ...Array.from({ length: 256 }, () => block), new Uint8Array(4)]));
    const before = process.memoryUsage().arrayBuffers;
    expect(() => lz4Decompress(bomb, 10 << 20)).toThrow(limitError);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 << 20);
  });

  it('a frame that claims a size it cannot have takes no memory for it', () => {
    const frame = referenceFrame(new Uint8Array(10), { contentSize: true });
    frame.set(fromHex('000000f000000000'), 6);
    frame[14] = xxh32(frame.subarray(4, 14)) >>> 8;
    const before = process.memoryUsage().arrayBuffers;
    expect(() => lz4Decompress(frame, 2 ** 33)).toThrow('content size');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 20);
  });

  it('a frame of a hundred thousand tiny and empty blocks is read without a piece of memory for each', () => {
    const header = referenceFrame(new Uint8Array(0)).subarray(0, 7);
    const blocks = Array.from({ length: 100_000 }, (_, i) => (i % 2 ? Uint8Array.of(1, 0, 0, 0x80, i & 255) : Uint8Array.of(0, 0, 0, 0x80)));
    const frame = new Uint8Array(Buffer.concat([header, ...blocks, new Uint8Array(4)]));
    expect(lz4Decompress(frame, 50_000)).toHaveLength(50_000);
    expect(() => lz4Decompress(frame, 49_999)).toThrow(limitError);
  });

  it('long contents come back whole, whether their blocks are full or not, and end at the limit', () => {
    const noise = seededBytes('long', 9 << 20);
    const runs = new Uint8Array(10 << 20);
    runs.set(noise.subarray(0, 5 << 20), 3 << 20);
    for (const plain of [noise, runs]) {
      const frame = lz4Compress(plain);
      expect(same(lz4Decompress(frame, limit), plain)).toBe(true);
      expect(same(lz4Decompress(frame, plain.length), plain)).toBe(true);
      expect(() => lz4Decompress(frame, plain.length - 1)).toThrow(limitError);
    }
    const stored = Array.from({ length: 60 }, (_, piece) => noise.subarray(piece * 100_000, (piece + 1) * 100_000));
    const parts = stored.flatMap((piece) => [Uint8Array.of(piece.length, piece.length >>> 8, piece.length >>> 16, 0x80), piece]);
    const end = Buffer.alloc(8);
    end.writeUInt32LE(xxh32(noise.subarray(0, 6_000_000)), 4);
    const frame = Buffer.concat([Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x64, 0x70, 0xb9), ...parts, end]);
    expect(same(lz4Decompress(frame, limit), noise.subarray(0, 6_000_000))).toBe(true);
  });

  it('a limit that is no number of bytes is an input error', () => {
    for (const bytes of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
      expect(() => lz4Decompress(new Uint8Array(9), bytes)).toThrow(expect.objectContaining({ kind: 'input' }));
  });
});

describe('damaged LZ4 frames', () => {
  const plain = seededText('damage', 3000);

  it('every truncation is a frame error', () => {
    for (const shape of shapes) {
      const frame = referenceFrame(plain, { ...shape, contentChecksum: true });
      for (let length = 0; length < frame.length; length += length < 40 ? 1 : 13) {
        expect(() => lz4Decompress(frame.subarray(0, length), limit), `${length}`).toThrow(frameError);
      }
    }
  });

  it('no flipped bit of a frame with a content checksum gives other content', () => {
    const frame = referenceFrame(plain, { contentChecksum: true });
    let refused = 0;
    for (let bit = 0; bit < frame.length * 8; bit++) {
      const damaged = frame.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      try {
        // An offset may be changed to that of an equal piece: the content is right then.
        expect(same(lz4Decompress(damaged, limit), plain), `bit ${bit}`).toBe(true);
      } catch (error) {
        if (!(error instanceof KernelError)) throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(frame.length * 8 * 0.99);
  });

  it('a wrong block checksum, content size, reserved flag, version and dictionary are frame errors', () => {
    const checked = referenceFrame(plain, { blockChecksum: true });
    checked[checked.length - 5] = (checked[checked.length - 5] ?? 0) ^ 1;
    expect(() => lz4Decompress(checked, limit)).toThrow('block checksum');
    const sized = referenceFrame(plain, { contentSize: true });
    const fewer = Buffer.concat([sized.subarray(0, 15), new Uint8Array(4)]);
    expect(() => lz4Decompress(new Uint8Array(fewer), limit)).toThrow('content size');
    for (const header of ['04224d1862704a', '04224d18647f2a', '04224d18a470ff', '04224d186170aa', '04224d186430b9', '05224d186470b9', '02214c18', '']) {
      expect(() => lz4Decompress(fromHex(`${header}00000000`), limit), header).toThrow(frameError);
    }
  });

  it('offsets of nought and before the start are frame errors, also in independent blocks that follow others', () => {
    const withBlocks = (...blocks: string[]): Uint8Array => {
      const body = blocks.map((block) => `${(block.length / 2).toString(16).padStart(2, '0')}000000${block}`).join('');
      const good = referenceFrame(new Uint8Array(0), { blockCode: 5 });
      return fromHex(`${hex(good.subarray(0, 7))}${body}00000000`);
    };
    expect(hex(lz4Decompress(withBlocks('1061', '506161616161'), limit))).toBe('616161616161');
    expect(() => lz4Decompress(withBlocks('10610000500000000000'), limit)).toThrow(frameError);
    expect(() => lz4Decompress(withBlocks('10610200500000000000'), limit)).toThrow(frameError);
    expect(() => lz4Decompress(withBlocks('1061', '00010050000000000000'), limit)).toThrow(frameError);
    expect(() => lz4Decompress(withBlocks('f0ffffff'), limit)).toThrow(frameError);
    expect(() => lz4Decompress(withBlocks('1f610100ffffffff'), limit)).toThrow(frameError);
  });

  it('random damage never does anything but throw a kernel error or give content within the limit', () => {
    const frames = shapes.map((shape) => referenceFrame(mixture(9000), shape));
    fc.assert(
      fc.property(fc.nat(frames.length - 1), fc.array(fc.tuple(fc.nat(20_000), fc.nat(255)), { minLength: 1, maxLength: 12 }), (which, changes) => {
        const frame = frames[which]?.slice() ?? new Uint8Array(0);
        for (const [at, value] of changes) frame[7 + (at % (frame.length - 7))] = value;
        try {
          return lz4Decompress(frame, 20_000).length <= 20_000;
        } catch (error) {
          return error instanceof KernelError && (error.kind === 'frame' || error.kind === 'limit');
        }
      }),
      { seed: 13, numRuns: 3000 },
    );
  });

  it('random bytes behind a good header never do anything else either', () => {
    const header = referenceFrame(new Uint8Array(0), { linked: true, blockCode: 7 }).subarray(0, 7);
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 300 }), (bytes) => {
        const block = Buffer.concat([header, Uint8Array.of(bytes.length, bytes.length >> 8, 0, 0), bytes, new Uint8Array(4)]);
        try {
          return lz4Decompress(new Uint8Array(block), 5000).length <= 5000;
        } catch (error) {
          return error instanceof KernelError;
        }
      }),
      { seed: 14, numRuns: 3000 },
    );
  });
});

describe('writing LZ4 frames', () => {
  it.each(contents)('what is written of %s is read by lz4js, by a literal decoder and by ourselves', (_name, plain) => {
    const frame = lz4Compress(plain);
    expect(hex(frame.subarray(0, 7))).toBe('04224d186470b9');
    expect(same(referenceDecompress(frame), plain)).toBe(true);
    expect(same(lz4Decompress(frame, plain.length), plain)).toBe(true);
    if (plain.length > 0) expect(same(new Uint8Array(lz4jsDecompress(frame)), plain)).toBe(true);
  });

  it('nothing becomes the frame that plakar writes for it', () => {
    expect(hex(lz4Compress(new Uint8Array(0)))).toBe('04224d186470b900000000055dcc02');
  });

  it('every length comes back', () => {
    const text = seededText('lengths', 200_001);
    const noise = seededBytes('lengths', 200_001);
    for (const length of [...Array.from({ length: 70 }, (_, i) => i), ...edgeLengths]) {
      for (const source of [text, noise, new Uint8Array(length)]) {
        const plain = source.subarray(0, length);
        expect(same(lz4Decompress(lz4Compress(plain), length), plain), `${length}`).toBe(true);
        if (length < 5000) expect(same(referenceDecompress(lz4Compress(plain)), plain), `${length}`).toBe(true);
      }
    }
  });

  it('small alphabets and repeated pieces come back', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.integer({ min: 97, max: 99 }), { minLength: 1, maxLength: 40 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 6 }),
        (parts, times) => {
          const plain = Uint8Array.from(Array.from({ length: times }, () => parts.flat()).flat());
          const frame = lz4Compress(plain);
          return same(referenceDecompress(frame), plain) && same(lz4Decompress(frame, plain.length), plain);
        },
      ),
      { seed: 15, numRuns: 300 },
    );
  });

  it('blocks are cut at 4 MiB and stored when they would not get smaller', () => {
    const noise = seededBytes('blocks', (9 << 20) + 3);
    const frame = lz4Compress(noise);
    expect(frame.length).toBe(noise.length + 7 + 3 * 4 + 8);
    expect(hex(frame.subarray(7, 11))).toBe('00004080');
    expect(same(lz4Decompress(frame, noise.length), noise)).toBe(true);
    const text = seededText('blocks', (5 << 20) + 1);
    expect(same(lz4Decompress(lz4Compress(text), text.length), text)).toBe(true);
  });

  it('text gets smaller by about as much as with the usual fast compressors', () => {
    const text = seededText('ratio', 1 << 20);
    expect(lz4Compress(text).length).toBeLessThan(lz4jsCompress(text).length * 1.05);
  });
});
