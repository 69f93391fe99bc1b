import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lz4Compress, lz4Decompress } from './lz4.js';
import { Lz4FrameWriter } from './lz4-frame-writer.js';

const text = Buffer.from('entry after entry of a state, '.repeat(400_000)).subarray(0, 9_500_000);

describe('an LZ4 frame in pieces', () => {
  it('is the very frame that is written whole, however the content is cut, and while others compress', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5_000_000 }), { maxLength: 5 }), fc.boolean(), (cuts, random) => {
        const content = random ? Buffer.from(text.map((byte, at) => (byte * 167 + at * at) & 0xff)) : text;
        const writer = new Lz4FrameWriter();
        const out: Uint8Array[] = [];
        let at = 0;
        for (const cut of [...cuts, content.length]) {
          out.push(...writer.push(content.subarray(at, at + cut)));
          at += cut;
          lz4Compress(Uint8Array.of(1, 2, 3));
        }
        out.push(...writer.finish());
        expect(Buffer.concat(out).equals(lz4Compress(content.subarray(0, at)))).toBe(true);
      }),
      { numRuns: 8 },
    );
  });

  it('of nothing is a frame of nothing', () => {
    const out = new Lz4FrameWriter().finish();
    expect(lz4Decompress(Buffer.concat(out), 10).length).toBe(0);
  });
});
