import { readFileSync } from 'node:fs';
import { blake3Hash } from '@wardrobe/kernel';
import { describe, expect, it } from 'vitest';
import { hexFromBytes } from '../bytes/bytes.js';
import { DecodeError, TooLargeError } from '../errors/errors.js';
import { chunker, cutRule } from './chunker.js';

type Vector = {
  readonly algorithm: string;
  readonly blake3: string;
  readonly input: string;
  readonly lengths: readonly number[];
  readonly min: number;
  readonly normal: number;
  readonly max: number;
};
const vectors = JSON.parse(readFileSync(new URL('../../../../fixtures/vectors/fastcdc-vectors.json', import.meta.url), 'utf8')) as readonly Vector[];

function lcg(lengthBytes: number, seed: number): Uint8Array {
  let x = seed;
  return new Uint8Array(lengthBytes).map(() => {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    return x >>> 24;
  });
}

/** A 64-bit xorshift in two halves. */
function xorshift(lengthBytes: number, seed: bigint): Uint8Array {
  let high = Number(seed >> 32n) | 0;
  let low = Number(seed & 0xffffffffn) | 0;
  return new Uint8Array(lengthBytes).map(() => {
    high ^= (high << 13) | (low >>> 19);
    low ^= low << 13;
    low ^= (low >>> 7) | (high << 25);
    high ^= high >>> 7;
    high ^= (high << 17) | (low >>> 15);
    low ^= low << 17;
    return high & 0xff;
  });
}

const made = new Map<string, Uint8Array>();
function inputOf(text: string): Uint8Array {
  const known = made.get(text);
  if (known !== undefined) return known;
  const [name = '', ...values] = text.split(/[(),]/);
  const [length = 0, seed = 0] = values.filter((value) => value !== '').map((value) => Number(value.split('=')[1]));
  const input = name === 'xorshift' ? xorshift(length, BigInt(/seed=(\d+)/.exec(text)?.[1] ?? 0)) : name === 'lcg' ? lcg(length, seed) : new Uint8Array(length);
  made.set(text, input);
  return input;
}

const v11 = { algorithm: 'fastcdc-v1.0.0', minSize: 512 << 10, normalSize: 1 << 20, maxSize: 8 << 20 };

async function* inPieces(input: Uint8Array, lengthBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < input.length; at += lengthBytes) yield input.slice(at, at + lengthBytes);
}

async function lengthsOf(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<number[]> {
  const lengths: number[] = [];
  for await (const chunk of chunks) lengths.push(chunk.length);
  return lengths;
}

describe('FastCDC', () => {
  it.each(vectors)('$algorithm $min/$normal/$max cuts $input as the original does', async (vector) => {
    const input = inputOf(vector.input);
    expect(hexFromBytes(blake3Hash(input))).toBe(vector.blake3);
    const cutter = chunker({ algorithm: vector.algorithm, minSize: vector.min, normalSize: vector.normal, maxSize: vector.max });
    expect(await lengthsOf(cutter.chunksOf(input))).toEqual(vector.lengths);
    expect(await lengthsOf(cutter.chunksOfStream(inPieces(input, 1_000_003)))).toEqual(vector.lengths);
  });

  it('the name is compared without regard to case, and sizes of 0 are the defaults', () => {
    expect(cutRule({ ...v11, algorithm: 'FastCDC-V1.0.0' })).toEqual(cutRule(v11));
    const defaults = cutRule({ algorithm: 'FASTCDC', minSize: 0, normalSize: 0, maxSize: 0 });
    expect(defaults).toMatchObject({ minSize: 2048, normalSize: 8192, maxSize: 65536 });
  });

  it('masks are those of the specification', () => {
    expect(cutRule(v11)).toMatchObject({ small: 0xaaaaaaaaaaa00000n, large: 0x9249249249249000n });
    expect(cutRule({ ...v11, minSize: 4096, normalSize: 65536 })).toMatchObject({ small: 0x9249249249249000n, large: 0x8888888888888800n });
    expect(cutRule({ ...v11, minSize: 4096, normalSize: 16384, maxSize: 65536 })).toMatchObject({ small: 0x8888888888888888n, large: 0x8421084210842100n });
    expect(cutRule({ ...v11, algorithm: 'FASTCDC' })).toMatchObject({ small: 0x0003590703530000n, large: 0x0000d90003530000n });
  });

  it('a keyed chunker, an unknown one and impossible sizes are refused', () => {
    expect(() => chunker({ ...v11, algorithm: 'KFASTCDC' })).toThrow(DecodeError);
    expect(() => chunker({ ...v11, algorithm: 'rabin' })).toThrow(DecodeError);
    expect(() => chunker({ ...v11, minSize: 9 << 20 })).toThrow(DecodeError);
    expect(() => chunker({ ...v11, maxSize: 0xffffffff })).toThrow(TooLargeError);
  });

  it('a window that is too short to tell is not cut unless the content ends in it', () => {
    const cutter = chunker(v11);
    const input = lcg(600_000, 7);
    expect(cutter.cut(input, false)).toBe(0);
    expect(cutter.cut(input, true)).toBe(600_000);
    expect(cutter.cut(new Uint8Array(0), true)).toBe(0);
    const long = inputOf('lcg(n=6291456,seed=1)');
    expect(cutter.cut(long, false)).toBe(cutter.cut(long, true));
  });

  it('a literal FastCDC gives the same cuts for odd sizes and short windows', () => {
    const gear = (JSON.parse(readFileSync(new URL('../../../../fixtures/vectors/fastcdc-gear.json', import.meta.url), 'utf8')) as string[]).map((x) =>
      BigInt(`0x${x}`),
    );
    const input = lcg(30_000, 99);
    const sizes = [
      [64, 256, 1024],
      [100, 50, 1000],
      [77, 77, 777],
      [333, 5000, 4000],
    ] as const;
    for (const [minSize, normalSize, maxSize] of sizes) {
      const rule = cutRule({ algorithm: 'fastcdc-v1.0.0', minSize, normalSize, maxSize });
      const literal = (window: Uint8Array): number => {
        const n = Math.min(window.length, maxSize);
        if (n <= minSize) return n;
        let fp = 0n;
        let mask = rule.small;
        for (let i = minSize; i < n; i++) {
          if (i === normalSize) mask = rule.large;
          fp = BigInt.asUintN(64, (fp << 1n) + (gear[window[i] ?? 0] ?? 0n));
          if ((fp & mask) === 0n) return i;
        }
        return n;
      };
      const cutter = chunker({ algorithm: 'fastcdc-v1.0.0', minSize, normalSize, maxSize });
      for (let at = 0; at < input.length; ) {
        const window = input.subarray(at, at + maxSize);
        const length = literal(window);
        expect(cutter.cut(window, true)).toBe(length);
        at += length;
      }
    }
  });
});
