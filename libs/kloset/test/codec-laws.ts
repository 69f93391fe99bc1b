import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader } from '../src/codec/byte-reader.js';
import { type Codec, decode, encode } from '../src/codec/codec.js';
import { DecodeError, KlosetError } from '../src/errors/errors.js';

type LawOptions = {
  /** Bytes plakar wrote for this record: encode after decode must give them back. */
  readonly vectors?: readonly Uint8Array[];
  readonly runs?: number;
};

/** The laws of every codec table, as tests. Seeds are printed by fast-check when a run fails; `FC_SEED` repeats one. */
export function codecLaws<T>(codec: Codec<T>, options: LawOptions = {}): void {
  const parameters = { numRuns: options.runs ?? 100, ...(process.env['FC_SEED'] ? { seed: Number(process.env['FC_SEED']) } : {}) };
  describe(`laws of ${codec.name}`, () => {
    it('decode after encode is identity', () => {
      fc.assert(
        fc.property(codec.arbitrary(fc), (value) => {
          expect(decode(codec, encode(codec, value))).toEqual(value);
        }),
        parameters,
      );
    });

    it('every proper prefix is a DecodeError', () => {
      fc.assert(
        fc.property(codec.arbitrary(fc), (value) => {
          expectPrefixesFail(codec, encode(codec, value));
        }),
        { ...parameters, numRuns: Math.min(parameters.numRuns, 20) },
      );
    });

    it('mutated bytes decode or fail as an expected error, never otherwise', () => {
      const mutation = fc.tuple(codec.arbitrary(fc), fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }));
      fc.assert(
        fc.property(mutation, ([value, changes]) => {
          const bytes = encode(codec, value);
          for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
          expectExpected(codec, bytes);
        }),
        parameters,
      );
    });

    for (const [index, bytes] of (options.vectors ?? []).entries()) {
      it(`encode after decode gives back plakar's bytes (vector ${index})`, () => {
        expect(Buffer.from(encode(codec, decode(codec, bytes))).toString('hex')).toBe(Buffer.from(bytes).toString('hex'));
        expectPrefixesFail(codec, bytes);
      });
    }

    if (!passes(codec)) return;
    it('passing over a value takes and refuses the same bytes as reading it', () => {
      const mutation = fc.tuple(codec.arbitrary(fc), fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 3 }), fc.nat({ max: 20 }));
      fc.assert(
        fc.property(mutation, ([value, changes, cut]) => {
          const whole = encode(codec, value);
          const bytes = cut === 0 ? whole.subarray(0, whole.length >> 1) : whole;
          for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
          expect(outcome(bytes, (reader) => codec.pass(reader))).toEqual(outcome(bytes, (reader) => void codec.read(reader)));
        }),
        { ...parameters, numRuns: 5 * parameters.numRuns },
      );
    });
  });
}

type Passing = { pass(reader: ByteReader): void };

function passes<T>(codec: Codec<T>): codec is Codec<T> & Passing {
  return 'pass' in codec;
}

/** Where the reader stands afterwards, or how it failed. Of bytes that end too early only that: whether a token counts into what is missing is left open. */
function outcome(bytes: Uint8Array, use: (reader: ByteReader) => void): number | string {
  const reader = new ByteReader(bytes, 'value');
  try {
    use(reader);
    return reader.offset;
  } catch (error) {
    expect(error).toBeInstanceOf(KlosetError);
    return (error as KlosetError).message.replace(/ends too early.*/, 'ends too early');
  }
}

function expectPrefixesFail<T>(codec: Codec<T>, bytes: Uint8Array): void {
  const step = Math.max(1, Math.floor(bytes.length / 200));
  for (let length = 0; length < bytes.length; length += step) expect(() => decode(codec, bytes.subarray(0, length))).toThrow(DecodeError);
}

function expectExpected<T>(codec: Codec<T>, bytes: Uint8Array): void {
  try {
    decode(codec, bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(KlosetError);
  }
}
