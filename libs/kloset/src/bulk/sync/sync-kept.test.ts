import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nameBytes, type SnapshotId } from '@wardrobe/kloset-model';
import { seededRandom, temporaryFolder } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { NIL_UUID } from '../../bytes/bytes.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import { BLOB_TYPE } from '../../format/state.js';
import { openRepository } from '../../repository/repository.js';
import { publishState } from '../../repository/publish-state.js';
import type { Repository } from '../../repository/types.js';
import { openWriter } from '../../repository/writer.js';
import { listSnapshots } from '../../snapshot/list.js';
import { openSnapshot } from '../../snapshot/open.js';
import type { SnapshotHeader } from '../../snapshot/types.js';
import { StateBuilder } from '../../state/state-builder.js';
import type { WritableStore } from '../../store/store.js';
import { memoryStore } from '@wardrobe/connector-memory';
import { backup } from '../backup/backup.js';
import { entriesOf, freshRepository, problemsOf } from '../backup/testing/backup-kit.js';
import { isProvenPair, provenanceOf, provenanceText } from './provenance.js';
import { planSync, syncSnapshots } from './sync.js';
import type { SyncOptions, SyncResult } from './sync-types.js';

const FILES = 60;
let stores = 0;
const freshStore = (): ReturnType<typeof memoryStore> => memoryStore({ location: `memory:kept-${stores++}` });

async function sync(source: Repository, target: Repository, options: SyncOptions = {}): Promise<SyncResult[]> {
  const headers: SnapshotHeader[] = [];
  for await (const item of listSnapshots(source)) if ('header' in item) headers.push(item.header);
  const results: SyncResult[] = [];
  for await (const result of syncSnapshots(source, target, planSync(target, headers), options)) results.push(result);
  return results;
}

async function plantFiles(): Promise<string> {
  const folder = await temporaryFolder('kept');
  const random = seededRandom(7);
  await mkdir(join(folder, 'deep/er'), { recursive: true });
  for (let number = 0; number < FILES; number++)
    await writeFile(join(folder, number % 2 === 0 ? '' : 'deep/er', `file ${number}`), random.bytes(10 + random.below(3000)));
  return folder;
}

const save = async (repository: Repository, folder: string): Promise<SnapshotId> =>
  (await backup(repository, { paths: [nameBytes(folder)], origin: 'host', xattrs: false }, { threads: 1 })).snapshot;

/** Entries with contents, without what is different in every store. */
async function seen(repository: Repository, id: SnapshotId): Promise<unknown[]> {
  const snapshot = await openSnapshot(repository, id);
  const lines: unknown[] = [];
  for (const [path, entry] of await entriesOf(repository, id)) {
    const pieces: Uint8Array[] = [];
    if (entry.object !== null) for await (const piece of snapshot.content(await snapshot.object(entry.object))) pieces.push(piece);
    lines.push([path, { ...entry, mac: null, object: null, contentType: null }, Buffer.concat(pieces).toString('hex')]);
  }
  return lines;
}

async function expectEqual(source: Repository, target: Repository): Promise<void> {
  for (const { id } of source.view.live) {
    expect(await problemsOf(target, id)).toEqual([]);
    expect(await seen(target, id)).toEqual(await seen(source, id));
  }
}

describe('a copy on top of an earlier one', () => {
  it.each([
    ['1.0', '1.1'],
    ['1.1', '1.0'],
  ] as const)('from line %s to line %s: what did not change is not read again, and the copy is equal', async (from, to) => {
    const folder = await plantFiles();
    const source = await freshRepository(freshStore(), { line: from });
    const target = await freshRepository(freshStore(), { line: to, encrypted: true });
    await save(source, folder);
    expect(await sync(source, target)).toMatchObject([{ kept: 0, contents: FILES }]);
    await appendFile(join(folder, 'deep/er/file 1'), 'more');
    await save(source, folder);
    const [result] = await sync(source, target);
    // Folders above may differ too: entries of line 1.0 hold summaries, and tests make folders beside this one.
    const changed = folder.split('/').length + 3;
    expect(result).toMatchObject({ contents: 1 });
    expect(result !== undefined && 'kept' in result ? result.entries - result.kept : null).toBeLessThanOrEqual(changed);
    await expectEqual(source, target);
  });

  it('is equal where the target took up the form of the other line in between', async () => {
    const folder = await plantFiles();
    const source = await freshRepository(freshStore(), { line: '1.1' });
    const store = freshStore();
    const target = await freshRepository(store, { line: '1.0' });
    await save(source, folder);
    await sync(source, target);
    const builder = new StateBuilder();
    builder.colour(BLOB_TYPE.snapshot, 'ee'.repeat(32) as SnapshotId, 1n);
    const randomBytes = (lengthBytes: number): Uint8Array => seededRandom(5).bytes(lengthBytes);
    const facts = { timestampNs: 1n, serial: NIL_UUID, randomBytes, spoolName: 'tmp.00000000000000000001' } as const;
    await publishState(target, store, { ...facts, builder, locations: [], id: 'content', line: '1.1' });
    await target.refresh();
    await save(source, folder);
    expect(await sync(source, target)).toMatchObject([{ contents: 0 }]);
    await expectEqual(source, target);
  });

  it('reads in the source what the target would delete soon', async () => {
    const folder = await plantFiles();
    const source = await freshRepository(freshStore(), { line: '1.0' });
    const target = await freshRepository(freshStore(), { line: '1.0' });
    await save(source, folder);
    await sync(source, target);
    const remover = await openWriter(target, { lock: 'none' });
    for (const { id } of target.view.packfiles()) remover.colour(BLOB_TYPE.packfile, id);
    await remover.commit({ state: 'content' });
    await remover.close();
    const second = await save(source, folder);
    expect(await sync(source, target)).toMatchObject([{ snapshot: second, kept: 0, contents: FILES }]);
    const snapshot = await openSnapshot(target, second);
    for (const [, entry] of await entriesOf(target, second)) {
      expect(target.view.isAvailable(SNAPSHOT_BLOB.vfsEntry, entry.mac)).toBe(true);
      if (entry.object === null) continue;
      for (const { mac } of (await snapshot.object(entry.object)).chunks) expect(target.view.isAvailable(SNAPSHOT_BLOB.chunk, mac)).toBe(true);
    }
  });

  it('between two stores of one key nothing is read that is there under the same MAC', async () => {
    const folder = await plantFiles();
    const store = freshStore();
    const source = await freshRepository(store, { line: '1.1' });
    const first = await save(source, folder);
    const twin = await openRepository(memoryStore({ location: 'memory:twin', config: await store.readConfig() }));
    expect(await sync(source, twin)).toMatchObject([{ contents: FILES }]);
    await writeFile(join(folder, 'new'), 'new');
    await save(source, folder);
    expect(await sync(source, twin)).toMatchObject([{ contents: 1 }]);
    await expectEqual(source, twin);
    expect(twin.view.live.map(({ id }) => id)).toContain(first);
  });
});

describe('a copy that does not arrive as it was sent', () => {
  it.each(['data', 'header'] as const)('damaged %s: it is never visible, and the next run copies it', async (what) => {
    const folder = await plantFiles();
    const source = await freshRepository(freshStore(), { line: '1.0' });
    const id = await save(source, folder);
    const store = freshStore();
    const adopt: WritableStore['adopt'] = store.adopt.bind(store);
    let arrived = 0;
    // Data and metadata come first, the header's packfile last.
    store.adopt = async (kind, item, path, options) => {
      await adopt(kind, item, path, options);
      const bytes = store.items[kind].get(item);
      if (kind !== 'packfile' || bytes === undefined || arrived++ > 1 !== (what === 'header')) return;
      for (let at = 64; at < bytes.length; at += 17) bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    };
    const target = await freshRepository(store, { line: '1.0' });
    const results = await sync(source, target);
    expect(results).toMatchObject([{ snapshot: id, published: false }]);
    expect(target.view.states).toEqual([]);
    store.adopt = adopt;
    const fresh = await openRepository(store);
    if (what === 'data') expect(await fresh.hidden({ nowMs: Date.now() })).toEqual([]);
    expect(await sync(source, fresh)).toMatchObject([{ snapshot: id }]);
    await expectEqual(source, fresh);
  });
});

describe('provenance', () => {
  it('tells each store that a snapshot went through, and what one may conclude from it', async () => {
    const folder = await plantFiles();
    const [a, b, c] = await Promise.all([1, 2, 3].map(() => freshRepository(freshStore(), { line: '1.0' })));
    if (a === undefined || b === undefined || c === undefined) throw new Error('three stores');
    const id = await save(a, folder);
    await sync(a, b);
    await sync(b, c);
    const contextOf = async (repository: Repository) => (await openSnapshot(repository, id)).header.context;
    const [inA, inB, inC] = [await contextOf(a), await contextOf(b), await contextOf(c)];
    expect(provenanceOf(inA)).toEqual([]);
    expect(provenanceOf(inC)).toMatchObject([
      { repository: a.id, snapshot: id },
      { repository: b.id, snapshot: id },
    ]);
    const placed = (repository: Repository, context: typeof inA) => ({ repository: repository.id, id, context });
    expect(isProvenPair(placed(a, inA), placed(c, inC))).toBe(true);
    expect(isProvenPair(placed(b, inB), placed(c, inC))).toBe(true);
    // Copied by a program that takes the context along and proves nothing.
    expect(isProvenPair(placed(a, inA), placed(c, inB))).toBe(false);
    expect(isProvenPair(placed(a, []), placed(b, []))).toBe(false);
    const early = inB.map(({ key, value }) => ({ key, value: key === 'SyncedFrom' ? value.replace(/\/.* to \S+/, '') : value }));
    expect(provenanceOf(early)).toMatchObject([{ repository: a.id, snapshot: null, into: null }]);
    for (const context of [inC, early])
      expect(provenanceOf(context).map(provenanceText)).toEqual(context.filter(({ key }) => key === 'SyncedFrom').map(({ value }) => value));
    expect(isProvenPair(placed(a, inA), placed(b, early))).toBe(false);
  });
});
