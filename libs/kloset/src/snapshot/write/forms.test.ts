import { childPath, type Mac, nameBytes, nameText } from '@wardrobe/kloset-model';
import { seededRandom } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { checkSnapshots } from '../../bulk/check.js';
import { decode } from '../../codec/codec.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import { vfsEntry } from '../../format/snapshot-entry.js';
import { chunker } from '../../chunking/chunker.js';
import { InvalidInputError } from '../../errors/errors.js';
import type { BlobSink, StoreLine } from '../../repository/writer-types.js';
import { isDamaged } from '../entry.js';
import { openSnapshot } from '../open.js';
import { type MemorySource, memorySource } from '../testing/index.js';
import { storeContent } from './store-content.js';
import type { NewEntry, NewHeader, NewStat } from './types.js';
import { createSnapshotWriter } from './writer.js';

const CHUNKING = { algorithm: 'FASTCDC', minSize: 64 << 10, normalSize: 1 << 20, maxSize: 4 << 20 };
const DIRECTORY = 0x8000_01ed;
const ID = 'ab'.repeat(32) as Mac;
const EMPTY = new Uint8Array(0);
const HEADER: NewHeader = {
  id: ID,
  timestampNs: 1_700_000_000_000_000_000n,
  durationNs: 5n,
  name: 'default',
  category: 'default',
  environment: 'default',
  perimeter: 'default',
  job: 'default',
  tags: ['b', 'a'],
  context: [{ key: 'Hostname', value: 'h' }],
  source: { type: 'fs', origin: 'h', directory: nameBytes('/srv') },
};

function sinkOf(source: MemorySource): BlobSink {
  return { ...source, putAgain: source.put };
}

const stat = (goMode: number): NewStat => ({
  sizeBytes: 4096n,
  goMode,
  mtimeNs: 1_600_000_000_123_456_789n,
  dev: 1n,
  ino: 2n,
  uid: 3n,
  gid: 4n,
  nlink: 1,
  user: nameBytes('u'),
  group: EMPTY,
});
const bare = (path: Uint8Array | string, goMode: number, target: string | null = null): NewEntry => ({
  path: typeof path === 'string' ? nameBytes(path) : path,
  stat: stat(goMode),
  symlinkTarget: target === null ? null : nameBytes(target),
  content: null,
  xattrNames: [],
});

function fileOf(sink: BlobSink, path: Uint8Array | string, text: string): NewEntry {
  const content = storeContent(sink, nameBytes(text), { chunker: chunker(CHUNKING), contentType: 'text/plain; charset=utf-8', entropy: 'measured' });
  return { ...bare(path, 0o644), content };
}

/** Names that are no UTF-8, that begin one another, and that sort around the slash. */
function sample(sink: BlobSink, options: { readonly line: StoreLine }) {
  const writer = createSnapshotWriter({ sink, chunking: CHUNKING, ...options });
  const odd = childPath(nameBytes('/srv'), Uint8Array.of(0xff, 0x2d, 0xfe));
  const entries = [
    fileOf(sink, '/srv/a/one', 'one'),
    fileOf(sink, '/srv/a-b', 'two'),
    fileOf(sink, odd, ''),
    bare('/srv/link', 0x0800_01ff, 'a/one'),
    bare('/srv/pipe', 0x0200_01a4),
    bare('/srv/a', DIRECTORY),
    bare('/srv/empty', DIRECTORY),
  ];
  for (const entry of entries) writer.add(entry);
  writer.add(fileOf(sink, '/srv/a/one', 'comes too late'));
  writer.addError(nameBytes('/srv/secret'), 'open /srv/secret: first');
  writer.addError(nameBytes('/srv/secret'), 'open /srv/secret: permission denied');
  const value = storeContent(sink, nameBytes('v'), { chunker: chunker(CHUNKING), contentType: 'text/plain', entropy: 'measured' });
  for (const name of ['user.z', 'user.a']) writer.addXattr(nameBytes('/srv/a'), nameBytes(name), value);
  writer.addXattr(nameBytes('/srv/a-b'), nameBytes('user.a/b'), value);
  writer.addXattr(nameBytes('/srv/a/one'), nameBytes('s'), value, 1);
  return writer;
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function problemsOf(source: MemorySource): Promise<string[]> {
  const problems: string[] = [];
  for await (const problem of checkSnapshots(source, { snapshots: [ID] })) problems.push(`${problem.what} ${problem.error.message}`);
  return problems;
}

describe.each(['1.0', '1.1'] as const)('a snapshot in the form of line %s', (line) => {
  it('is read back whole, in any order of adding', async () => {
    const source = memorySource(new Uint8Array(32).fill(7));
    const writer = sample(sinkOf(source), { line });
    expect([writer.entries, writer.errors]).toEqual([7, 1]);
    expect(await writer.finish(HEADER)).toBe(ID);
    expect(await problemsOf(source)).toEqual([]);
    const snapshot = await openSnapshot(source, ID);
    expect(snapshot.header).toMatchObject({ tags: ['b', 'a'], hostname: 'h', durationNs: 5n });
    const walked: string[] = [];
    for await (const entry of snapshot.walk(nameBytes('/'))) if (!isDamaged(entry)) walked.push(entry.path.text);
    expect(walked).toEqual(['/', '/srv', '/srv/a', '/srv/a/one', '/srv/a-b', '/srv/empty', '/srv/link', '/srv/pipe', '/srv/\ufffd-\ufffd']);
    const made = await snapshot.entry(nameBytes('/srv'));
    expect(made).toMatchObject({ goMode: 0x8000_01e8, mtimeNs: 0n, uid: 0n, nlink: 0 });
    expect(await snapshot.summary(nameBytes('/srv'))).toMatchObject({ children: 6n, errors: 1n, directories: 2n });
    const errors = await all(snapshot.errors());
    expect(errors.map((error) => error.message)).toEqual(['open /srv/secret: permission denied']);
    const xattrs = await all(snapshot.xattrs());
    expect(xattrs.map((xattr) => `${xattr.path.text} ${xattr.name.text} ${xattr.kind}`)).toEqual([
      '/srv/a user.a 0',
      '/srv/a user.z 0',
      '/srv/a-b user.a/b 0',
      '/srv/a/one s 1',
    ]);
  });

  it('without any entry has a root and nothing else', async () => {
    const source = memorySource(new Uint8Array(32));
    await createSnapshotWriter({ sink: sinkOf(source), line, chunking: CHUNKING }).finish(HEADER);
    expect(await problemsOf(source)).toEqual([]);
    expect((await openSnapshot(source, ID)).header.summary.files).toBe(0n);
  });

  it('is refused when something lies below what is no directory', async () => {
    const source = memorySource(new Uint8Array(32));
    const writer = createSnapshotWriter({ sink: sinkOf(source), line, chunking: CHUNKING });
    writer.add(fileOf(sinkOf(source), '/a', 'x'));
    writer.add(bare('/a/b', DIRECTORY));
    await expect(writer.finishTrees()).rejects.toBeInstanceOf(InvalidInputError);
  });
});

describe('line 1.0', () => {
  async function write(source: MemorySource, options: { readonly line: StoreLine; readonly order?: string[] }): Promise<void> {
    const sink = sinkOf(source);
    const put = (type: number, bytes: Uint8Array, id?: Mac): Mac => {
      options.order?.push(`${type}`);
      return sink.put(type, bytes, id);
    };
    await sample({ ...sink, put }, options).finish(HEADER);
  }

  it('stores the 1.1 encoding of every entry too', async () => {
    const both = memorySource(new Uint8Array(32));
    await write(both, { line: '1.0' });
    const later = memorySource(new Uint8Array(32));
    await write(later, { line: '1.1' });
    const wanted = later.ids(SNAPSHOT_BLOB.vfsEntry);
    expect(wanted.length).toBe(9);
    for (const id of wanted) expect(both.has(SNAPSHOT_BLOB.vfsEntry, id), nameText(decode(vfsEntry, later.peek(12, id)).file_info.name)).toBe(true);
    expect(both.ids(SNAPSHOT_BLOB.vfsEntry).length).toBe(18);
  });

  it('stores them among the nodes of its trees when the entries themselves were there before', async () => {
    const source = memorySource(new Uint8Array(32));
    await write(source, { line: '1.0' });
    const copy = memorySource(new Uint8Array(32));
    await write(copy, { line: '1.1' });
    for (const id of copy.ids(SNAPSHOT_BLOB.vfsEntry)) source.remove(SNAPSHOT_BLOB.vfsEntry, id);
    const order: string[] = [];
    await write(source, { line: '1.0', order });
    const entries = order.flatMap((type, at) => (type === '12' ? [at] : []));
    expect(entries.length).toBe(9);
    expect(order.slice(Math.min(...entries) - 1, Math.max(...entries) + 2).filter((type) => type !== '12')).toContain('20');
    for (const id of copy.ids(SNAPSHOT_BLOB.vfsEntry)) expect(source.has(SNAPSHOT_BLOB.vfsEntry, id)).toBe(true);
  });
});

describe('a large snapshot', () => {
  it.each(['1.0', '1.1'] as const)('of line %s is the same when most of its entries lie in a temporary file', async (line) => {
    const sink = sinkOf(memorySource(new Uint8Array(32)));
    const texts = ['one', 'two', 'three'].map((text) => fileOf(sink, '/x', text).content);
    const write = async (entryPages: number) => {
      const writer = createSnapshotWriter({ sink, line, chunking: CHUNKING, entryPages });
      for (let at = 0; at < 20_000; at++) writer.add({ ...bare(`/d${at % 40}/f${at}`, 0o644), content: texts[at % 3] ?? null });
      writer.add(bare('/d3/link', 0x800_01ff, `/${'a'.repeat(70_000)}`));
      writer.add(bare('/d3/other', 0x800_01ff, 'short'));
      return writer.finishTrees();
    };
    const trees = await write(32);
    expect(await write(2)).toEqual(trees);
    expect(trees.summary.below.symlinks).toBe(2n);
  });

  it('of 100,000 entries, one folder of them with 40,000, is the same in any order of adding and reads back whole', { timeout: 120_000 }, async () => {
    const random = seededRandom(11);
    const source = memorySource(new Uint8Array(32));
    const sink = sinkOf(source);
    const content = fileOf(sink, '/x', 'content').content;
    const paths = Array.from({ length: 100_000 }, (_, at) => (at < 40_000 ? `/wide/f${at}` : `/d${at % 700}/${'s'.repeat(at % 3)}x/f${at}`));
    const write = async (order: readonly string[], line: StoreLine) => {
      const writer = createSnapshotWriter({ sink, line, chunking: CHUNKING });
      for (const path of order) writer.add({ ...bare(path, 0o644), content });
      let pauses = 0;
      const trees = await writer.finishTrees({ pause: async () => void pauses++ });
      expect(pauses).toBeGreaterThan(100);
      return trees;
    };
    const trees = await write(paths, '1.1');
    expect(await write(random.shuffle(paths), '1.1')).toEqual(trees);
    expect(trees.summary.below.files).toBe(100_000n);
    await write(paths, '1.0');
    const writer = createSnapshotWriter({ sink, line: '1.1', chunking: CHUNKING });
    for (const path of paths) writer.add({ ...bare(path, 0o644), content });
    await writer.finish(HEADER);
    const snapshot = await openSnapshot(source, ID);
    let files = 0;
    for await (const entry of snapshot.walk(nameBytes('/'))) {
      if (isDamaged(entry)) throw entry.damaged;
      if (entry.type === 'file') files += 1;
    }
    expect(files).toBe(100_000);
    expect((await snapshot.entry(nameBytes('/wide/f39999'))).object).toBe(content?.object);
  });
});
