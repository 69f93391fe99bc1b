import { createHash } from 'node:crypto';
import { childPath, type Mac, nameBytes, type SnapshotId } from '@wardrobe/kloset-model';
import { COMMITTED_FIXTURES, seededRandom } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { openFixture } from '../../../test/open-fixture.js';
import { openOracle, ORACLE_STORES } from '../../../test/open-oracle.js';
import { chunker } from '../../chunking/chunker.js';
import { IntegrityError, InvalidInputError, NotFoundError } from '../../errors/errors.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import { BLOB_TYPE } from '../../format/state.js';
import { openWriter } from '../../repository/writer.js';
import { openRepository } from '../../repository/repository.js';
import type { Repository } from '../../repository/types.js';
import type { StoreLine } from '../../repository/writer-types.js';
import { listSnapshots } from '../../snapshot/list.js';
import { openSnapshot } from '../../snapshot/open.js';
import type { SnapshotHeader } from '../../snapshot/types.js';
import { memorySource } from '../../snapshot/testing/index.js';
import { storeContent } from '../../snapshot/write/store-content.js';
import { createSnapshotWriter } from '../../snapshot/write/writer.js';
import { memoryStore } from '@wardrobe/connector-memory';
import { entriesOf, freshRepository, problemsOf } from '../backup/testing/backup-kit.js';
import { compareCopies } from './compare-copies.js';
import { ContentMap } from './content-map.js';
import { provenanceOf } from './provenance.js';
import { openRaw } from './raw-snapshot.js';
import { readBack } from './read-back.js';
import { expectSyncable, planSync, syncSnapshots } from './sync.js';
import type { SyncOptions, SyncResult } from './sync-types.js';

let stores = 0;
const fresh = (line: StoreLine, encrypted = false): Promise<Repository> =>
  freshRepository(memoryStore({ location: `memory:${stores++}` }), { line, encrypted });

async function headersOf(repository: Repository): Promise<SnapshotHeader[]> {
  const headers: SnapshotHeader[] = [];
  for await (const item of listSnapshots(repository)) if ('header' in item) headers.push(item.header);
  return headers;
}

async function sync(source: Repository, target: Repository, options: SyncOptions = {}): Promise<SyncResult[]> {
  const results: SyncResult[] = [];
  for await (const result of syncSnapshots(source, target, planSync(target, await headersOf(source)), options)) results.push(result);
  return results;
}

const failures = (results: readonly SyncResult[]): string[] => results.flatMap((result) => ('error' in result ? [result.error.message] : []));

/** Everything that a user can see of a snapshot, contents as digests. */
async function seen(repository: Repository, id: SnapshotId): Promise<unknown[]> {
  const snapshot = await openSnapshot(repository, id);
  const { header } = snapshot;
  const lines: unknown[] = [{ ...header, roots: null, indexes: null, summary: null, signed: null, dataset: null, context: null, client: null }];
  for (const [path, entry] of await entriesOf(repository, id)) {
    const hash = createHash('sha256');
    if (entry.object !== null) for await (const piece of snapshot.content(await snapshot.object(entry.object))) hash.update(piece);
    lines.push([path, { ...entry, mac: null, object: entry.object === null ? null : hash.digest('hex'), contentType: null }]);
  }
  for await (const error of snapshot.errors()) lines.push(error);
  for await (const { object, ...xattr } of snapshot.xattrs()) {
    const hash = createHash('sha256');
    for await (const piece of snapshot.content(await snapshot.object(object))) hash.update(piece);
    lines.push([xattr, hash.digest('hex')]);
  }
  return lines;
}

/** Blobs by type and id that lie in the store more than once, padding aside. */
function doubled(repository: Repository): string[] {
  const counts = new Map<string, number>();
  repository.view.eachAvailable((type, words, at) => {
    const key = `${type} ${Buffer.from(words.buffer, words.byteOffset + at * 4, 32).toString('hex')}`;
    if (type !== BLOB_TYPE.padding) counts.set(key, (counts.get(key) ?? 0) + 1);
  });
  return [...counts].flatMap(([key, count]) => (count > 1 ? [key] : []));
}

const stat = { dev: 9n, uid: 1000n, gid: 1000n, user: Uint8Array.of(0xff, 0x61), group: nameBytes('g'), mtimeNs: -5_000_000_001n };

/** A snapshot with everything that is awkward to copy. */
async function plant(repository: Repository, id: SnapshotId, options: { readonly timestampNs?: bigint; readonly more?: string } = {}): Promise<void> {
  const writer = await openWriter(repository, { lock: 'shared', id });
  const cutter = chunker(repository.config.chunking);
  const snapshot = createSnapshotWriter({ sink: writer, line: writer.line, chunking: repository.config.chunking });
  const store = (bytes: Uint8Array, contentType = 'text/x-odd; charset=utf-8') =>
    storeContent(writer, bytes, { chunker: cutter, contentType, entropy: 'measured' });
  const file = (path: Uint8Array, bytes: Uint8Array, nlink = 1, ino = 5n) => {
    const content = store(bytes);
    snapshot.add({
      path,
      stat: { ...stat, goMode: 0x0080_01ed, sizeBytes: 0n, ino, nlink },
      symlinkTarget: null,
      content,
      xattrNames: [Uint8Array.of(0xfe, 0x78), nameBytes('user.a')].sort(Buffer.compare),
    });
  };
  const odd = childPath(nameBytes('/srv/\u{1f392}'), Uint8Array.of(0xff, 0xfe, 0x2e));
  file(odd, nameBytes('odd'));
  file(nameBytes('/srv/linked-1'), nameBytes('same'), 2, 77n);
  file(nameBytes('/srv/linked-2'), nameBytes('same'), 2, 77n);
  file(nameBytes('/srv/empty'), new Uint8Array(0));
  file(nameBytes('/srv/large'), seededRandom(3).bytes(1_500_000));
  if (options.more !== undefined) file(nameBytes('/srv/more'), nameBytes(options.more));
  const link = { path: nameBytes('/srv/link'), symlinkTarget: Uint8Array.of(0x2e, 0xff), content: null, xattrNames: [] };
  snapshot.add({ ...link, stat: { ...stat, goMode: 0x0800_01ff, sizeBytes: 2n, ino: (1n << 63n) + 5n, nlink: 1 } });
  snapshot.add({
    ...link,
    path: nameBytes('/srv/dir'),
    symlinkTarget: null,
    stat: { ...stat, goMode: 0x8010_01ff, sizeBytes: 4096n, ino: 8n, nlink: 2 },
    more: {
      alternate_data_streams: [nameBytes('s')],
      security_descriptor: Uint8Array.of(1),
      file_attributes: 3,
      classifications: [],
      custom_metadata: [{ key: nameBytes('k'), value: Uint8Array.of(0) }],
      tags: [nameBytes('t')],
      flags: 0,
    },
  });
  snapshot.addError(nameBytes('/srv/secret'), Buffer.concat([nameBytes('open '), Uint8Array.of(0xff), nameBytes(': permission denied')]));
  snapshot.addXattr(odd, nameBytes('user.a'), store(nameBytes('value')));
  snapshot.addXattr(odd, Uint8Array.of(0xfe, 0x78), store(nameBytes('value')), 2);
  await snapshot.finish({
    id,
    timestampNs: options.timestampNs ?? 1_700_000_000_123_456_789n,
    durationNs: 12_345n,
    name: 'n',
    category: 'c',
    environment: '',
    perimeter: 'p',
    job: 'j',
    tags: ['b', 'a', 'b'],
    context: [{ key: 'Hostname', value: 'h' }],
    source: { type: 'fs', origin: 'h', directory: nameBytes('/srv') },
  });
  await writer.commit();
  await writer.close();
}

const id = (digits: string): SnapshotId => digits.repeat(32) as SnapshotId;

describe.each([
  ['1.0', '1.1', false],
  ['1.1', '1.0', true],
  ['1.0', '1.0', true],
  ['1.1', '1.1', false],
] as const)('from line %s to line %s, the target encrypted: %s', (from, to, encrypted) => {
  it('errors, attributes, hard links, names that are no UTF-8 and fields of other importers arrive as they are', async () => {
    const source = await fresh(from, !encrypted);
    await plant(source, id('ab'));
    const target = await fresh(to, encrypted);
    const [result] = await sync(source, target, { compareAll: true });
    expect(result).toMatchObject({ snapshot: id('ab'), errors: 1, xattrs: 2, contents: 5, signed: false });
    expect(await problemsOf(target, id('ab'))).toEqual([]);
    expect(await seen(target, id('ab'))).toEqual(await seen(source, id('ab')));
    expect(doubled(target)).toEqual([]);
    const { header } = await openSnapshot(target, id('ab'));
    expect(header.context.at(-1)).toMatchObject({ key: 'SyncedFrom', value: expect.stringContaining(source.id) });
    expect(provenanceOf(header.context)).toMatchObject([{ repository: source.id, snapshot: id('ab') }]);
    expect(await sync(source, target)).toEqual([]);
    const entry = (await entriesOf(target, id('ab'))).get('/srv/linked-1');
    expect(entry?.object).toBe((await entriesOf(target, id('ab'))).get('/srv/linked-2')?.object);
  });
});

describe('sync', () => {
  it.each(COMMITTED_FIXTURES)(
    'copies every live snapshot of %s into the other line, removed ones not, and all is as in the original',
    { timeout: 120_000 },
    async (name) => {
      const source = await openFixture(name);
      for (const line of [name.startsWith('v10') ? '1.1' : '1.0'] as const) {
        const target = await fresh(line, line === '1.1');
        expect(failures(await sync(source, target))).toEqual([]);
        expect(new Set(target.view.live.map((snapshot) => snapshot.id))).toEqual(new Set(source.view.live.map((snapshot) => snapshot.id)));
        for (const { id: snapshot } of source.view.live) {
          expect(await problemsOf(target, snapshot)).toEqual([]);
          expect(await seen(target, snapshot)).toEqual(await seen(source, snapshot));
        }
        expect(doubled(target)).toEqual([]);
      }
    },
  );

  it.each(ORACLE_STORES)('%s survives the way to the other line', { timeout: 120_000 }, async (name) => {
    const source = await openOracle(name);
    const target = await fresh(name.includes('v10') ? '1.1' : '1.0');
    const results = await sync(source, target);
    expect(failures(results)).toEqual([]);
    for (const result of results) {
      expect(result).toMatchObject({ signed: name.includes('signed') });
      expect(await problemsOf(target, result.snapshot)).toEqual([]);
      expect(await seen(target, result.snapshot)).toEqual(await seen(source, result.snapshot));
      expect((await openSnapshot(target, result.snapshot)).header.signed).toBe(false);
    }
  });

  it('reads a content that an earlier run copied not again, in the same run and in a later one', async () => {
    const source = await fresh('1.0');
    await plant(source, id('a1'));
    await plant(source, id('a2'), { timestampNs: 1_700_000_001_000_000_000n, more: 'second' });
    const target = await fresh('1.1');
    expect(await sync(source, target)).toMatchObject([{ contents: 5 }, { contents: 1, readBytes: 6 }]);
    await plant(source, id('a3'), { timestampNs: 1_700_000_002_000_000_000n, more: 'third.' });
    expect(await sync(source, target)).toMatchObject([{ snapshot: id('a3'), contents: 1 }]);
    expect(await seen(target, id('a3'))).toEqual(await seen(source, id('a3')));
  });

  it('does not bring back what was removed from the target', async () => {
    const source = await fresh('1.0');
    await plant(source, id('b1'));
    const target = await fresh('1.0');
    await sync(source, target);
    const remover = await openWriter(target, { lock: 'none' });
    remover.colour(5, id('b1'));
    await remover.commit({ state: 'content' });
    await remover.close();
    expect(planSync(target, await headersOf(source)).map((step) => step.action)).toEqual(['deleted']);
    expect(await sync(source, target)).toEqual([]);
    expect(target.view.live).toEqual([]);
  });

  it('ended in the middle shows nothing, and run again it finishes', async () => {
    const source = await fresh('1.1');
    await plant(source, id('c1'));
    const store = memoryStore({ location: 'memory:interrupted' });
    const target = await freshRepository(store, { line: '1.0' });
    for (const phase of ['contents', 'trees'] as const) {
      const controller = new AbortController();
      const onProgress = (progress: { readonly phase: string }): void => {
        if (progress.phase === phase) controller.abort(new Error('ended'));
      };
      await expect(sync(source, target, { signal: controller.signal, onProgress })).rejects.toThrow('ended');
      expect((await openRepository(store)).view.live).toEqual([]);
      expect(store.items.lock.size).toBe(0);
    }
    expect(failures(await sync(source, target))).toEqual([]);
    const again = await openRepository(store);
    expect(await problemsOf(again, id('c1'))).toEqual([]);
    expect(doubled(again)).toEqual([]);
  });

  it('leaves a snapshot out that cannot be read to its ends, and copies the others', async () => {
    const source = await fresh('1.0');
    await plant(source, id('d1'), { more: 'will be lost' });
    await plant(source, id('d2'), { timestampNs: 1_700_000_001_000_000_000n });
    const lost = source.mac(nameBytes('will be lost'));
    const target = await fresh('1.1');
    const results = await sync(without(source, SNAPSHOT_BLOB.chunk, [lost]), target);
    expect(results).toMatchObject([{ snapshot: id('d1'), published: false }, { snapshot: id('d2') }]);
    expect(target.view.live.map((snapshot) => snapshot.id)).toEqual([id('d2')]);
    expect(await problemsOf(target, id('d2'))).toEqual([]);
  });

  it('takes entries whose blobs are gone from the listings of their directories', async () => {
    const source = await fresh('1.0');
    await plant(source, id('d3'));
    const gone = [...(await entriesOf(source, id('d3'))).values()].flatMap(({ mac, type }) => (type === 'file' ? [mac] : []));
    const target = await fresh('1.1');
    expect(failures(await sync(without(source, SNAPSHOT_BLOB.vfsEntry, gone), target))).toEqual([]);
    expect(await seen(target, id('d3'))).toEqual(await seen(source, id('d3')));
  });

  it('reads back what it stored: a chunk of other bytes is found', async () => {
    const target = memorySource(new Uint8Array(32));
    const options = { chunker: chunker({ algorithm: 'FASTCDC', minSize: 64, normalSize: 256, maxSize: 1024 }), contentType: 'x/y', entropy: 'none' } as const;
    const made = ['one', 'x'.repeat(5000)].map((text) => storeContent({ ...target, putAgain: target.put }, nameBytes(text), options).object);
    await expect(readBack(target, made)).resolves.toBeUndefined();
    for (const chunk of [target.mac(nameBytes('one')), target.mac(nameBytes('x'.repeat(1024)))]) {
      const bytes = target.peek(SNAPSHOT_BLOB.chunk, chunk);
      target.replace(SNAPSHOT_BLOB.chunk, chunk, bytes.slice(1));
      await expect(readBack(target, made)).rejects.toBeInstanceOf(IntegrityError);
      target.replace(SNAPSHOT_BLOB.chunk, chunk, bytes);
    }
  });

  it('tells two snapshots of one id apart by one entry, one error, one attribute', async () => {
    const source = await fresh('1.0');
    await plant(source, id('e1'));
    const target = await fresh('1.1');
    await plant(target, id('e1'), { more: 'an entry more' });
    const compare = async (one: Repository): Promise<void> =>
      compareCopies({ ours: await openRaw(source, id('e1')), theirs: await openRaw(one, id('e1')) }, { known: new ContentMap(), equal: null, readBack: [] });
    await expect(compare(target)).rejects.toThrow(IntegrityError);
    const other = await fresh('1.1');
    await plant(other, id('e1'), { timestampNs: 5n });
    await expect(compare(other)).rejects.toThrow('its header');
  });

  it('is refused for one store, and for two that have one id and different keys', async () => {
    const source = await fresh('1.0');
    expect(() => expectSyncable(source, source)).toThrow(InvalidInputError);
    const copy = memoryStore({ location: 'memory:copy', config: await source.store.readConfig() });
    const twin = await openRepository(copy);
    expect(() => expectSyncable(source, twin)).not.toThrow();
    await plant(source, id('f1'));
    expect(failures(await sync(source, twin))).toEqual([]);
    expect(await seen(twin, id('f1'))).toEqual(await seen(source, id('f1')));
    const liar: Repository = Object.create(twin, { mac: { value: () => id('00') } });
    expect(() => expectSyncable(source, liar)).toThrow(InvalidInputError);
  });
});

/** A repository that lost some blobs. */
function without(source: Repository, type: number, lost: readonly Mac[]): Repository {
  const damaged: Repository = Object.create(source, {
    getMany: {
      value: async function* (asked: number, ids: readonly Mac[], options: object) {
        for await (const got of source.getMany(asked, ids, options))
          yield asked === type && lost.includes(got.id) ? { id: got.id, error: new NotFoundError('blob', got.id) } : got;
      },
    },
  });
  const methods = ['get', 'has', 'mac', 'createMac', 'refresh'] as const;
  for (const name of methods) Object.defineProperty(damaged, name, { value: (source[name] as (...args: never[]) => unknown).bind(source) });
  for (const name of ['view', 'store', 'config', 'id', 'keys'] as const) Object.defineProperty(damaged, name, { get: () => source[name] });
  return damaged;
}
