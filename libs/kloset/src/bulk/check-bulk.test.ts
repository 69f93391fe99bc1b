import { join } from 'node:path';
import { equalBytes, type Mac, nameBytes, type SnapshotId } from '@wardrobe/kloset-model';
import { temporaryFolder } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { macFromBytes } from '../bytes/bytes.js';
import { decode, encode } from '../codec/codec.js';
import { HEADER_BYTES } from '../format/envelope.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import { DIRPACK_DIRECTORY, DIRPACK_OTHER } from '../format/snapshot-dirpack.js';
import { type VfsEntryRecord, vfsEntry } from '../format/snapshot-entry.js';
import { type ObjectRecord, object } from '../format/snapshot-object.js';
import { createStore } from '../repository/create-store.js';
import { openRepository } from '../repository/repository.js';
import { blobIds } from '../repository/testing/blob-ids.js';
import { flipBlob } from '../repository/testing/flip-blob.js';
import { lineTo } from '../repository/testing/line-store.js';
import type { Repository } from '../repository/types.js';
import { openWriter } from '../repository/writer.js';
import { type BuildEntry, type BuildOptions, buildSnapshot, keystream } from '../snapshot/testing/index.js';
import { snapshotSource } from '../snapshot/source.js';
import { fsStore } from '@wardrobe/connector-fs';
import { checkSnapshots } from './check.js';
import type { CheckOptions, CheckSummary } from './check-types.js';
import { BlobRows } from './blob-rows.js';

const PASSPHRASE = 'a fine passphrase';
const DIRECTORIES = 30;
const FILES = 42;
const MINUTES = 60_000;

type Store = { readonly directory: string; readonly repository: Repository; readonly passphrase: string | undefined };
type Told = { readonly problems: readonly string[]; readonly summary: CheckSummary };
/** Changes some blobs before they are stored, always in the same way: whatever names them names what was stored. */
type Lie = (type: number, bytes: Uint8Array) => Uint8Array;

async function newStore(options: object = {}): Promise<Store> {
  const directory = join(await temporaryFolder('check'), 'store');
  await createStore(fsStore(directory), { line: '1.1', passphrase: null, kdf: { memoryKiB: 64, passes: 1 }, ...options });
  const passphrase = 'passphrase' in options ? PASSPHRASE : undefined;
  return { directory, passphrase, repository: await openRepository(fsStore(directory), { passphrase }) };
}

/** Enough of entries that threads are worth it: contents of one chunk, of several, of none; equal ones; an empty directory, links. */
function someEntries(): BuildEntry[] {
  const stream = keystream('check');
  const entries: BuildEntry[] = [
    { path: '/empty', type: 'directory' },
    { path: '/link', type: 'symlink', target: 'nowhere' },
    { path: '/large', content: stream.bytes(300_000) },
    { path: '/nothing', content: '' },
  ];
  for (let directory = 0; directory < DIRECTORIES; directory++)
    for (let file = 0; file < FILES; file++)
      entries.push({ path: `/d${directory % 5}/e${directory}/f${file}`, content: file % 10 === 0 ? `the same ${file}` : stream.bytes(file * 7) });
  return entries;
}

async function build({ repository }: Store, options: Partial<BuildOptions> & { readonly lie?: Lie } = {}): Promise<SnapshotId> {
  const writer = await openWriter(repository, { lock: 'none' });
  const { lie = (_type, bytes) => bytes } = options;
  const put = (type: number, bytes: Uint8Array, id?: Mac): Mac => writer.put(type, lie(type, bytes), id);
  const mac = (bytes: Uint8Array): Mac => repository.mac(lie(isEntry(bytes) ? SNAPSHOT_BLOB.vfsEntry : SNAPSHOT_BLOB.chunk, bytes));
  const snapshot = buildSnapshot({ put, mac }, someEntries(), { form: '1.1', chunkBytes: 64_000, ...options });
  await writer.commit();
  await writer.close();
  return snapshot;
}

async function told(source: Parameters<typeof checkSnapshots>[0], options: CheckOptions): Promise<Told> {
  const problems: string[] = [];
  const run = checkSnapshots(source, options);
  for (;;) {
    const next = await run.next();
    if (next.done === true) return { problems, summary: next.value };
    const { snapshot, path, what, id, error } = next.value;
    problems.push(`${snapshot} ${path?.text} ${what} ${id} ${error.code} ${error.message}`);
  }
}

/** What threads find is what the careful way finds, and what is found over a line, in the same order and with the same counts. */
async function allWays({ directory, repository, passphrase }: Store, options: CheckOptions): Promise<Told> {
  const onThreads = await told(repository, options);
  const careful = await told(snapshotSource(repository, repository), options);
  expect(onThreads).toEqual(careful);
  const line = lineTo(fsStore(directory));
  const remote = await openRepository(line.store, { passphrase });
  expect(await told(remote, options)).toEqual(careful);
  await remote.close();
  return onThreads;
}

describe.each([
  ['plain', {}],
  ['encrypted', { passphrase: PASSPHRASE }],
  ['nothing compressed, SHA256', { compression: null, hashing: 'SHA256' }],
] as const)('check on threads, %s', (_name, options) => {
  it('a sound store has no problem, and all is counted, also in parts and for several snapshots', { timeout: 5 * MINUTES }, async () => {
    const store = await newStore(options);
    const first = await build(store);
    const second = await build(store, { form: '1.0' });
    const { problems, summary } = await allWays(store, { snapshots: [first, second] });
    expect(problems).toEqual([]);
    expect(summary.entries).toBeGreaterThan(2 * DIRECTORIES * FILES);
    await allWays(store, { snapshots: [first], fast: true });
    await allWays(store, { snapshots: [first], sample: { percent: 40, seed: 'a' } });
    await allWays(store, { snapshots: [second], path: nameBytes('/d1') });
    await store.repository.close();
  });

  it('a flipped bit in any kind of blob is named with the paths that it hits', { timeout: 10 * MINUTES }, async () => {
    const store = await newStore(options);
    const snapshots = [await build(store), await build(store, { form: '1.0', tags: ['again'] })];
    const { object: objects, chunk, vfsNode, vfsEntry: entries, indexNode, summary } = SNAPSHOT_BLOB;
    for (const type of [objects, chunk, vfsNode, entries, indexNode, summary]) {
      const ids = blobIds(store.repository, type);
      const id = ids[ids.length >> 1] as Mac;
      const mend = await flipBlob(store, type, id);
      const { problems } = await allWays(store, { snapshots });
      expect(problems.length, `blob ${id} of type ${type}`).toBeGreaterThan(0);
      await mend();
    }
    await store.repository.close();
  });
});

describe('sound blobs that do not fit together are found', () => {
  const lies: Readonly<Record<string, { readonly lie: Lie; readonly words: RegExp }>> = {
    'a listing that lacks its last entry': { words: /lacks .* which the tree has/, lie: shortListing() },
    'a listing whose first two entries are in the wrong order': {
      words: /is out of order|stands otherwise in the tree/,
      lie: inListing((bytes) => {
        const [, second = 0, third = 0] = frames(bytes);
        return Buffer.concat([bytes.subarray(second, third), bytes.subarray(0, second), bytes.subarray(third)]);
      }),
    },
    'a frame of the wrong kind': { words: /of another kind/, lie: inListing((bytes) => Uint8Array.of(DIRPACK_DIRECTORY, ...bytes.subarray(1))) },
    'a frame that is not what its MAC says': {
      words: /does not match its MAC/,
      lie: inListing((bytes) => bytes.map((byte, at) => (at === 40 ? byte ^ 1 : byte))),
    },
    'a chunk of another length than its object says': {
      words: /bytes where its object says/,
      lie: inObject((record) => ({ ...record, chunks: (record.chunks ?? []).map((chunk) => ({ ...chunk, length: chunk.length + 1 })) })),
    },
    'an object whose chunks make another content': {
      words: /do not make the content/,
      lie: inObject((record) => ({ ...record, contentMAC: macFromBytes(new Uint8Array(32).fill(7)) })),
    },
    'an entry of another path': { words: /stands at .* and says/, lie: inEntry((record) => ({ ...record, parent_path: nameBytes('/elsewhere') })) },
    'an entry of a version to come': { words: /version/, lie: inEntry((record) => ({ ...record, version: 0x090000 })) },
  };

  it.each(Object.keys(lies))('%s', { timeout: 5 * MINUTES }, async (name) => {
    const { lie, words } = lies[name] as (typeof lies)[string];
    const store = await newStore();
    const snapshot = await build(store, { lie, chunkBytes: 1 << 20 });
    const { problems } = await allWays(store, { snapshots: [snapshot] });
    expect(problems.filter((problem) => words.test(problem))).not.toEqual([]);
    await store.repository.close();
  });
});

it('rows tell where a blob lies, and leave to the view what lies in several places or nowhere', { timeout: MINUTES }, async () => {
  const store = await newStore();
  await build(store);
  const rows = new BlobRows(store.repository);
  for (const id of blobIds(store.repository, SNAPSHOT_BLOB.vfsEntry)) {
    const row = rows.locate(SNAPSHOT_BLOB.vfsEntry, Buffer.from(id, 'hex'));
    const [place] = store.repository.view.locations(SNAPSHOT_BLOB.vfsEntry, id);
    expect(row).toBeGreaterThanOrEqual(0);
    expect([rows.position, rows.lengthBytes]).toEqual([(place?.offset ?? 0) + HEADER_BYTES, place?.lengthBytes]);
    expect(rows.files[rows.file]).toContain(place?.packfile);
  }
  const [twice] = blobIds(store.repository, SNAPSHOT_BLOB.vfsEntry);
  const bytes = await store.repository.get(SNAPSHOT_BLOB.vfsEntry, twice as Mac);
  const writer = await openWriter(store.repository, { lock: 'none' });
  writer.putAgain(SNAPSHOT_BLOB.vfsEntry, bytes, twice as Mac);
  await writer.commit();
  await writer.close();
  const after = new BlobRows(store.repository);
  for (let round = 0; round < 2 * after.count; round++) expect(after.locate(SNAPSHOT_BLOB.vfsEntry, Buffer.from(twice as Mac, 'hex'))).toBe(-1);
  expect(after.locate(SNAPSHOT_BLOB.vfsEntry, new Uint8Array(32))).toBe(-1);
  await store.repository.close();
});

const CHANGED = nameBytes('f41');

function isEntry(bytes: Uint8Array): boolean {
  return ((bytes[0] ?? 0) & 0xf0) === 0x80 && includes(bytes, 'parent_path');
}

/** Entries of one name. */
function inEntry(change: (record: VfsEntryRecord) => VfsEntryRecord): Lie {
  return (type, bytes) => {
    if (type !== SNAPSHOT_BLOB.vfsEntry) return bytes;
    const record = decode(vfsEntry, bytes);
    return equalBytes(record.file_info.name, CHANGED) && includes(bytes, '/e3') ? encode(vfsEntry, change(record)) : bytes;
  };
}

/** Objects of contents of one length. */
function inObject(change: (record: ObjectRecord) => ObjectRecord): Lie {
  return (type, bytes) => {
    if (type !== SNAPSHOT_BLOB.object) return bytes;
    const record = decode(object, bytes);
    return record.chunks?.[0]?.length === 41 * 7 ? encode(object, change(record)) : bytes;
  };
}

/** The listing of one directory. */
function inListing(change: (bytes: Uint8Array) => Uint8Array): Lie {
  return (type, bytes) => (type === SNAPSHOT_BLOB.chunk && bytes[0] === DIRPACK_OTHER && includes(bytes, '/d1/e11') ? change(bytes) : bytes);
}

/** The same, shorter by a frame; its object says so. */
function shortListing(): Lie {
  let before = 0;
  let after = 0;
  const short = inListing((bytes) => {
    before = bytes.length;
    after = frames(bytes).at(-1) ?? 0;
    return bytes.slice(0, after);
  });
  return (type, bytes) => {
    if (type !== SNAPSHOT_BLOB.object) return short(type, bytes);
    const record = decode(object, bytes);
    const [chunk] = record.chunks ?? [];
    if (chunk === undefined || chunk.length !== before || record.contentMAC !== chunk.contentMAC) return bytes;
    return encode(object, { ...record, chunks: [{ ...chunk, length: after }] });
  };
}

function includes(bytes: Uint8Array, text: string): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(text);
}

/** Where the frames of a listing begin. */
function frames(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const starts: number[] = [];
  for (let at = 0; at < bytes.length; at += 5 + view.getUint32(at + 1, true)) starts.push(at);
  return starts;
}
