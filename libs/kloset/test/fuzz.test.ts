import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { lz4Compress } from '@wardrobe/kernel';
import { COMMITTED_FIXTURES } from '@wardrobe/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { bytesFromHex } from '../src/bytes/bytes.js';
import { type Codec, decode } from '../src/codec/codec.js';
import { V1_1_0 } from '../src/codec/version.js';
import { decompressor } from '../src/compression/decompress.js';
import { KlosetError, TooLargeError } from '../src/errors/errors.js';
import { config } from '../src/format/config.js';
import { openEnvelope } from '../src/format/envelope.js';
import { lock } from '../src/format/lock.js';
import { vfsEntry } from '../src/format/snapshot-entry.js';
import { snapshotHeader } from '../src/format/snapshot-header.js';
import { errorItem, xattrItem } from '../src/format/snapshot-items.js';
import { object } from '../src/format/snapshot-object.js';
import { summary } from '../src/format/snapshot-summary.js';
import { treeNode, treeRoot } from '../src/format/snapshot-tree.js';
import { openPackfileIndex, packfileRecords, readPackfileTail, TAIL_BYTES } from '../src/packfile/packfile-tail.js';
import { parseConfig, readConfig } from '../src/repository/config-file.js';
import { type Keys, makeKeys } from '../src/repository/keys.js';
import { newLocationTable } from '../src/state/layer.js';
import { parseState } from '../src/state/parse-state.js';
import { fsStore } from '../src/stores/fs/fs-store.js';
import type { ResourceKind } from '../src/store/store.js';
import { unpackFixture } from '@wardrobe/testing';
import { fixtureSecret } from './open-fixture.js';
import { fuzz, type FuzzTarget } from './fuzz.js';

/** Every parser of the engine on mutated real bytes. A failure names seed and run; `FUZZ_SEED` repeats it. */
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000_000);
const FOR_MS = Number(process.env['FUZZ_MS'] ?? (process.env['WARDROBE_TEST_LONG'] === undefined ? 9500 : 60_000));
const LIMIT_BYTES = 32 << 20;

const TABLES: Readonly<Record<number, Codec<unknown>>> = Object.fromEntries(
  (
    [
      [5, snapshotHeader],
      [7, object],
      [12, vfsEntry],
      [15, errorItem],
      [18, xattrItem],
      [21, summary],
      [10, treeRoot],
      [11, treeNode],
    ] as const
  ).map(([type, table]) => [type, table as unknown as Codec<unknown>]),
);

/** Decoded blobs of real snapshots by type. */
function blobsOf(type: number): readonly Uint8Array[] {
  const file = new URL('../../../fixtures/vectors/snapshot-vectors.json', import.meta.url);
  const found: Uint8Array[] = [];
  const visit = (node: unknown) => {
    if (node === null || typeof node !== 'object') return;
    if ('type' in node && 'hex' in node && node.type === type && typeof node.hex === 'string') found.push(bytesFromHex(node.hex));
    else for (const value of Object.values(node)) visit(value);
  };
  visit(JSON.parse(readFileSync(file, 'utf8')));
  return found;
}

async function filesOf(keys: Keys, kind: ResourceKind): Promise<Uint8Array[]> {
  const files: Uint8Array[] = [];
  for await (const { id, sizeBytes } of keys.store.list(kind)) files.push(await keys.store.readRange(kind, id, 0, sizeBytes));
  return files;
}

const corpus = {
  configs: [] as Uint8Array[],
  plainConfigs: [] as Uint8Array[],
  states: [] as Uint8Array[],
  locks: [] as Uint8Array[],
  lockBodies: [] as Uint8Array[],
  packfiles: [] as Uint8Array[],
  streams: [] as Uint8Array[],
};
let plain: Keys | null = null;
let sealed: Keys | null = null;

beforeAll(async () => {
  process.stderr.write(`fuzz seed ${SEED}, ${FOR_MS} ms a parser\n`);
  for (const name of COMMITTED_FIXTURES) {
    const fixture = await unpackFixture(name);
    const store = fsStore(fixture.storeDir);
    const file = await readConfig(store);
    corpus.configs.push(file.file);
    corpus.plainConfigs.push(file.file.subarray(16, -32));
    const keys = makeKeys(store, file, (await fixtureSecret(fixture)) ?? null);
    if (name === 'v10-plain-desync') plain = keys;
    if (name === 'v11-enc-desync') sealed = keys;
    const hash = (bytes: Uint8Array) => keys.algorithm.hash(bytes);
    for (const state of await filesOf(keys, 'state')) corpus.streams.push(keys.decodeUnit(openEnvelope('state', state, { hash }).body));
    for (const found of await filesOf(keys, 'lock')) corpus.lockBodies.push(keys.decodeUnit(openEnvelope('lock', found, { hash }).body));
    if (name === 'v10-plain-desync') {
      corpus.states.push(...(await filesOf(keys, 'state')));
      corpus.locks.push(...(await filesOf(keys, 'lock')));
      corpus.packfiles.push(...(await filesOf(keys, 'packfile')).map((bytes) => bytes.subarray(-8192)));
    }
  }
});

function keysOf(keys: Keys | null): Keys {
  if (keys === null) throw new Error('the fixtures were not read');
  return keys;
}

/** As a real packfile whose blobs are out of sight. */
function parsePackfile(bytes: Uint8Array): unknown {
  const codec = keysOf(plain);
  const place = { kind: 'packfile', file: 'fuzz' };
  const tail = readPackfileTail(bytes.subarray(-TAIL_BYTES), { fileBytes: bytes.length, codec, place });
  return [...packfileRecords(openPackfileIndex(bytes.subarray(tail.indexAt, tail.indexAt + tail.indexBytes), tail, { codec, place }))];
}

const text = new TextEncoder().encode('the same words again and again '.repeat(200));
const parsers: readonly { readonly name: string; readonly corpus: () => readonly Uint8Array[]; parse(bytes: Uint8Array): unknown }[] = [
  { name: 'CONFIG file', corpus: () => corpus.configs, parse: parseConfig },
  { name: 'CONFIG map', corpus: () => corpus.plainConfigs, parse: (bytes) => decode(config, bytes) },
  {
    name: 'envelope',
    corpus: () => [...corpus.states, ...corpus.locks],
    parse: (bytes) => openEnvelope('state', bytes, { hash: (covered) => keysOf(plain).algorithm.hash(covered) }),
  },
  { name: 'state stream 1.0.0', corpus: () => corpus.streams, parse: (bytes) => parseState(bytes, { version: 0x10000, table: newLocationTable() }) },
  { name: 'state stream 1.1.0', corpus: () => corpus.streams, parse: (bytes) => parseState(bytes, { version: V1_1_0, table: newLocationTable() }) },
  { name: 'lock', corpus: () => corpus.lockBodies, parse: (bytes) => decode(lock, bytes) },
  { name: 'packfile', corpus: () => corpus.packfiles, parse: parsePackfile },
  { name: 'encrypted unit', corpus: () => [text.subarray(0, 300)], parse: (bytes) => keysOf(sealed).decodeUnit(bytes) },
  { name: 'LZ4', corpus: () => [lz4Compress(text), lz4Compress(corpus.streams[0] ?? text)], parse: (bytes) => decompressor('LZ4')(bytes, LIMIT_BYTES) },
  { name: 'GZIP', corpus: () => [new Uint8Array(gzipSync(text))], parse: (bytes) => decompressor('GZIP')(bytes, LIMIT_BYTES) },
  {
    name: 'ZSTD',
    corpus: () => [bytesFromHex('28b52ffd2005290000' + '68656c6c6f'), bytesFromHex('28b52ffd0038020000a7')],
    parse: (bytes) => decompressor('ZSTD')(bytes, LIMIT_BYTES),
  },
  ...Object.entries(TABLES).map(([type, table]) => ({
    name: table.name,
    corpus: () => blobsOf(Number(type)),
    parse: (bytes: Uint8Array) => decode(table, bytes),
  })),
];

describe('every parser survives mutated bytes: expected errors only, no second lost', () => {
  it.each(parsers)(
    '$name',
    (parser) => {
      const inputs = parser.corpus();
      const target: FuzzTarget = { name: parser.name, corpus: inputs.length > 0 ? inputs : [new Uint8Array(64)], parse: parser.parse };
      expect(fuzz(target, { seed: SEED, forMs: FOR_MS }).runs).toBeGreaterThan(100);
    },
    FOR_MS + 60_000,
  );
});

describe('a megabyte cannot take more than 64 MiB', () => {
  const MIB = 1 << 20;
  const inputs: readonly { readonly name: string; readonly bytes: Uint8Array }[] = [
    { name: 'zeros', bytes: new Uint8Array(MIB) },
    { name: 'empty maps', bytes: filled(0x80, 'dd000ffff0') },
    { name: 'nested lists', bytes: filled(0x91, '91') },
    { name: 'huge counts', bytes: filled(0xdd, 'dfffffffff') },
    { name: 'huge strings', bytes: filled(0xdb, 'dbffffffff') },
    { name: 'an LZ4 frame of zeros', bytes: lz4Compress(new Uint8Array(200 * MIB)) },
    { name: 'a gzip stream of zeros', bytes: new Uint8Array(gzipSync(new Uint8Array(200 * MIB))) },
  ];

  function filled(byte: number, head: string): Uint8Array {
    const bytes = new Uint8Array(MIB).fill(byte);
    bytes.set(bytesFromHex(head));
    return bytes;
  }

  it.each(inputs)('$name', ({ bytes }) => {
    for (const parser of parsers) {
      const before = process.memoryUsage();
      const started = performance.now();
      try {
        parser.parse(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(KlosetError);
        if (error instanceof TooLargeError) expect(error.limit).toBeLessThanOrEqual(64 * MIB);
      }
      const after = process.memoryUsage();
      expect(performance.now() - started, parser.name).toBeLessThan(1000);
      expect(after.arrayBuffers - before.arrayBuffers, parser.name).toBeLessThan(64 * MIB);
      expect(after.heapUsed - before.heapUsed, parser.name).toBeLessThan(64 * MIB);
    }
  });
});
