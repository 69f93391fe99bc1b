import { childPath, concatBytes, equalBytes, nameBytes, nameText, percentDecode, type SnapshotId } from '@wardrobe/kloset-model';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encode } from '../codec/codec.js';
import { KlosetError } from '../errors/errors.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import { isDamaged } from './entry.js';
import { contextOf, openSnapshot } from './open.js';
import { type BuildEntry, type BuildOptions, buildSnapshot, listedLines, type MemorySource, memorySource, shown, walkedLines } from './testing/index.js';
import { findDirpack } from './context.js';
import { treeRoot } from '../format/snapshot-tree.js';
import type { DamagedEntry, Entry, Snapshot } from './types.js';

const FORMS = ['1.0', '1.1'] as const;
const path = nameBytes;

async function made(entries: readonly BuildEntry[], options: BuildOptions): Promise<{ source: MemorySource; id: SnapshotId; snapshot: Snapshot }> {
  const source = memorySource(new Uint8Array(32).fill(7));
  const id = buildSnapshot(source, entries, options);
  return { source, id, snapshot: await openSnapshot(source, id) };
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Reads the content of an entry; that it cannot be read is said by an expected error. */
async function drained(snapshot: Snapshot, entry: Entry): Promise<void> {
  for await (const _piece of snapshot.content(await snapshot.object(entry.object as never)));
}

const names = (entries: readonly (Entry | DamagedEntry)[]): string[] => entries.map((entry) => entry.name.text);
const many = (count: number): BuildEntry[] =>
  Array.from({ length: count }, (_, place) => ({
    path: `/many/file-${String(place).padStart(7, '0')}`,
    content: `content ${place % 7}`,
    mtimeNs: BigInt(1_700_000_000 - place) * 1_000_000_000n,
  }));

describe.each(FORMS)('form %s', (form) => {
  it('names are bytes: bad UTF-8, above U+FFFF, one byte apart', async () => {
    const odd = [Uint8Array.of(0xff), Uint8Array.of(0xfe, 0x25), path('\uffee'), path('😀'), path(' '), path('%41'), path('\ufeffbom'), path('a\nb')];
    const { snapshot } = await made(
      odd.map((name) => ({ path: concatBytes(path('/odd/'), name), content: name })),
      { form },
    );
    const children = (await collect(snapshot.children(path('/odd')))) as Entry[];
    expect(children.length).toBe(odd.length);
    expect(await listedLines(snapshot, path('/'), true)).toEqual(await walkedLines(snapshot, path('/'), true));
    for (const name of odd) {
      const entry = await snapshot.entry(childPath(path('/odd'), name));
      expect(equalBytes(entry.name.bytes, name)).toBe(true);
      expect(equalBytes(concatBytes(...(await collect(snapshot.content(await snapshot.object(entry.object as never))))), name)).toBe(true);
    }
  });

  it('a directory of many entries pages by cursor, from the packed listing and from the tree', async () => {
    for (const withoutDirpack of [false, true]) {
      const { snapshot } = await made(many(1000), { form, withoutDirpack });
      const seen: string[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const page: Awaited<ReturnType<Snapshot['page']>> = await snapshot.page(
          path('/many'),
          cursor === '' ? { limit: 77 } : { limit: 77, afterName: percentDecode(cursor) },
        );
        expect(page.total).toBe(1000);
        seen.push(...names(page.entries));
        cursor = page.nextCursor;
      }
      expect(seen).toEqual(names(await collect(snapshot.children(path('/many')))));
      expect(seen.length).toBe(1000);
      expect(names((await snapshot.page(path('/many'), { offset: 990, limit: 77 })).entries)).toEqual(seen.slice(990));
      const index = await snapshot.directoryIndex(path('/many'));
      expect(names(await index.page({ by: 'mtime' }, { offset: 0, limit: 2 }))).toEqual(seen.slice(-2).reverse());
    }
  });

  it('a page after the first reads no chunk twice', async () => {
    const { source, snapshot } = await made(many(2000), { form, chunkBytes: 64 << 10 });
    await snapshot.page(path('/many'), { offset: 1500, limit: 10 });
    const before = source.reads.count;
    await snapshot.page(path('/many'), { offset: 1400, limit: 10 });
    await snapshot.page(path('/many'), { offset: 100, limit: 10 });
    expect(source.reads.count - before).toBe(0);
  });

  it('a walk takes directories whose names hold characters below the slash in their order', async () => {
    const entries = Array.from({ length: 300 }, (_, place) => ({
      path: `/a${place % 3 === 0 ? '-' : ''}${place}/b${place % 2 === 0 ? ' c' : ''}/f`,
      content: '1',
    }));
    const { snapshot } = await made(entries, { form });
    const walked = (await collect(snapshot.walk(path('/')))) as Entry[];
    const components = walked.map((entry) => entry.path.text.split('/'));
    const sorted = [...components].sort((a, b) => {
      const at = a.findIndex((component, level) => component !== b[level]);
      return at < 0 || b[at] === undefined ? a.length - b.length || 1 : Buffer.compare(Buffer.from(a[at] as string), Buffer.from(b[at]));
    });
    expect(components).toEqual(sorted);
    expect(walked.filter((entry) => entry.type === 'file').length).toBe(300);
    expect(await listedLines(snapshot, path('/'), true)).toEqual(await walkedLines(snapshot, path('/'), true));
  });

  it('entries whose blob was never stored are found in the packed listing', async () => {
    const { snapshot } = await made(many(50), { form, withoutEntryBlob: (entry) => entry.startsWith('/many/file-000000') });
    expect((await snapshot.entry(path('/many/file-0000003'))).name.text).toBe('file-0000003');
    const { treeChildren } = await import('./children.js');
    const fromTree = await collect(treeChildren(contextOf(snapshot), path('/many')));
    expect(fromTree.some(isDamaged)).toBe(false);
    expect(fromTree.length).toBe(50);
  });

  it('a damaged packed listing is replaced by the tree, also in the middle', async () => {
    const { source, snapshot } = await made(many(1000), { form, chunkBytes: 32 << 10 });
    const pack = await findDirpack(contextOf(snapshot), path('/many'));
    source.remove(SNAPSHOT_BLOB.chunk, pack?.chunks[3]?.mac as never);
    expect(names(await collect(snapshot.children(path('/many')))).length).toBe(1000);
    expect(await listedLines(snapshot, path('/many'), true)).toEqual(await walkedLines(snapshot, path('/many'), true));
    expect(names((await snapshot.page(path('/many'), { offset: 700, limit: 5 })).entries)).toEqual([
      'file-0000700',
      'file-0000701',
      'file-0000702',
      'file-0000703',
      'file-0000704',
    ]);
    expect((await snapshot.directoryIndex(path('/many'))).count).toBe(1000);
  });

  it('a damaged tree leaves the packed listings usable', async () => {
    const { source, id } = await made(many(300), { form });
    const snapshot = await openSnapshot(source, id);
    for (const node of source.ids(SNAPSHOT_BLOB.vfsNode)) source.remove(SNAPSHOT_BLOB.vfsNode, node);
    expect((await collect(snapshot.children(path('/many')))).length).toBe(300);
    expect((await snapshot.entry(path('/many/file-0000123'))).sizeBytes).toBe(9n);
    await expect(snapshot.entry(path('/many/none'))).rejects.toMatchObject({ code: 'not-found', kind: 'blob' });
  });

  it('both damaged: the readable names come, the others are said to be missing', async () => {
    const { source, snapshot } = await made(many(300), { form, withoutDirpack: true });
    const leaves = source.ids(SNAPSHOT_BLOB.vfsNode);
    source.remove(SNAPSHOT_BLOB.vfsNode, leaves[4] as never);
    const children = await collect(snapshot.children(path('/many')));
    expect(children.filter(isDamaged).length).toBe(1);
    expect(children.length).toBeGreaterThan(250);
    source.remove(SNAPSHOT_BLOB.vfsEntry, (children[0] as Entry).mac);
    const again = await collect((await openSnapshot(source, snapshot.header.id)).children(path('/many')));
    expect(again[0]).toMatchObject({ name: { text: 'file-0000000' }, damaged: { code: 'not-found' } });
  });

  it('links among the parents are followed when asked, circles are not', async () => {
    const entries: BuildEntry[] = [
      { path: '/real/dir/file', content: 'x' },
      { path: '/link', type: 'symlink', target: 'real/dir' },
      { path: '/deep', type: 'symlink', target: '/link' },
      { path: '/loop', type: 'symlink', target: 'loop' },
      { path: '/up', type: 'symlink', target: '../../real' },
    ];
    const { snapshot } = await made(entries, { form });
    expect((await snapshot.entry(path('/link/file'), { followLinks: true })).path.text).toBe('/real/dir/file');
    expect((await snapshot.entry(path('/deep/file'), { followLinks: true })).path.text).toBe('/real/dir/file');
    expect((await snapshot.entry(path('/up'), { followLinks: true })).path.text).toBe('/real');
    await expect(snapshot.entry(path('/loop/x'), { followLinks: true })).rejects.toMatchObject({ code: 'not-found', kind: 'path' });
    await expect(snapshot.entry(path('/link/file'))).rejects.toMatchObject({ code: 'not-found' });
  });

  it('errors below a path do not take in neighbours', async () => {
    const { snapshot } = await made([{ path: '/a/x' }], { form, errors: { '/a': 'one', '/a/b': 'two', '/a!': 'three', '/ab': 'four' } });
    expect((await collect(snapshot.errors({ below: path('/a') }))).map((error) => error.message)).toEqual(['one', 'two']);
    expect((await collect(snapshot.errors())).length).toBe(4);
  });

  it('attributes of entries at several depths are all found', async () => {
    const entries: BuildEntry[] = ['/z', '/a/b/c', '/a/y', '/m/n'].map((at) => ({ path: at, xattrs: { 'user.a': at, 'user.b': 'b' } }));
    const { snapshot } = await made(entries, { form });
    expect((await collect(snapshot.xattrs())).length).toBe(8);
  });

  it('an aborted read ends as it was aborted', async () => {
    const { snapshot } = await made(many(300), { form });
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(collect(snapshot.walk(path('/'), { signal }))).rejects.toThrow('enough');
    await expect(snapshot.page(path('/many'), { limit: 5, signal })).rejects.toThrow('enough');
  });
});

describe('contents', () => {
  it('a content whose chunks are whole but not its own is never handed out to the end', async () => {
    const { source, snapshot } = await made([{ path: '/f', content: new Uint8Array(100_000).fill(3) }], { form: '1.1', chunkBytes: 30_000 });
    const object = await snapshot.object((await snapshot.entry(path('/f'))).object as never);
    const other = source.put(SNAPSHOT_BLOB.chunk, new Uint8Array(30_000).fill(4));
    const forged = { ...object, chunks: object.chunks.map((chunk, place) => (place === 1 ? { ...chunk, mac: other } : chunk)) };
    let lengthBytes = 0;
    const read = async (): Promise<void> => {
      for await (const piece of snapshot.content(forged)) lengthBytes += piece.length;
    };
    await expect(read()).rejects.toMatchObject({ code: 'integrity' });
    expect(lengthBytes).toBeLessThan(100_000);
  });

  it('any range is the slice of the whole', async () => {
    const whole = Uint8Array.from({ length: 10_000 }, (_, place) => place % 251);
    const { snapshot } = await made(
      [
        { path: '/f', content: whole },
        { path: '/empty', content: '' },
      ],
      { form: '1.0', chunkBytes: 999 },
    );
    const object = await snapshot.object((await snapshot.entry(path('/f'))).object as never);
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 10_000 }), fc.nat({ max: 10_000 }), async (a, b) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)];
        const got = concatBytes(...(await collect(snapshot.content(object, { start, end }))));
        expect(Buffer.compare(got, whole.subarray(start, end))).toBe(0);
      }),
      { numRuns: 60 },
    );
    const empty = await snapshot.object((await snapshot.entry(path('/empty'))).object as never);
    expect(await collect(snapshot.content(empty))).toEqual([]);
  });
});

describe('any blob replaced by bytes of another', () => {
  it('never crashes, hangs or goes unnoticed as something else than an expected error', { timeout: 120_000 }, async () => {
    const entries: BuildEntry[] = [...many(60), { path: '/d/e/f', content: 'deep', xattrs: { 'user.x': '1' } }, { path: '/d/l', type: 'symlink', target: 'e' }];
    const everything = async (source: MemorySource, id: SnapshotId): Promise<void> => {
      try {
        const snapshot = await openSnapshot(source, id);
        const walked: Record<string, unknown>[] = [];
        for await (const entry of snapshot.walk(path('/'))) {
          walked.push(shown(entry));
          if (!isDamaged(entry) && entry.object !== null) await drained(snapshot, entry);
        }
        expect(await listedLines(snapshot, path('/'), true)).toEqual(walked);
        for await (const _xattr of snapshot.xattrs());
        for await (const _error of snapshot.errors());
        await (await snapshot.directoryIndex(path('/many'))).page({ by: 'size' }, { offset: 0, limit: 10 });
      } catch (error) {
        expect(error).toBeInstanceOf(KlosetError);
      }
    };
    const types = [5, 7, 9, 10, 11, 12, 13, 16, 18, 19, 20];
    const change = fc.tuple(
      fc.constantFrom(...FORMS),
      fc.constantFrom(...types),
      fc.nat(),
      fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 6 }),
      fc.nat(),
    );
    await fc.assert(
      fc.asyncProperty(change, async ([form, type, which, edits, cut]) => {
        const source = memorySource(new Uint8Array(32).fill(7), { unchecked: true });
        const id = buildSnapshot(source, entries, { form, errors: { '/x': 'no' } });
        const ids = source.ids(type);
        const target = ids[which % ids.length] as SnapshotId;
        const bytes = source.peek(type, target).slice();
        for (const [at, byte] of edits) if (bytes.length > 0) bytes[at % bytes.length] = byte;
        source.replace(type, target, edits.length === 0 ? bytes.subarray(0, cut % (bytes.length + 1)) : bytes);
        await everything(source, id);
      }),
      { numRuns: 300 },
    );
  });

  it('a tree whose root names a node of its own kind in a circle is an error', async () => {
    const { source, snapshot } = await made(many(100), { form: '1.0', withoutDirpack: true });
    const root = source.peek(SNAPSHOT_BLOB.vfsRoot, snapshot.header.roots.vfs);
    expect(root.length).toBe(67);
    source.replace(SNAPSHOT_BLOB.vfsRoot, snapshot.header.roots.vfs, encode(treeRoot, { Version: 0, Order: 50, Count: 0, Root: source.mac(root) }));
    await expect(openSnapshot(source, snapshot.header.id).then((opened) => collect(opened.walk(path('/'))))).rejects.toBeInstanceOf(KlosetError);
    expect(nameText(path('/'))).toBe('/');
  });
});
