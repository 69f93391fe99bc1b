import { type CutRule, fastCdcCut } from '@wardrobe/kernel';
import { concatBytes } from '../bytes/bytes.js';
import { DecodeError, TooLargeError } from '../errors/errors.js';

/** How a store cuts contents; sizes in bytes, 0 for the default. As in CONFIG. */
export type ChunkingParams = { readonly algorithm: string; readonly minSize: number; readonly normalSize: number; readonly maxSize: number };

/** Cuts contents into chunks, the same bytes always at the same places. @source 02-snapshot 5 */
export interface Chunker {
  /** What it works with, defaults filled in. */
  readonly rule: CutRule;
  /**
   * Length of the first chunk of `window`. When the content goes on behind the window (`isLast` false) that is only known from `rule.maxSize` bytes on; with
   * less the answer is 0: ask again with more. An empty last window is a chunk of length 0.
   */
  cut(window: Uint8Array, isLast: boolean): number;
  /** Chunks of a content in memory, as views of it. An empty content is one empty chunk. */
  chunksOf(content: Uint8Array): Generator<Uint8Array, void, undefined>;
  /** Chunks of a content that comes in pieces of any size. A chunk is memory of its own. */
  chunksOfStream(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined>;
}

const DEFAULT_SIZES = { min: 2 << 10, normal: 8 << 10, max: 64 << 10 };
/** Nothing sensible is above: a larger chunk could not be held in memory while it is made. */
const MAX_SIZE_LIMIT = 256 << 20;
const LEGACY_MASKS = { small: 0x0003590703530000n, large: 0x0000d90003530000n };
const MASK_BITS = 64;

/** @throws DecodeError an algorithm or sizes that plakar would refuse too; TooLargeError */
export function chunker(params: ChunkingParams): Chunker {
  return chunkerOf(cutRule(params));
}

/** Sizes and masks of a store. @throws as `chunker` */
export function cutRule(params: ChunkingParams): CutRule {
  const sizes = {
    minSize: params.minSize || DEFAULT_SIZES.min,
    normalSize: params.normalSize || DEFAULT_SIZES.normal,
    maxSize: params.maxSize || DEFAULT_SIZES.max,
  };
  if (sizes.maxSize > MAX_SIZE_LIMIT) throw new TooLargeError('largest size of a chunk', sizes.maxSize, MAX_SIZE_LIMIT);
  if (sizes.minSize > sizes.maxSize) throw new DecodeError('CONFIG', `chunks of at least ${sizes.minSize} and at most ${sizes.maxSize} bytes cannot be cut`);
  return { ...sizes, ...masksOf(params.algorithm, sizes) };
}

function masksOf(algorithm: string, sizes: { readonly minSize: number; readonly normalSize: number; readonly maxSize: number }) {
  switch (algorithm.toLowerCase()) {
    case 'fastcdc':
      return LEGACY_MASKS;
    case 'fastcdc-v1.0.0': {
      const isDefault = sizes.minSize === DEFAULT_SIZES.min && sizes.normalSize === DEFAULT_SIZES.normal && sizes.maxSize === DEFAULT_SIZES.max;
      return isDefault ? LEGACY_MASKS : spacedMasks(sizes.normalSize);
    }
    case 'kfastcdc':
      throw new DecodeError('CONFIG', 'chunking by kfastcdc needs a key, and a store has no place for one');
    default:
      throw new DecodeError('CONFIG', `unknown chunking algorithm ${JSON.stringify(algorithm.slice(0, 40))}`);
  }
}

function spacedMasks(normalSize: number) {
  const bits = Math.floor(Math.log2(normalSize));
  return { small: spacedMask(bits + 2), large: spacedMask(bits - 2) };
}

/** `count` bits from the highest one down, evenly far apart. */
function spacedMask(count: number): bigint {
  if (count <= 0) return 0n;
  const step = Math.floor(MASK_BITS / Math.min(count, MASK_BITS));
  let mask = 0n;
  for (let i = 0; i < Math.min(count, MASK_BITS); i++) mask |= 1n << BigInt(MASK_BITS - 1 - i * step);
  return mask;
}

function chunkerOf(rule: CutRule): Chunker {
  const cut = (window: Uint8Array, isLast: boolean): number => {
    const length = fastCdcCut(window, rule);
    const isOpen = !isLast && length === window.length && length < rule.maxSize;
    return isOpen ? 0 : length;
  };
  return {
    rule,
    cut,
    *chunksOf(content) {
      let at = 0;
      do {
        const length = cut(content.subarray(at, at + rule.maxSize), true);
        yield content.subarray(at, at + length);
        at += length;
      } while (at < content.length);
    },
    async *chunksOfStream(pieces) {
      let held: Uint8Array[] = [];
      let heldBytes = 0;
      let count = 0;
      for await (const piece of pieces) {
        held.push(piece.slice());
        heldBytes += piece.length;
        if (heldBytes < rule.maxSize) continue;
        const window = concatBytes(held);
        let at = 0;
        for (; window.length - at >= rule.maxSize; count++) {
          const length = cut(window.subarray(at, at + rule.maxSize), false);
          yield window.slice(at, at + length);
          at += length;
        }
        held = [window.subarray(at)];
        heldBytes = window.length - at;
      }
      let rest = concatBytes(held);
      for (; rest.length > 0 || count === 0; count++) {
        const length = cut(rest, true);
        yield rest.slice(0, length);
        rest = rest.subarray(length);
      }
    },
  };
}
