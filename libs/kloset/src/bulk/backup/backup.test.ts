import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { nameBytes, type SnapshotId } from '@wardrobe/kloset-model';
import { seededRandom, temporaryFolder } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import type { Repository } from '../../repository/types.js';
import { openWriter } from '../../repository/writer.js';
import { openSnapshot } from '../../snapshot/open.js';
import { fsStore } from '@wardrobe/connector-fs';
import { memoryStore } from '@wardrobe/connector-memory';
import { restoreTo } from '../restore.js';
import { backup, planBackup } from './backup.js';
import { byteTextOf, byteTextOfString } from './byte-text.js';
import { exclusionRules } from './exclusion-rules.js';
import { contentOf, entriesOf, errorsOf, freshRepository, problemsOf } from './testing/backup-kit.js';
import { resolveRoots, walkRoots } from './walk.js';

let folder: string;
let tree: string;

beforeAll(async () => {
  folder = await temporaryFolder('backup');
  tree = `${folder}/tree`;
  plantTree(tree);
});

afterAll(() => void execFileSync('rm', ['-rf', folder]));

function randomBytes(lengthBytes: number, seed: number): Buffer {
  const random = seededRandom(seed);
  return Buffer.from(Uint8Array.from({ length: lengthBytes }, () => random.next() * 256));
}

/** Something of every kind that a file system has. */
function plantTree(root: string): void {
  mkdirSync(`${root}/empty`, { recursive: true });
  mkdirSync(`${root}/sub/deeper`, { recursive: true });
  writeFileSync(`${root}/empty file`, '');
  writeFileSync(`${root}/text.txt`, 'hello\n');
  writeFileSync(`${root}/large`, randomBytes(3_000_000, 1));
  writeFileSync(`${root}/sparse`, 'x');
  truncateSync(`${root}/sparse`, 9_000_000);
  writeFileSync(`${root}/sub/deeper/a.json`, '{"a":1}');
  writeFileSync(Buffer.concat([Buffer.from(`${root}/sub/`), Buffer.from([0x61, 0xff, 0xfe])]), 'not UTF-8');
  writeFileSync(`${root}/sub/ünïcödé 🎒`, 'names');
  linkSync(`${root}/text.txt`, `${root}/sub/second name`);
  symlinkSync('../text.txt', `${root}/sub/link`);
  symlinkSync('/nowhere at all', `${root}/sub/dangling`);
  execFileSync('mkfifo', [`${root}/pipe`]);
  chmodSync(`${root}/text.txt`, 0o4640);
  chmodSync(`${root}/empty`, 0o1777);
  utimesSync(`${root}/sub/deeper/a.json`, 4_300_000_000, 4_300_000_000);
  utimesSync(`${root}/large`, 0.25, 0.25);
  lutimesSync(`${root}/sub/link`, 1_000_000, 1_000_000);
}

/** What a folder holds, by path below it, as far as a backup should bring it back. */
function listing(root: string): Record<string, unknown> {
  const names: Record<string, unknown> = {};
  const path = byteTextOfString(root);
  const walk = { rules: exclusionRules([]), oneFileSystem: false, storeDirectory: null, onStoreSkipped: () => undefined };
  for (const { entries, isPrefix } of walkRoots(resolveRoots([path], '1.0'), walk)) {
    if (isPrefix) continue;
    for (const entry of entries) {
      const content = entry.isFile ? readFileSync(Buffer.from(entry.path, 'latin1')).toString('base64') : null;
      const { mtimeNs, uid, gid, nlink } = entry.stat;
      const mtimeMs = mtimeNs / 1_000_000n;
      names[entry.path.slice(path.length)] = { mode: entry.goMode, target: entry.target, mtimeMs, uid, gid, nlink: entry.isFile ? nlink : null, content };
    }
  }
  return names;
}

/** Entries of the tree by path, and the index of content types. The folders above change while tests run. */
async function macsOf(repository: Repository, id: SnapshotId) {
  const entries = [...(await entriesOf(repository, id, tree))].map(([path, { mac }]) => [path, mac]);
  const { indexes } = (await openSnapshot(repository, id)).header;
  return { entries, types: indexes.find(({ name }) => name === 'content-type') };
}

const source = (): { readonly paths: readonly Uint8Array[]; readonly origin: string } => ({ paths: [nameBytes(tree)], origin: 'workshop' });

describe.each([
  { line: '1.0', encrypted: false },
  { line: '1.0', encrypted: true },
  { line: '1.1', encrypted: false },
  { line: '1.1', encrypted: true },
] as const)('a backup on line $line, encrypted $encrypted', ({ line, encrypted }) => {
  test('holds everything, checks clean and restores to the same', async () => {
    const repository = await freshRepository(fsStore(`${folder}/store-${line}-${encrypted}`), { line, encrypted });
    const summary = await backup(repository, source());
    expect(summary).toMatchObject({ files: 8, directories: 4, symlinks: 2, specials: 1, unchanged: 0, errors: 0 });
    expect(await problemsOf(repository, summary.snapshot)).toEqual([]);
    expect(await repository.locks()).toEqual([]);
    const out = `${folder}/out-${line}-${encrypted}`;
    const restore = restoreTo(await openSnapshot(repository, summary.snapshot), { path: nameBytes(tree), directory: out });
    const problems: unknown[] = [];
    for await (const problem of restore) problems.push(problem);
    expect(problems).toEqual([]);
    expect(listing(out)).toEqual(listing(tree));
  });

  test('reads nothing the second time, and the tree is the same', async () => {
    const repository = await freshRepository(memoryStore(), { line, encrypted });
    const first = await backup(repository, source());
    const second = await backup(repository, source());
    expect(second).toMatchObject({ previous: first.snapshot, files: 8, unchanged: 8, readBytes: 0, sizeBytes: first.sizeBytes });
    expect(await macsOf(repository, second.snapshot)).toEqual(await macsOf(repository, first.snapshot));
    for (const { object } of (await entriesOf(repository, second.snapshot, tree)).values()) {
      if (object !== null) expect(repository.view.locations(SNAPSHOT_BLOB.object, object).length).toBe(1);
    }
    expect(await problemsOf(repository, second.snapshot)).toEqual([]);
  });
});

describe('a backup', () => {
  test('that reads all again has the same entries', async () => {
    const repository = await freshRepository(memoryStore(), { line: '1.1' });
    const first = await backup(repository, { ...source(), usePrevious: false });
    const second = await backup(repository, { ...source(), usePrevious: false });
    expect(second).toMatchObject({ previous: null, unchanged: 0 });
    expect(await macsOf(repository, second.snapshot)).toEqual(await macsOf(repository, first.snapshot));
  });

  test.each(['1.0', '1.1'] as const)('reads what changed and nothing else, line %s', async (line) => {
    const root = `${folder}/changing-${line}`;
    mkdirSync(`${root}/d`, { recursive: true });
    for (let i = 0; i < 600; i++) writeFileSync(`${root}/d/${i}`, `number ${i}`);
    const repository = await freshRepository(memoryStore(), { line });
    const request = { paths: [nameBytes(root)], origin: 'workshop' };
    const first = await backup(repository, request);
    writeFileSync(`${root}/d/7`, 'other words');
    chmodSync(`${root}/d/8`, 0o600);
    utimesSync(`${root}/d/9`, 5, 5);
    renameSync(`${root}/d/10`, `${root}/d/ten`);
    writeFileSync(`${root}/d/new`, 'new');
    const second = await backup(repository, request);
    // A file of another name is another file.
    expect(second).toMatchObject({ files: 601, unchanged: 596, readBytes: 'other words'.length + 8 + 8 + 9 + 3, previous: first.snapshot });
    const entries = await entriesOf(repository, second.snapshot);
    expect((await contentOf(repository, second.snapshot, entries.get(`${root}/d/7`))).toString()).toBe('other words');
    expect(entries.get(`${root}/d/9`)?.mtimeNs).toBe(5_000_000_000n);
    expect(entries.get(`${root}/d/8`)?.permissions).toBe(0o600);
    expect(await problemsOf(repository, second.snapshot)).toEqual([]);
    const other = await backup(repository, { ...request, origin: 'elsewhere' });
    expect(other).toMatchObject({ previous: null, unchanged: 0 });
  });

  test.each(['1.0', '1.1'] as const)('does not build upon what is scheduled for deletion, line %s', async (line) => {
    const repository = await freshRepository(memoryStore(), { line });
    const first = await backup(repository, source());
    const entries = await entriesOf(repository, first.snapshot);
    const object = await (await openSnapshot(repository, first.snapshot)).object(entries.get(`${tree}/text.txt`)?.object ?? ('' as never));
    const [place] = repository.view.locations(SNAPSHOT_BLOB.chunk, object.chunks[0]?.mac ?? ('' as never));
    const writer = await openWriter(repository, { lock: 'none' });
    writer.colour(4, place?.packfile ?? ('' as never));
    await writer.commit();
    await writer.close();
    const second = await backup(repository, source());
    expect(second.unchanged).toBe(0);
    expect(repository.view.locations(SNAPSHOT_BLOB.chunk, object.chunks[0]?.mac ?? ('' as never)).some(({ coloured }) => !coloured)).toBe(true);
    expect(await problemsOf(repository, second.snapshot)).toEqual([]);
  });

  test('says who, what and when, with the defaults of its line', async () => {
    const timestampNs = 1_700_000_000_000_000_000n;
    for (const line of ['1.0', '1.1'] as const) {
      const repository = await freshRepository(memoryStore(), { line });
      const context = [{ key: 'Hostname', value: 'workshop' }];
      const bare = await backup(repository, { ...source(), paths: [nameBytes(`${tree}/sub/`)], context });
      const absent = line === '1.0' ? 'default' : '';
      expect((await openSnapshot(repository, bare.snapshot)).header).toMatchObject({
        name: 'default',
        category: absent,
        environment: absent,
        perimeter: absent,
        job: absent,
        tags: [],
        hostname: 'workshop',
        source: { type: 'fs', origin: 'workshop', directory: { text: `${tree}/sub` } },
      });
      const labels = { name: 'n', category: 'c', environment: 'e', perimeter: 'p', job: 'j' };
      const full = await backup(repository, { ...source(), labels, tags: ['b', 'a'], timestampNs });
      expect((await openSnapshot(repository, full.snapshot)).header).toMatchObject({ ...labels, tags: ['b', 'a'], timestampNs });
    }
    const repository = await freshRepository(memoryStore(), { line: '1.0' });
    const future = BigInt(Date.now() + 3_600_000) * 1_000_000n;
    await expect(backup(repository, { ...source(), timestampNs: future })).rejects.toThrow('future');
  });

  test('of a plan stores nothing and says what would be read', async () => {
    const store = memoryStore();
    const repository = await freshRepository(store, { line: '1.0' });
    const plan = await planBackup(repository, source());
    expect(plan).toMatchObject({ files: 8, directories: 4, unchanged: 0, previous: null, sizeBytes: plan.readBytes });
    expect([store.items.packfile.size, store.items.state.size, store.items.lock.size]).toEqual([0, 0, 0]);
    const { snapshot } = await backup(repository, source());
    expect(await planBackup(repository, source())).toMatchObject({ files: 8, unchanged: 8, readBytes: 0, previous: snapshot });
  });

  test('reads a file with several names once', async () => {
    const root = `${folder}/names`;
    mkdirSync(root);
    writeFileSync(`${root}/first`, randomBytes(100_000, 5));
    for (const name of ['second', 'third']) linkSync(`${root}/first`, `${root}/${name}`);
    const repository = await freshRepository(memoryStore(), { line: '1.0' });
    const { snapshot, ...summary } = await backup(repository, { paths: [nameBytes(root)], origin: 'workshop' });
    expect(summary).toMatchObject({ files: 3, readBytes: 100_000 });
    const entries = await entriesOf(repository, snapshot);
    const objects = ['first', 'second', 'third'].map((name) => entries.get(`${root}/${name}`)?.object);
    expect(new Set(objects).size).toBe(1);
    expect(entries.get(`${root}/third`)).toMatchObject({ nlink: 3, sizeBytes: 100_000n });
  });

  test('leaves out what rules and the store say, and saves one file alone', async () => {
    const store = fsStore(`${tree}/../both/store`);
    mkdirSync(`${folder}/both/data`, { recursive: true });
    writeFileSync(`${folder}/both/data/keep.txt`, 'k');
    writeFileSync(`${folder}/both/data/drop.tmp`, 'd');
    const repository = await freshRepository(store, { line: '1.0' });
    const notes: string[] = [];
    const request = { paths: [nameBytes(`${folder}/both`)], origin: 'workshop', rules: ['*.tmp', '[bad'], storeDirectory: `${folder}/both/store` };
    const { snapshot } = await backup(repository, request, { onNote: (note) => notes.push(note) });
    expect([...(await entriesOf(repository, snapshot, `${folder}/both`)).keys()]).toEqual([
      `${folder}/both`,
      `${folder}/both/data`,
      `${folder}/both/data/keep.txt`,
    ]);
    expect(notes).toEqual([expect.stringContaining('"[bad" is malformed'), `${folder}/both/store is the store itself and is left out`]);
    const one = await backup(repository, { paths: [nameBytes(`${folder}/both/data/keep.txt`)], origin: 'workshop' });
    expect(one).toMatchObject({ files: 1, directories: 0 });
    expect(byteTextOf((await openSnapshot(repository, one.snapshot)).header.source.directory.bytes)).toBe(`${folder}/both/data/keep.txt`);
    await expect(backup(repository, { paths: [nameBytes(`${folder}/none`)], origin: 'workshop' })).rejects.toThrow('does not exist');
    expect(await repository.locks()).toEqual([]);
  });

  test('keeps extended attributes, values and all', async () => {
    const values = new Map([
      ['user.a', Buffer.from([0, 255, 1])],
      ['user.z', Buffer.from('zzz')],
    ]);
    const xattrReader = {
      list: (path: string) =>
        path.endsWith('text.txt') ? { names: [...values.keys()] } : path.endsWith('link') ? { error: `xattr.list ${path}: input/output error` } : { names: [] },
      get: (path: string, name: string) =>
        name === 'user.z' ? { error: `xattr.get ${path} ${name}: no data available` } : { value: values.get(name) ?? Buffer.alloc(0) },
    };
    const repository = await freshRepository(memoryStore(), { line: '1.1' });
    const { snapshot, ...summary } = await backup(repository, source(), { xattrReader });
    expect(summary).toMatchObject({ xattrs: 1, errors: 2, files: 8, symlinks: 2 });
    const entries = await entriesOf(repository, snapshot);
    expect(entries.get(`${tree}/text.txt`)?.extendedAttributes.map(({ text }) => text)).toEqual(['user.a', 'user.z']);
    expect(entries.has(`${tree}/sub/link`)).toBe(true);
    const opened = await openSnapshot(repository, snapshot);
    for await (const xattr of opened.xattrs()) {
      expect(xattr).toMatchObject({ path: { text: `${tree}/text.txt` }, name: { text: 'user.a' }, kind: 0, sizeBytes: 3 });
      for await (const piece of opened.content(await opened.object(xattr.object))) expect(Buffer.from(piece)).toEqual(values.get('user.a'));
    }
    expect(await errorsOf(repository, snapshot)).toEqual({
      [`${tree}/text.txt`]: `xattr.get ${tree}/text.txt user.z: no data available`,
      [`${tree}/sub/link`]: `xattr.list ${tree}/sub/link: input/output error`,
    });
    expect(lstatSync(tree).isDirectory()).toBe(true);
  });
});
