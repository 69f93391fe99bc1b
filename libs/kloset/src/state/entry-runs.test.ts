import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes } from '../bytes/bytes.js';
import { V1_0_0, V1_1_0 } from '../codec/version.js';
import { KlosetError } from '../errors/errors.js';
import { newLocationTable } from './layer.js';
import { parseState, parseStatePieces } from './parse-state.js';

/** Entries of unlike lengths: unknown types may have any. */
const entry = fc.oneof(
  fc.tuple(fc.integer({ min: 7, max: 255 }), fc.uint8Array({ maxLength: 40 })),
  fc.tuple(fc.constant(2), fc.uint8Array({ minLength: 85, maxLength: 85 }).map(withSmallOffset)),
  fc.tuple(fc.constantFrom(3), fc.uint8Array({ minLength: 41, maxLength: 41 })),
  fc.tuple(fc.constant(4), fc.uint8Array({ minLength: 72, maxLength: 72 })),
);

/** Type 9, an offset below 2^32. */
function withSmallOffset(payload: Uint8Array): Uint8Array {
  const bytes = payload.slice();
  bytes[0] = 9;
  bytes.fill(0, 73, 77);
  return bytes;
}

function streamOf(entries: readonly (readonly [number, Uint8Array])[], isLater: boolean): Uint8Array {
  const parts = entries.flatMap(([type, payload]) => [Uint8Array.of(type, payload.length, 0, 0, 0), payload]);
  const version = isLater ? V1_1_0 : V1_0_0;
  const metadata = new Uint8Array(1 + 4 + 8 + 16);
  metadata[0] = 1;
  new DataView(metadata.buffer).setUint32(1, version, true);
  return concatBytes([...(isLater ? [new Uint8Array(32).fill(7)] : []), ...parts, metadata]);
}

/** The stream in pieces of the lengths, again and again; each is overwritten when the next is asked for. */
function* cut(stream: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < stream.length; turn += 1) {
    const piece = stream.slice(at, at + (lengths[turn % lengths.length] as number));
    at += piece.length;
    yield piece;
    piece.fill(0xee);
  }
}

function outcome(parse: (table: ReturnType<typeof newLocationTable>) => object): unknown {
  const table = newLocationTable();
  try {
    const parsed = parse(table);
    return [parsed, [...Array(table.count).keys()].map((row) => [table.blob(row), table.read(row)])];
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
    return [error.code, error.message, table.count];
  }
}

describe('a state stream in pieces', () => {
  it('reads as the whole one does, however it is cut, and fails with the same words when it ends too early or goes on', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 12 }), lengths, fc.boolean(), fc.integer({ min: -60, max: 3 }), (entries, sizes, isLater, more) => {
        const whole = streamOf(entries, isLater);
        const stream = more > 0 ? concatBytes([whole, new Uint8Array(more)]) : whole.subarray(0, Math.max(0, whole.length + more));
        const version = isLater ? V1_1_0 : V1_0_0;
        const expected = outcome((table) => parseState(stream, { version, table }));
        expect(outcome((table) => parseStatePieces(() => cut(stream, sizes), { version, table }))).toEqual(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  it('that is whole gives its entries', () => {
    const location = withSmallOffset(new Uint8Array(85).fill(3));
    const table = newLocationTable();
    const parsed = parseStatePieces(
      () =>
        cut(
          streamOf(
            [
              [2, location],
              [200, new Uint8Array(9)],
              [4, new Uint8Array(72)],
            ],
            true,
          ),
          [50],
        ),
      { version: V1_1_0, table },
    );
    expect(parsed.counts).toEqual({ locations: 1, coloured: 0, packfiles: 1, deletes: 0 });
    expect(parsed.parent).toBe('07'.repeat(32));
    expect(table.count).toBe(1);
  });
});
