import { mkdtemp, rm, writeFile, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { lz4Compress } from '@wardrobe/kernel';
import type { Mac } from '@wardrobe/kloset-model';
import { fuzz, fuzzLine, fuzzSettings, type FuzzTarget, measureInput, mutate, seededRandom } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkSnapshots } from '../src/bulk/check.js';
import { type Codec, decode } from '../src/codec/codec.js';
import { decompressor } from '../src/compression/decompress.js';
import { configMac } from '../src/crypto/mac.js';
import { KlosetError } from '../src/errors/errors.js';
import { openEnvelope, readEnvelopeHeader } from '../src/format/envelope.js';
import { lock } from '../src/format/lock.js';
import { packfileFooter, packfileIndexRecord } from '../src/format/packfile.js';
import { SNAPSHOT_BLOB } from '../src/format/snapshot-blob-types.js';
import { colouredEntry, locationEntry, packfileEntry } from '../src/format/state.js';
import { loadStates } from '../src/repository/load-states.js';
import { memoryStore } from '@wardrobe/connector-memory';
import { errorItem, xattrItem } from '../src/format/snapshot-items.js';
import { object } from '../src/format/snapshot-object.js';
import { summary } from '../src/format/snapshot-summary.js';
import { treeNode, treeRoot } from '../src/format/snapshot-tree.js';
import { openPackfileIndex, packfileRecords, readPackfileTail, TAIL_BYTES } from '../src/packfile/packfile-tail.js';
import { describeConfig, parseConfig, verifyConfig } from '../src/repository/config-file.js';
import { readLayerFile, writeLayerFile } from '../src/repository/index-file.js';
import { unitDecoder } from '../src/repository/unit-codec.js';
import { readEntry } from '../src/snapshot/entry.js';
import { readHeader } from '../src/snapshot/header.js';
import { isDamaged } from '../src/snapshot/entry.js';
import { toObject } from '../src/snapshot/content.js';
import { openSnapshot } from '../src/snapshot/open.js';
import type { SnapshotSource } from '../src/snapshot/source.js';
import { type VectorStore, vectorStores } from '../src/snapshot/testing/vectors.js';
import { mergeFacts } from '../src/state/facts.js';
import { newLocationTable } from '../src/state/layer.js';
import { parseState } from '../src/state/parse-state.js';
import { MergedView } from '../src/state/state-view.js';
import { resealed, rewrapped, type Seeds, fuzzSeeds } from './fuzz-seeds.js';

const { seed, totalMs } = fuzzSettings(process.env, 60);
process.stdout.write(`engine fuzz: seed ${seed}, ${totalMs / 1000} s\n`);
const isExpected = (error: unknown): boolean => error instanceof KlosetError;
const ID = '1'.repeat(64) as Mac;
const TARGETS = 26;

let all: Seeds[];
let folder: string;
let layerFile: Uint8Array;
const LAYER_KEY = new Uint8Array(32).fill(7);

beforeAll(async () => {
  all = await fuzzSeeds();
  folder = await mkdtemp(join(tmpdir(), 'wardrobe-fuzz-'));
  const table = newLocationTable();
  const state = all[0]?.states[0];
  if (state === undefined) throw new Error('no state');
  const parsed = parseState(state.stream, { version: state.version, table });
  const record = { id: ID, sizeBytes: 1, stamp: null, footer: ID, namesItself: true, ...parsed };
  await writeLayerFile(join(folder, 'layer'), { table, records: [record] }, LAYER_KEY);
  layerFile = await readFile(join(folder, 'layer'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function fuzzes(name: string, make: () => Omit<FuzzTarget, 'name'>): void {
  it(`${name}: read or refused in under a second with less than 64 MiB`, { timeout: totalMs + 60_000 }, async () => {
    const report = await fuzz({ name, ...make() }, { random: seededRandom(seed), forMs: totalMs / TARGETS, isExpected });
    process.stdout.write(fuzzLine(report));
    expect(report.refused).toBeGreaterThan(0);
  });
}

const hashOf = (seeds: Seeds | undefined) => (bytes: Uint8Array) => (seeds as Seeds).keys.algorithm.hash(bytes);
/** The two plain fixtures: bodies can be mutated behind the compression. */
const plain = () => all.filter((seeds) => seeds.keys.secret === null);
const encrypted = () => all.filter((seeds) => seeds.keys.secret !== null);

describe('files of a store', () => {
  fuzzes('CONFIG', () => ({ seeds: all.map((seeds) => seeds.config), parse: (bytes) => describeConfig(parseConfig(bytes).config) }));
  fuzzes('CONFIG, footer right', () => ({
    seeds: plain().map((seeds) => seeds.config),
    repair: (bytes) => resealed(bytes, configMac(null)),
    parse(bytes) {
      const file = parseConfig(bytes);
      verifyConfig(file, null);
      describeConfig(file.config);
      unitDecoder(file.config, null);
    },
  }));
  fuzzes('envelope', () => ({
    seeds: all[0]?.states.map((state) => state.file) ?? [],
    parse: (bytes) => openEnvelope('state', bytes, { hash: hashOf(all[0]) }),
  }));
  fuzzes('envelope header', () => ({
    seeds: plain().flatMap((seeds) => seeds.locks.map(({ file }) => file.slice(0, 16))),
    parse: (bytes) => readEnvelopeHeader('lock', bytes),
  }));
  fuzzes('state file, footer right', () => ({
    seeds: all[2]?.states.map((state) => state.file) ?? [],
    repair: (bytes) => resealed(bytes, hashOf(all[2])),
    parse(bytes) {
      const opened = openEnvelope('state', bytes, { hash: hashOf(all[2]) });
      parseState((all[2] as Seeds).keys.decodeUnit(opened.body), { version: opened.version, table: newLocationTable() });
    },
  }));
  for (const [name, at] of [
    ['state stream 1.0', 0],
    ['state stream 1.1', 2],
  ] as const)
    fuzzes(name, () => {
      const states = (all[at] as Seeds).states;
      const version = states[0]?.version ?? 0;
      return {
        seeds: states.map((state) => state.stream),
        parse(bytes) {
          const table = newLocationTable();
          const parsed = parseState(bytes, { version, table });
          const record = { id: ID, sizeBytes: bytes.length, stamp: null, footer: ID, namesItself: true, ...parsed };
          mergeFacts([record]);
          new MergedView([{ table, records: [record] }], []).live.length;
        },
      };
    });
  fuzzes('lock', () => ({ seeds: all.flatMap((seeds) => seeds.locks.map(({ plain: bytes }) => bytes)), parse: (bytes) => decode(lock, bytes) }));
  fuzzes('lock file, footer right', () => {
    const seeds = plain()[0] as Seeds;
    return {
      seeds: seeds.locks.map(({ file }) => file.slice(16, -32)),
      repair: (body) => rewrapped('lock', body, { version: 0x010000, keys: seeds.keys }),
      parse: (bytes) => {
        const isBody = bytes[0] !== 0x5f;
        const body = isBody ? bytes : openEnvelope('lock', bytes, { hash: hashOf(seeds) }).body;
        return decode(lock, seeds.keys.decodeUnit(body, 64 << 10));
      },
    };
  });
  fuzzes('state index file', () => ({
    seeds: [layerFile],
    async parse(bytes) {
      await writeFile(join(folder, 'mutated'), bytes);
      await readLayerFile(join(folder, 'mutated'), LAYER_KEY);
    },
  }));
});

describe('packfiles', () => {
  const codecOf = (seeds: Seeds) => ({ decodeUnit: seeds.keys.decodeUnit, mac: (bytes: Uint8Array) => seeds.keys.mac(bytes) });
  fuzzes('footer record and index', () => {
    const seeds = plain()[0] as Seeds;
    return {
      seeds: seeds.packfiles.map(({ file }) => file),
      parse(bytes) {
        const tail = readPackfileTail(bytes.subarray(Math.max(0, bytes.length - TAIL_BYTES)), { fileBytes: bytes.length, codec: codecOf(seeds), place: {} });
        const encoded = bytes.subarray(tail.indexAt, tail.indexAt + tail.indexBytes);
        for (const record of packfileRecords(openPackfileIndex(encoded, tail, { codec: codecOf(seeds), place: {} }))) record.id.length;
      },
    };
  });
  fuzzes('index, MAC right', () => {
    const seeds = plain()[0] as Seeds;
    return {
      seeds: seeds.packfiles.map(({ index }) => index),
      parse(index) {
        const tail = {
          packedAtNs: 0n,
          count: Math.floor(index.length / packfileIndexRecord.sizeBytes),
          indexMac: seeds.keys.mac(index),
          blobsBytes: 1 << 30,
          indexAt: 0,
          indexBytes: 0,
        };
        const codec = { decodeUnit: (bytes: Uint8Array) => bytes, mac: codecOf(seeds).mac };
        for (const record of packfileRecords(openPackfileIndex(index, tail, { codec, place: {} }))) record.id.length;
      },
    };
  });
  fuzzes('footer record, plain', () => ({ seeds: [new Uint8Array(packfileFooter.sizeBytes)], parse: (bytes) => decode(packfileFooter, bytes) }));
});

describe('records of a snapshot', () => {
  const blobs = (type: number) => all.flatMap((seeds) => seeds.units.filter((unit) => unit.type === type).map(({ stored }) => seeds.keys.decodeUnit(stored)));
  const record = <T>(name: string, type: number, codec: Codec<T>) => fuzzes(name, () => ({ seeds: blobs(type), parse: (bytes) => decode(codec, bytes) }));
  fuzzes('header', () => ({
    seeds: blobs(SNAPSHOT_BLOB.header),
    parse(bytes) {
      // The identifier is compared; the fuzzed header may name any.
      const at = Buffer.from(bytes).indexOf('identifier');
      readHeader(
        bytes,
        Buffer.from(bytes.subarray(at + 12, at + 44))
          .toString('hex')
          .padEnd(64, '0') as Mac,
      );
    },
  }));
  fuzzes('entry', () => ({ seeds: blobs(SNAPSHOT_BLOB.vfsEntry), parse: (bytes) => readEntry(bytes, ID) }));
  fuzzes('object', () => ({ seeds: blobs(SNAPSHOT_BLOB.object), parse: (bytes) => toObject(decode(object, bytes), ID) }));
  record('tree root', SNAPSHOT_BLOB.vfsRoot, treeRoot);
  record('tree node', SNAPSHOT_BLOB.vfsNode, treeNode);
  record('summary', SNAPSHOT_BLOB.summary, summary);
  record('attribute', SNAPSHOT_BLOB.xattrEntry, xattrItem);
  fuzzes('error', () => ({
    seeds: vectorStores().flatMap(({ source }) => source.ids(SNAPSHOT_BLOB.errorEntry).map((id) => source.peek(SNAPSHOT_BLOB.errorEntry, id))),
    parse: (bytes) => decode(errorItem, bytes),
  }));
});

describe('compressions and ciphers', () => {
  const text = new TextEncoder().encode('wardrobe '.repeat(3000));
  const units = () => plain().flatMap((seeds) => seeds.units.filter(({ type }) => type !== 255).map(({ stored }) => stored));
  const limit = 32 << 20;
  fuzzes('LZ4', () => ({ seeds: [...units(), lz4Compress(text)], parse: (bytes) => decompressor('LZ4')(bytes, limit) }));
  fuzzes('GZIP', () => ({
    seeds: [text, text.subarray(0, 100)].map((bytes) => new Uint8Array(gzipSync(bytes))),
    parse: (bytes) => decompressor('GZIP')(bytes, limit),
  }));
  fuzzes('ZSTD', () => ({ seeds: ZSTD_FRAMES, parse: (bytes) => decompressor('ZSTD')(bytes, limit) }));
  fuzzes('encrypted unit', () => ({
    seeds:
      encrypted()[0]
        ?.units.filter(({ type }) => type !== 255)
        .map(({ stored }) => stored) ?? [],
    parse: (bytes) => encrypted()[0]?.keys.decodeUnit(bytes),
  }));
});

/** Small inputs that unfold to as much as they can. */
describe('bombs of at most 1 MiB', () => {
  const MIB = 1 << 20;
  const zeros = (mib: number) => new Uint8Array(mib * MIB);
  const bomb = (name: string, make: () => { readonly bytes: Uint8Array; readonly parse: (bytes: Uint8Array) => unknown }) =>
    it(`${name}: refused or read within a second and 64 MiB`, async () => {
      const { bytes, parse } = make();
      expect(bytes.length).toBeLessThanOrEqual(MIB);
      const first = await measureInput(parse, bytes);
      const { error, ms, bytes: took } = await measureInput(parse, bytes);
      process.stdout.write(
        `  bomb ${name.padEnd(22)} ${bytes.length} bytes: ${ms.toFixed(0)} ms, ${(took / MIB).toFixed(0)} MiB, ${error instanceof Error ? error.message : 'read'}\n`,
      );
      if (error !== undefined && !isExpected(error)) throw error;
      expect(Math.min(ms, first.ms)).toBeLessThan(1000);
      expect(Math.min(took, first.bytes)).toBeLessThan(64 * MIB);
    });
  const decoder = () => (plain()[0] as Seeds).keys.decodeUnit;
  bomb('LZ4', () => ({ bytes: lz4Compress(zeros(200)), parse: (bytes) => decoder()(bytes) }));
  bomb('LZ4, just allowed', () => ({ bytes: lz4Compress(zeros(31)), parse: (bytes) => decoder()(bytes) }));
  bomb('GZIP', () => ({ bytes: new Uint8Array(gzipSync(zeros(200))), parse: (bytes) => decompressor('GZIP')(bytes, 32 * MIB) }));
  bomb('GZIP, just allowed', () => ({ bytes: new Uint8Array(gzipSync(zeros(31))), parse: (bytes) => decompressor('GZIP')(bytes, 32 * MIB) }));
  for (const [name, entry] of [
    ['coloured', colouredEntry],
    ['packfiles', packfileEntry],
    ['locations', locationEntry],
  ] as const)
    for (const distinct of [true, false])
      bomb(`state of ${name}${distinct ? ', distinct' : ''}`, () => {
        const seeds = plain()[0] as Seeds;
        return {
          bytes: stateBomb(seeds, { type: { coloured: 3, packfiles: 4, locations: 2 }[name], lengthBytes: entry.sizeBytes ?? 0, distinct }),
          async parse(file) {
            const { files, view } = await loadOne(seeds, file);
            if (files.unreadable[0] !== undefined) throw files.unreadable[0].error;
            return view;
          },
        };
      });
});

/** A sealed state file of as many entries as fit into 1 MiB compressed. */
function stateBomb(seeds: Seeds, entries: { readonly type: number; readonly lengthBytes: number; readonly distinct: boolean }): Uint8Array {
  const size = 5 + entries.lengthBytes;
  const count = Math.floor((entries.distinct ? 6 << 20 : 200 << 20) / size);
  const stream = Buffer.alloc(count * size + 29);
  for (let at = 0, index = 0; index < count; index += 1, at += size) {
    stream[at] = entries.type;
    stream.writeUInt32LE(entries.lengthBytes, at + 1);
    // Into the first id of each kind of entry.
    if (entries.distinct) stream.writeUInt32LE(index, at + 5 + (entries.type === 3 ? 4 : 8));
  }
  stream[count * size] = 1;
  return rewrapped('state', lz4Compress(stream), { version: 0x010000, keys: seeds.keys });
}

/** Loads one state file as opening a store does. */
async function loadOne(seeds: Seeds, file: Uint8Array) {
  const store = memoryStore({ config: seeds.config });
  store.items.state.set(ID, file);
  const table = newLocationTable();
  const files = await loadStates({ ...seeds.keys, store }, [{ id: ID, sizeBytes: file.length }], { table });
  return { files, view: new MergedView([{ table, records: files.records }], files.unreadable) };
}

/** Compressed by the reference program: 27,000 bytes of repeated text, four bytes, 600 bytes of prose. All with a checksum. */
const ZSTD_FRAMES = [
  '28b52ffd04588d00004877617264726f62652001006c29f7720425518268',
  '28b52ffd045821000074657374398167db',
  '28b52ffd04583d0b00c6184520506baa034008099ecafe27218beccd2fe88661142541336ae6808a6126d860083c003a003e008cb46a4912036dbb69c0c1a102576bf0625a3786e2a0e2a735628cdee5aaf79a2bc118bb4cf82b95e5b1f267f4d54c058975f5c1715c49871c323820fee2aa179e5c568133950e2e9c8e4acf18ff8a3486d1159f17d333c25cec253262e877d5b86b46ae2f9d6203fd2af74c903497090ac9220f420957d80fee0d84e32058584324fa05172ad19368c0013195aef80e9d6f8d2096364027d2fab4d000701c8887f4f48b7b4321c498447a336943a666bf5a3105de64d6275ae5235ca4f73ce1deac8accc59e168cd055de5cecde38735a189976a11f161ab93c7766780e8c306aac020f2d8fd117f7055adb031e00922b26bf17ec40809fa1721387636828fcaf3b6c0b6a039357d55f6b648fe88be6f8672f4858fc370271ad198c6190ac4601e2c118bc8c99a81d189ae6871416a20d7e0e4227356f3e2f39309b51af802a3e',
].map((hex) => new Uint8Array(Buffer.from(hex, 'hex')));

/** A snapshot in which one blob is another: MACs are not looked at, as if somebody with the key had forged it. */
function forged(store: VectorStore, blob: { readonly type: number; readonly id: Mac; readonly bytes: Uint8Array }): SnapshotSource {
  const { source } = store;
  const isIt = (type: number, id: Mac) => type === blob.type && id === blob.id;
  return {
    mac: (bytes) => (bytes === blob.bytes ? blob.id : source.mac(bytes)),
    createMac: () => source.createMac(),
    has: (type, id) => source.has(type, id),
    get: async (type, id, options) => (isIt(type, id) ? blob.bytes : source.get(type, id, options)),
    async *getMany(type, ids, options) {
      for await (const got of source.getMany(type, ids, options)) yield isIt(type, got.id) ? { id: got.id, bytes: blob.bytes } : got;
    },
  };
}

describe('whole snapshots', () => {
  it('with one forged blob: every way to read them gives entries or expected failures', { timeout: totalMs + 60_000 }, async () => {
    const random = seededRandom(seed);
    const stores = vectorStores();
    const endMs = performance.now() + (2 * totalMs) / TARGETS;
    let rounds = 0;
    let slowestMs = 0;
    while (performance.now() < endMs) {
      const store = random.pick(stores);
      const type = random.pick(Object.values(SNAPSHOT_BLOB).filter((candidate) => store.source.ids(candidate).length > 0));
      const id = random.pick(store.source.ids(type));
      const others = store.source.ids(type).map((other) => store.source.peek(type, other));
      const bytes = mutate(store.source.peek(type, id), random, others);
      const startedMs = performance.now();
      const startedCpu = process.cpuUsage();
      await readEverything(forged(store, { type, id, bytes }), store.snapshot).catch((error: unknown) => {
        if (!(error instanceof KlosetError)) throw new Error(`round ${rounds}, type ${type}, ${Buffer.from(bytes).toString('base64')}`, { cause: error });
      });
      const { user, system } = process.cpuUsage(startedCpu);
      slowestMs = Math.max(slowestMs, Math.min(performance.now() - startedMs, (user + system) / 1000));
      rounds += 1;
    }
    process.stdout.write(`  forged snapshots: ${rounds}, slowest ${slowestMs.toFixed(0)} ms\n`);
    expect(slowestMs).toBeLessThan(2000);
  });
});

async function readEverything(source: SnapshotSource, id: Mac): Promise<void> {
  for await (const _problem of checkSnapshots(source, { snapshots: [id] }));
  const snapshot = await openSnapshot(source, id);
  const root = new TextEncoder().encode('/');
  const expected = async (work: () => Promise<unknown>): Promise<void> => {
    await work().catch((error: unknown) => {
      if (!(error instanceof KlosetError)) throw error;
    });
  };
  for await (const entry of snapshot.walk(root)) {
    if (isDamaged(entry)) continue;
    await expected(() => snapshot.entry(entry.path.bytes, { followLinks: true }));
    if (entry.type === 'directory') await expected(() => snapshot.page(entry.path.bytes, { limit: 3, offset: 1 }));
    if (entry.type === 'directory') await expected(() => snapshot.summary(entry.path.bytes));
    if (entry.type === 'directory') await expected(() => snapshot.directoryIndex(entry.path.bytes));
  }
  await expected(async () => {
    for await (const _item of snapshot.xattrs());
  });
  await expected(async () => {
    for await (const _item of snapshot.errors());
  });
}
