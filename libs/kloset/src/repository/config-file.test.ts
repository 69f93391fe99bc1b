import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { availableFixtures, unpackFixture } from '@wardrobe/testing';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codecLaws } from '../../test/codec-laws.js';
import { storeBuilder } from '../../test/store-builder.js';
import { decode, encode } from '../codec/codec.js';
import { KlosetError, TooLargeError, UnsupportedVersionError } from '../errors/errors.js';
import { config } from '../format/config.js';
import { lock } from '../format/lock.js';
import { colouredEntry, configurationEntry, deleteEntry, locationEntry, packfileEntry, stateMetadata } from '../format/state.js';
import { indexRecords } from '../format/state-index.js';
import { parseConfig, verifyConfig } from './config-file.js';

codecLaws(config);
codecLaws(lock);
for (const table of [locationEntry, colouredEntry, packfileEntry, configurationEntry, deleteEntry, stateMetadata]) codecLaws(table as typeof locationEntry);
codecLaws(indexRecords, { runs: 30 });

describe.each(availableFixtures())('CONFIG of %s', (name) => {
  it('encode after decode gives back the bytes that plakar wrote', async () => {
    const { storeDir } = await unpackFixture(name);
    const file = new Uint8Array(await readFile(join(storeDir, 'CONFIG')));
    const body = file.subarray(16, file.length - 32);
    expect(Buffer.from(encode(config, decode(config, body))).toString('hex')).toBe(Buffer.from(body).toString('hex'));
  });

  it('cut anywhere or mutated it is refused, or fails its footer', async () => {
    const { storeDir, passphrase } = await unpackFixture(name);
    const file = new Uint8Array(await readFile(join(storeDir, 'CONFIG')));
    const open = (bytes: Uint8Array) => {
      const parsed = parseConfig(bytes);
      if (passphrase === undefined) verifyConfig(parsed, null);
      return parsed;
    };
    for (let length = 0; length < file.length; length += 1) expect(() => open(file.subarray(0, length))).toThrow(KlosetError);
    fc.assert(
      fc.property(fc.nat({ max: file.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = file.slice();
        damaged[at] = (damaged[at] as number) ^ change;
        // In an encrypted store the footer needs the secret: there it is enough that parsing is safe.
        try {
          open(damaged);
          expect(passphrase).toBeDefined();
        } catch (error) {
          expect(error).toBeInstanceOf(KlosetError);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('CONFIG', () => {
  it('of another version is an UnsupportedVersionError, older or newer', () => {
    for (const version of [0x0000ff00, 0x00010001, 0x00020000]) {
      const file = storeBuilder().config();
      new DataView(file.buffer, file.byteOffset).setUint32(12, version, true);
      expect(() => parseConfig(file)).toThrow(UnsupportedVersionError);
    }
  });

  it('of absurd size is a TooLargeError', () => expect(() => parseConfig(new Uint8Array(1 << 20))).toThrow(TooLargeError));
});
