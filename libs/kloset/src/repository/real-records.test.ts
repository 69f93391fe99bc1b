import { availableFixtures, unpackFixture } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { fixtureSecret } from '../../test/open-fixture.js';
import { ByteReader } from '../codec/byte-reader.js';
import { type Codec, decode, encode } from '../codec/codec.js';
import { V1_1_0 } from '../codec/version.js';
import { openEnvelope, wrapEnvelope } from '../format/envelope.js';
import { lock } from '../format/lock.js';
import { packfileIndexRecord } from '../format/packfile.js';
import { colouredEntry, deleteEntry, locationEntry, packfileEntry, stateMetadata } from '../format/state.js';
import { fsStore } from '@wardrobe/connector-fs';
import { readConfig } from './config-file.js';
import { makeKeys } from './keys.js';
import { readPackfileIndex } from './orphans.js';

const PAYLOADS: Readonly<Record<number, Codec<never>>> = { 2: locationEntry, 3: colouredEntry, 4: packfileEntry, 6: deleteEntry } as unknown as Readonly<
  Record<number, Codec<never>>
>;

async function openKeys(name: Parameters<typeof unpackFixture>[0]) {
  const fixture = await unpackFixture(name);
  const store = fsStore(fixture.storeDir);
  return makeKeys(store, await readConfig(store), (await fixtureSecret(fixture)) ?? null);
}

function again(codec: Codec<never>, bytes: Uint8Array): void {
  expect(Buffer.from(encode(codec, decode(codec, bytes))).toString('hex')).toBe(Buffer.from(bytes).toString('hex'));
}

describe.each(availableFixtures())('records of %s', (name) => {
  it('every state entry is encoded again to the bytes that plakar wrote', async () => {
    const keys = await openKeys(name);
    let entries = 0;
    for await (const { id, sizeBytes } of keys.store.list('state')) {
      const opened = openEnvelope('state', await keys.store.readRange('state', id, 0, sizeBytes), { hash: (bytes) => keys.algorithm.hash(bytes) });
      const reader = new ByteReader(keys.decodeUnit(opened.body), 'state');
      if (opened.version === V1_1_0) reader.skip(32);
      for (let type = reader.u8(); type !== 1; type = reader.u8()) {
        again(PAYLOADS[type] as Codec<never>, reader.take(reader.u32()));
        entries += 1;
      }
      again(stateMetadata as unknown as Codec<never>, reader.take(stateMetadata.sizeBytes));
      reader.expectEnd();
    }
    expect(entries).toBeGreaterThan(50);
  });

  it('so is every lock, whole file included, and every packfile index', async () => {
    const keys = await openKeys(name);
    const hash = (bytes: Uint8Array) => keys.algorithm.hash(bytes);
    for await (const { id, sizeBytes } of keys.store.list('lock')) {
      const file = await keys.store.readRange('lock', id, 0, sizeBytes);
      const opened = openEnvelope('lock', file, { hash });
      again(lock as unknown as Codec<never>, keys.decodeUnit(opened.body));
      expect(Buffer.from(wrapEnvelope('lock', opened.body, { version: opened.version, hash })).equals(file)).toBe(true);
    }
    for await (const item of keys.store.list('packfile')) {
      const { index } = await readPackfileIndex(keys, item, {});
      for (let at = 0; at < index.length; at += packfileIndexRecord.sizeBytes)
        again(packfileIndexRecord as unknown as Codec<never>, index.subarray(at, at + packfileIndexRecord.sizeBytes));
    }
  });
});
