import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type SeededRandom, seededRandom } from '@wardrobe/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CacheReadError } from '../src/cache-error.js';
import { parseLocks } from '../src/cache-use.js';
import { readBatch } from '../src/pebble/batch.js';
import { forEachInBlock } from '../src/pebble/block.js';
import { readManifest } from '../src/pebble/manifest.js';
import { readPebble } from '../src/pebble/read-pebble.js';
import { readRecords } from '../src/pebble/records.js';
import { printSeed, SEED } from './golden.js';
import { batch, frame, table, versionEdit, writeDatabase } from './pebble-writer.js';
import { temporaryFolder } from './temporary.js';

printSeed('fuzz');
const runs = { seed: SEED, numRuns: 1500 };

/** Any bytes are read or refused with an expected failure. */
function refusesOrReads(parse: (bytes: Uint8Array) => void): void {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      try {
        parse(bytes);
      } catch (error) {
        if (!(error instanceof CacheReadError)) throw error;
      }
    }),
    runs,
  );
}

describe('any bytes are read or refused', () => {
  test('records of a log', () => refusesOrReads((bytes) => void readRecords(bytes, { kind: 'log', number: 7 }, () => undefined)));
  test('a MANIFEST', () => refusesOrReads((bytes) => void readManifest(bytes)));
  test('version edits in a sound frame', () => refusesOrReads((bytes) => void readManifest(frame([versionEdit({ comparer: true }), bytes], {}))));
  test('batches', () => refusesOrReads((bytes) => readBatch(bytes, () => undefined)));
  test('blocks', () => refusesOrReads((bytes) => forEachInBlock(bytes, 'block', () => undefined)));
  test('lists of locks', () => {
    fc.assert(
      fc.property(fc.string(), (text) => Array.isArray(parseLocks(text))),
      runs,
    );
  });
});

test('every proper prefix of a batch and of a version edit is refused', () => {
  const whole = batch(5, [
    { kind: 1, key: 'key', value: 'value' },
    { kind: 0, key: 'gone' },
  ]);
  for (let cut = 0; cut < whole.length; cut++) expect(() => readBatch(whole.subarray(0, cut), () => undefined)).toThrow(CacheReadError);
  const added = table([{ kind: 1, key: 'a', value: '1', sequence: 1 }], { level: 0, number: 5 });
  const edit = versionEdit({ comparer: true, added: [added] });
  const framed = frame([edit], {});
  for (let cut = 0; cut < framed.length; cut++) expect(() => readManifest(framed.subarray(0, cut))).toThrow(CacheReadError);
});

/** Bytes that lie about lengths and counts at a random place, with the checksums of the frames left right. */
function lie(bytes: Buffer, random: SeededRandom): Buffer {
  const copy = Buffer.from(bytes);
  for (let count = 1 + random.below(4); count > 0; count--) copy[random.below(copy.length)] = random.pick([0, 1, 127, 128, 255, random.below(256)]);
  return copy;
}

test('databases that lie inside sound checksums are read or refused, each in under a second', async () => {
  const random = seededRandom(SEED);
  for (let round = 0; round < 150; round++) {
    const directory = await temporaryFolder('fuzz');
    const good = table(
      Array.from({ length: 60 }, (_, index) => ({ kind: 1, key: `key${String(index).padStart(3, '0')}`, value: 'v'.repeat(index), sequence: index + 1 })),
      { level: 0, number: 5, blockBytes: 300, indexBlockBytes: 100 },
    );
    const log = frame([lie(batch(100, [{ kind: 1, key: 'k', value: 'v' }]), random)], { logNumber: 6 });
    const edit = random.below(2) === 0 ? lie(versionEdit({ comparer: true, added: [good] }), random) : versionEdit({ comparer: true, added: [good] });
    await writeDatabase(directory, { tables: [good], edits: [edit], logs: [[6, log]] });
    await writeFile(join(directory, '000005.sst'), lie(Buffer.from(good.bytes), random));
    const started = performance.now();
    await readPebble(directory, { attempts: 1 }).catch((error: unknown) => {
      if (!(error instanceof CacheReadError)) throw error;
    });
    expect(performance.now() - started).toBeLessThan(1000);
  }
});
