import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { COMMITTED_FIXTURES, type FixtureName, FUZZ_INPUT_BYTES, unpackFixture } from '@wardrobe/testing';
import type { Mac } from '@wardrobe/kloset-model';
import { openEnvelope, wrapEnvelope } from '../src/format/envelope.js';
import { readConfig } from '../src/repository/config-file.js';
import { type Keys, makeKeys } from '../src/repository/keys.js';
import { readPackfileIndex } from '../src/repository/orphans.js';
import { packfileRecords } from '../src/packfile/packfile-tail.js';
import type { ResourceKind } from '../src/store/store.js';
import { fsStore } from '@wardrobe/connector-fs';
import { fixtureSecret } from './open-fixture.js';

/** Real bytes of one fixture, by the parser that reads them. */
export type Seeds = {
  readonly name: FixtureName;
  readonly keys: Keys;
  readonly config: Uint8Array;
  readonly states: readonly { readonly file: Uint8Array; readonly version: number; readonly stream: Uint8Array }[];
  readonly locks: readonly { readonly file: Uint8Array; readonly plain: Uint8Array }[];
  readonly packfiles: readonly { readonly file: Uint8Array; readonly index: Uint8Array }[];
  /** Stored (encoded) units of blobs of each type, and their plain bytes. */
  readonly units: readonly { readonly type: number; readonly id: Mac; readonly stored: Uint8Array }[];
};

const UNITS_A_TYPE = 12;

export async function fuzzSeeds(): Promise<Seeds[]> {
  const all: Seeds[] = [];
  for (const name of COMMITTED_FIXTURES) all.push(await seedsOf(name));
  return all;
}

async function seedsOf(name: FixtureName): Promise<Seeds> {
  const fixture = await unpackFixture(name);
  const store = fsStore(fixture.storeDir);
  const keys = makeKeys(store, await readConfig(store), (await fixtureSecret(fixture)) ?? null);
  const hash = (bytes: Uint8Array) => keys.algorithm.hash(bytes);
  const states = (await filesOf(keys, 'state')).map(({ file }) => {
    const { version, body } = openEnvelope('state', file, { hash });
    return { file, version, stream: keys.decodeUnit(body) };
  });
  const locks = (await filesOf(keys, 'lock')).map(({ file }) => ({ file, plain: keys.decodeUnit(openEnvelope('lock', file, { hash }).body) }));
  const packfiles: { file: Uint8Array; index: Uint8Array }[] = [];
  const units: { type: number; id: Mac; stored: Uint8Array }[] = [];
  const taken = new Map<number, number>();
  for (const { id, file } of await filesOf(keys, 'packfile')) {
    const { index } = await readPackfileIndex(keys, { id, sizeBytes: file.length }, {});
    packfiles.push({ file, index });
    for (const record of packfileRecords(index)) {
      const count = taken.get(record.type) ?? 0;
      if (count >= UNITS_A_TYPE || record.lengthBytes > FUZZ_INPUT_BYTES) continue;
      taken.set(record.type, count + 1);
      units.push({ type: record.type, id: record.id, stored: file.subarray(16 + record.offset, 16 + record.offset + record.lengthBytes) });
    }
  }
  return { name, keys, config: await readFile(join(fixture.storeDir, 'CONFIG')), states, locks, packfiles, units };
}

async function filesOf(keys: Keys, kind: ResourceKind): Promise<{ readonly id: Mac; readonly file: Uint8Array }[]> {
  const files: { id: Mac; file: Uint8Array }[] = [];
  for await (const { id, sizeBytes } of keys.store.list(kind)) files.push({ id, file: await keys.store.readRange(kind, id, 0, sizeBytes) });
  return files.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** A file whose header was mutated or not, with the footer that belongs to its bytes. */
export function resealed(file: Uint8Array, hash: (bytes: Uint8Array) => Uint8Array): Uint8Array {
  const covered = file.subarray(0, Math.max(0, file.length - 32));
  return new Uint8Array(Buffer.concat([covered, hash(covered)]));
}

/** The same file around another body. */
export function rewrapped(kind: 'state' | 'lock', body: Uint8Array, sealed: { readonly version: number; readonly keys: Keys }): Uint8Array {
  return wrapEnvelope(kind, body, { version: sealed.version, hash: (bytes) => sealed.keys.algorithm.hash(bytes) });
}
