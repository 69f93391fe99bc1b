import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createWriteStream } from 'node:fs';
import { promisify } from 'node:util';
import { inflateRawSync } from 'node:zlib';
import { type Mac, nameBytes, permissionsText } from '@wardrobe/kloset-model';
import { availableFixtures, expectedText, temporaryFolder, unpackFixture } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { openFixture } from '../../test/open-fixture.js';
import { openSnapshot } from '../snapshot/open.js';
import { vectorStores } from '../snapshot/testing/vectors.js';
import type { CheckProblem, Snapshot } from '../snapshot/types.js';
import { decode } from '../codec/codec.js';
import { DiskFullError } from '../errors/errors.js';
import { treeNode } from '../format/snapshot-tree.js';
import { readHeaders } from '../snapshot/list.js';
import { type BuildEntry, buildSnapshot, memorySource } from '../snapshot/testing/index.js';
import { archiveTar, archiveZip } from './archive.js';
import { checkSnapshots } from './check.js';
import type { CheckSummary } from './check-types.js';
import { diffTrees } from './diff.js';
import { localError } from './local-error.js';
import { restoreTo } from './restore.js';
import type { RestoreProblem, RestoreSummary } from './restore-types.js';

const run = promisify(execFile);
const path = nameBytes;

async function drain<T, R>(items: AsyncGenerator<T, R>): Promise<{ items: T[]; result: R }> {
  const all: T[] = [];
  for (;;) {
    const next = await items.next();
    if (next.done === true) return { items: all, result: next.value };
    all.push(next.value);
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Paths below a folder with what lstat says, in the form of the expected lists. */
async function onDisk(folder: string, at = '/'): Promise<Map<string, Record<string, unknown>>> {
  const found = new Map<string, Record<string, unknown>>();
  const stat = await lstat(join(folder, at), { bigint: true });
  const type = stat.isDirectory() ? 'dir' : stat.isSymbolicLink() ? 'symlink' : stat.isFIFO() ? 'fifo' : 'file';
  const line: Record<string, unknown> = {
    path: at,
    type,
    mode: permissionsText(Number(stat.mode & 0o7777n)),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mtimeNs: stat.mtimeNs,
  };
  if (type === 'symlink') line.target = await readlink(join(folder, at));
  if (type === 'file') line.size = Number(stat.size);
  if (type === 'file')
    line.sha256 = createHash('sha256')
      .update(await readFile(join(folder, at)))
      .digest('hex');
  found.set(at, line);
  if (type === 'dir')
    for (const name of await readdir(join(folder, at))) for (const [key, value] of await onDisk(folder, join(at, name))) found.set(key, value);
  return found;
}

const isRoot = process.getuid?.() === 0;
const store = () => vectorStores()[1] as ReturnType<typeof vectorStores>[number];
const restore = (
  snapshot: Snapshot,
  directory: string,
  options: { readonly overwrite?: boolean; readonly path?: string } = {},
): Promise<{ items: RestoreProblem[]; result: RestoreSummary }> =>
  drain(restoreTo(snapshot, { path: path(options.path ?? '/srv/demo'), directory, conflict: options.overwrite === true ? 'overwrite' : 'fail' }));

describe('restore', () => {
  it.each(availableFixtures())('%s: content, mode, owner, time and links lie in the folder as they were backed up', { timeout: 120_000 }, async (name) => {
    const fixture = await unpackFixture(name);
    const repository = await openFixture(name);
    const numbered = name.endsWith('desync') ? 2 : 1;
    const headers = await Promise.all(repository.view.live.map((live) => openSnapshot(repository, live.id)));
    const snapshot = headers.sort((a, b) => Number(a.header.timestampNs - b.header.timestampNs))[0] as Snapshot;
    const folder = join(await temporaryFolder('restore'), 'new', 'here');
    const { items, result } = await drain(restoreTo(snapshot, { path: snapshot.header.source.directory.bytes, directory: folder }));
    expect(items).toEqual([]);
    const found = await onDisk(folder);
    const lines = (await expectedText(fixture, `${numbered}-team.jsonl`))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    for (const line of lines) {
      const got = found.get(line.path as string);
      const distance = Number((got?.mtimeNs as bigint) - BigInt(line.mtimeNs as string));
      expect(Math.abs(distance), `mtime of ${line.path}`).toBeLessThanOrEqual(1000);
      const owner = isRoot ? {} : { uid: line.uid, gid: line.gid };
      expect({ ...got, ...owner, mtimeNs: line.mtimeNs }).toEqual(line);
    }
    expect(found.size).toBe(lines.length);
    expect(result.files + result.directories + result.symlinks + result.fifos + 1).toBe(lines.length);
    await repository.close();
  });

  it('hard links are one file, attributes are set', async () => {
    const snapshot = await openSnapshot(store().source, store().snapshot);
    const folder = await temporaryFolder('restore');
    const { items, result } = await restore(snapshot, folder);
    expect(items.filter((problem) => problem.severity === 'error')).toEqual([]);
    const [readme, hard] = [await lstat(join(folder, 'readme.txt')), await lstat(join(folder, 'data/hard.txt'))];
    expect([readme.ino, readme.nlink]).toEqual([hard.ino, 2]);
    expect(result.hardLinks).toBe(1);
    const { getAttribute } = await import('@napi-rs/xattr');
    const isSupported = items.every((problem) => problem.what !== 'xattr');
    if (isSupported) expect((await getAttribute(join(folder, 'readme.txt'), 'user.note'))?.toString('utf8').length).toBeGreaterThan(0);
    expect((await readdir(folder)).some((name) => name.startsWith('.wardrobe-partial'))).toBe(false);
  });

  it('what is there stays, unless overwriting is asked', async () => {
    const snapshot = await openSnapshot(store().source, store().snapshot);
    const folder = await temporaryFolder('restore');
    await writeFile(join(folder, 'readme.txt'), 'mine');
    const first = await restore(snapshot, folder);
    expect(first.items.map((problem) => [problem.path.text, problem.severity])).toContainEqual(['/srv/demo/readme.txt', 'error']);
    expect(await readFile(join(folder, 'readme.txt'), 'utf8')).toBe('mine');
    const second = await restore(snapshot, folder, { overwrite: true });
    // An ordinary user cannot go into the directory without any permission that the first run left.
    expect(second.items.filter((problem) => problem.severity === 'error').map((problem) => problem.path.text)).toEqual(isRoot ? [] : ['/srv/demo/locked']);
    expect(await readFile(join(folder, 'readme.txt'), 'utf8')).not.toBe('mine');
    expect((await lstat(join(folder, 'data/hard.txt'))).ino).toBe((await lstat(join(folder, 'readme.txt'))).ino);
  });

  it('a link that stands where a directory is to be is not followed', async () => {
    const snapshot = await openSnapshot(store().source, store().snapshot);
    const folder = await temporaryFolder('restore');
    const outside = await temporaryFolder('outside');
    await symlink(outside, join(folder, 'data'));
    const kept = await restore(snapshot, folder);
    expect(kept.items.map((problem) => problem.path.text)).toContain('/srv/demo/data');
    expect(kept.result.failed).toBeGreaterThan(1);
    const replaced = await restore(snapshot, folder, { overwrite: true });
    expect(replaced.items.filter((problem) => problem.severity === 'error')).toEqual([]);
    expect((await lstat(join(folder, 'data'))).isDirectory()).toBe(true);
    expect(await readdir(outside)).toEqual([]);
  });

  it('a damaged file is left out and counted, the rest is restored, and nothing half stays', async () => {
    const { source, snapshot: id } = store();
    const snapshot = await openSnapshot(source, id);
    const large = await snapshot.object((await snapshot.entry(path('/srv/demo/data/lcg.bin'))).object ?? id);
    source.remove(9, large.chunks[0]?.mac ?? id);
    const folder = await temporaryFolder('restore');
    const { items, result } = await restore(snapshot, folder);
    expect(items.filter((problem) => problem.severity === 'error').map((problem) => [problem.path.text, problem.error.code])).toEqual([
      ['/srv/demo/data/lcg.bin', 'not-found'],
    ]);
    expect(result.failed).toBe(1);
    expect((await readdir(join(folder, 'data'))).sort()).not.toContain('lcg.bin');
    expect((await readdir(join(folder, 'data'))).some((name) => name.startsWith('.wardrobe'))).toBe(false);
  });

  it('a single file lies under its own name', async () => {
    const snapshot = await openSnapshot(store().source, store().snapshot);
    const folder = await temporaryFolder('restore');
    await restore(snapshot, folder, { path: '/srv/demo/readme.txt' });
    expect(await readdir(folder)).toEqual(['readme.txt']);
  });
});

describe('restore below a folder that others may write to', () => {
  const snapshotOf = (entries: readonly BuildEntry[]): Promise<Snapshot> => {
    const source = memorySource(new Uint8Array(32).fill(9));
    return openSnapshot(source, buildSnapshot(source, entries, { form: '1.1' }));
  };

  it('refuses a link on the way and a target outside, and leaves setuid out when it is not wanted', async () => {
    const snapshot = await snapshotOf([{ path: '/suid', content: '#!', permissions: 0o6755 }]);
    const [below, outside] = [await temporaryFolder('below'), await temporaryFolder('outside')];
    await symlink(outside, join(below, 'trap'));
    const into = (directory: string) => drain(restoreTo(snapshot, { path: path('/'), directory, below, setuid: false, owners: false }));
    await expect(into(join(below, 'trap'))).rejects.toThrow(/link/);
    await expect(into(join(below, 'trap', 'deep'))).rejects.toThrow(/link/);
    await expect(into(outside)).rejects.toThrow(/below/);
    expect(await readdir(outside)).toEqual([]);
    await into(join(below, 'new', 'here'));
    expect((await lstat(join(below, 'new', 'here', 'suid'))).mode & 0o7777).toBe(0o755);
  });
});

describe('restore of made-up trees', () => {
  const snapshotOf = (entries: readonly BuildEntry[]): Promise<Snapshot> => {
    const source = memorySource(new Uint8Array(32).fill(9));
    return openSnapshot(source, buildSnapshot(source, entries, { form: '1.1' }));
  };

  it('raw byte names, deep paths, odd modes and times come out as they are', async () => {
    const deep = `/deep${'/0123456789abcdef'.repeat(300)}`;
    const odd = Buffer.from([0x2f, 0x6f, 0x2f, 0xff, 0xfe, 0x20, 0x0a]);
    const snapshot = await snapshotOf([
      { path: odd, content: 'odd', mtimeNs: -1_500_000_000n },
      { path: `${deep}/end`, content: 'deep' },
      { path: '/o', type: 'directory', permissions: 0o1777, mtimeNs: 1_000_000_123n },
      { path: '/suid', content: '#!', permissions: 0o6755 },
      { path: '/closed', type: 'directory', permissions: 0o500 },
      { path: '/closed/file', content: 'x', permissions: 0o000 },
      { path: '/pipe', type: 'fifo', permissions: 0o640 },
      { path: '/link', type: 'symlink', target: '../../outside/\udcff' },
      { path: '/socket', type: 'socket' },
    ]);
    const folder = await temporaryFolder('restore');
    const { items, result } = await restore(snapshot, join(folder, 'new'), { path: '/' });
    expect(items.map((problem) => `${problem.severity} ${problem.what} ${problem.path.text}`)).toEqual(['warning type /socket']);
    expect(result).toMatchObject({ files: 4, symlinks: 1, fifos: 1, failed: 0, warnings: 1 });
    const at = Buffer.concat([Buffer.from(join(folder, 'new')), odd]);
    expect(await readFile(at, 'utf8')).toBe('odd');
    expect((await lstat(at, { bigint: true })).mtimeNs).toBe(-1_500_000_000n);
    const modes = await Promise.all(
      ['o', 'suid', 'closed', 'pipe'].map(async (name) => permissionsText((await lstat(join(folder, 'new', name))).mode & 0o7777)),
    );
    expect(modes).toEqual(['0o1777', '0o6755', '0o500', '0o640']);
    await run('chmod', ['-R', 'u+rwx', join(folder, 'new/closed')]);
    expect((await run('find', [join(folder, 'new/deep'), '-name', 'end'])).stdout.length).toBeGreaterThan(4096);
  });

  it('two names of one file become copies when their contents differ', async () => {
    const twins = { ino: 5n, nlink: 2 };
    const snapshot = await snapshotOf([
      { path: '/a', content: 'one', ...twins },
      { path: '/b', content: 'two', ...twins },
      { path: '/c', content: 'one', ...twins },
    ]);
    const folder = await temporaryFolder('restore');
    const { result } = await restore(snapshot, folder, { path: '/' });
    expect(result).toMatchObject({ files: 3, hardLinks: 1 });
    expect(await readFile(join(folder, 'b'), 'utf8')).toBe('two');
  });

  it('no space left is a DiskFullError that names the path', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' });
    expect(localError(full, '/srv/x')).toBeInstanceOf(DiskFullError);
    expect(() => localError(new TypeError('a bug'), '/srv/x')).toThrow(TypeError);
  });

  it('a full disk ends the restore, keeps what is whole and leaves no partial file', async () => {
    const folder = await temporaryFolder('full');
    const isMounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder]).then(
      () => true,
      () => false,
    );
    const snapshot = await snapshotOf([
      { path: '/a', content: 'small' },
      { path: '/b', content: new Uint8Array(isMounted ? 1 << 20 : 10).fill(7) },
      { path: '/c', content: 'after' },
    ]);
    try {
      const restored = restore(snapshot, folder, { path: '/' });
      if (isMounted) await expect(restored).rejects.toBeInstanceOf(DiskFullError);
      await restored.catch(() => undefined);
      expect(await readdir(folder)).toEqual(isMounted ? ['a'] : ['a', 'b', 'c']);
    } finally {
      if (isMounted) await run('umount', [folder]);
    }
  });
});

describe('archives', () => {
  it('tar: the system tar unpacks the same tree, links and times included', async () => {
    const snapshot = await openSnapshot(store().source, store().snapshot);
    const folder = await temporaryFolder('tar');
    await pipeline(archiveTar(snapshot, path('/srv/demo')), createWriteStream(join(folder, 'a.tar')));
    await run('tar', ['-xpf', 'a.tar'], { cwd: folder });
    const restored = join(await temporaryFolder('restore'), 'demo');
    await restore(snapshot, restored);
    const [a, b] = [await onDisk(join(folder, 'demo')), await onDisk(restored)];
    const told = (lines: Map<string, Record<string, unknown>>) =>
      [...lines.values()].map((line) => [line.path, line.type, line.mode, line.sha256, line.target].join(' ')).sort();
    expect(told(a)).toEqual(told(b));
    expect((await lstat(join(folder, 'demo/readme.txt'), { bigint: true })).mtimeNs).toBe(1704164645123456789n);
  });

  it('names that are no text: raw in tar, escaped in zip; large ids and old times survive in tar', async () => {
    const source = memorySource(new Uint8Array(32).fill(9));
    const odd = Buffer.from([0x2f, 0x6f, 0x2f, 0xff, 0x5c, 0x62]);
    const long = `/o/${'n'.repeat(200)}`;
    const snapshot = await openSnapshot(
      source,
      buildSnapshot(
        source,
        [
          { path: odd, content: 'odd', uid: 3_000_000n, mtimeNs: -1n },
          { path: long, content: 'long' },
        ],
        { form: '1.1' },
      ),
    );
    const folder = await temporaryFolder('tar');
    await pipeline(archiveTar(snapshot, path('/o')), createWriteStream(join(folder, 'a.tar')));
    await run('tar', ['-xf', 'a.tar'], { cwd: folder });
    const at = Buffer.concat([Buffer.from(folder), odd]);
    expect(await readFile(at, 'utf8')).toBe('odd');
    const stat = await lstat(at, { bigint: true });
    expect([stat.mtimeNs, stat.uid]).toEqual([-1n, isRoot ? 3_000_000n : stat.uid]);
    expect(await readFile(join(folder, long), 'utf8')).toBe('long');
    const members = zipMembers(Buffer.concat(await collect(archiveZip(snapshot, path('/o')))));
    expect([...members.keys()].sort()).toEqual(['o/', 'o/%FF%5Cb', `o/${'n'.repeat(200)}`].sort());
  });

  it('zip: every member inflates to its content', async () => {
    const snapshot = await openSnapshot(store().source, store().snapshot);
    const bytes = Buffer.concat(await collect(archiveZip(snapshot, path('/srv/demo'))));
    const members = zipMembers(bytes);
    expect(members.get('demo/readme.txt')?.toString('utf8')).toBe(
      (await collect(snapshot.content(await snapshot.object((await snapshot.entry(path('/srv/demo/readme.txt'))).object ?? store().snapshot))))
        .map((piece) => Buffer.from(piece).toString('utf8'))
        .join(''),
    );
    expect(members.get('demo/data/lcg.bin')?.length).toBe(300_000);
    expect([...members.keys()]).toContain('demo/bin/');
  });

  it.each(['tar', 'zip'] as const)('%s: a failure in the middle destroys the stream', async (format) => {
    const { source, snapshot: id } = store();
    const snapshot = await openSnapshot(source, id);
    const large = await snapshot.object((await snapshot.entry(path('/srv/demo/data/lcg.bin'))).object ?? id);
    source.remove(9, large.chunks.at(-1)?.mac ?? id);
    const stream = format === 'tar' ? archiveTar(snapshot, path('/srv/demo')) : archiveZip(snapshot, path('/srv/demo'));
    await expect(collect(stream)).rejects.toMatchObject({ code: 'not-found' });
    expect(stream.destroyed).toBe(true);
  });
});

/** Members by the central directory; sizes come from there, so that streamed members need no special care. */
function zipMembers(bytes: Buffer): Map<string, Buffer> {
  const members = new Map<string, Buffer>();
  let at = bytes.readUInt32LE(bytes.lastIndexOf(Buffer.from('PK\x05\x06')) + 16);
  while (bytes.readUInt32LE(at) === 0x02014b50) {
    const [method, packed, nameLength, extra, comment, local] = [
      bytes.readUInt16LE(at + 10),
      bytes.readUInt32LE(at + 20),
      bytes.readUInt16LE(at + 28),
      bytes.readUInt16LE(at + 30),
      bytes.readUInt16LE(at + 32),
      bytes.readUInt32LE(at + 42),
    ];
    const name = bytes.toString('utf8', at + 46, at + 46 + nameLength);
    const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
    const data = bytes.subarray(start, start + packed);
    members.set(name, method === 8 ? inflateRawSync(data) : data);
    at += 46 + nameLength + extra + comment;
  }
  return members;
}

describe('check', () => {
  const check = (
    source: Parameters<typeof checkSnapshots>[0],
    ids: Parameters<typeof checkSnapshots>[1]['snapshots'],
    fast = false,
  ): Promise<{ items: CheckProblem[]; result: CheckSummary }> => drain(checkSnapshots(source, { snapshots: ids, fast }));

  it.each(availableFixtures())('%s has no problem', { timeout: 120_000 }, async (name) => {
    const repository = await openFixture(name);
    const { items, result } = await check(
      repository,
      repository.view.live.map((live) => live.id),
    );
    expect(items).toEqual([]);
    expect(result.snapshots).toBe(repository.view.live.length);
    expect(result.chunks).toBeGreaterThan(10);
    await repository.close();
  });

  it.each(vectorStores().map((vectors) => [vectors.name] as const))('%s: every blob that is removed or altered is found, whatever its kind', async (name) => {
    const fresh = () => vectorStores().find((vectors) => vectors.name === name) as ReturnType<typeof vectorStores>[number];
    for (const type of [5, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21]) {
      for (const id of fresh().source.ids(type)) {
        for (const damage of ['removed', 'altered'] as const) {
          const { source, snapshot } = fresh();
          const bytes = source.peek(type, id).slice();
          if (damage === 'removed') source.remove(type, id);
          else source.replace(type, id, bytes.length === 0 ? Uint8Array.of(1) : bytes.map((byte, at) => (at === bytes.length >> 1 ? byte ^ 1 : byte)));
          const isHeaderBit = type === 5 && damage === 'altered';
          const { items } = await check(source, [snapshot]);
          // A header is not named by its MAC: a repository proves it by the packfile's index.
          if (!isHeaderBit) expect(items.length, `${damage} ${type} ${id}`).toBeGreaterThan(0);
        }
      }
    }
  });

  it('a lost tree node names every path that it hides, once', async () => {
    const source = memorySource(new Uint8Array(32).fill(9));
    const paths = Array.from({ length: 100 }, (_, place) => `/d/f${String(place).padStart(3, '0')}`);
    const id = buildSnapshot(
      source,
      paths.map((at) => ({ path: at, content: at })),
      { form: '1.1' },
    );
    const node = source.ids(11)[2] as Mac;
    const held = decode(treeNode, source.peek(11, node)).keys ?? [];
    source.remove(11, node);
    const { items } = await check(source, [id]);
    expect(items.filter((problem) => problem.what === 'tree').map((problem) => problem.path?.text)).toEqual(
      held.map((key) => Buffer.from(key).toString('utf8')),
    );
    expect((await drain(checkSnapshots(source, { snapshots: [id], path: path('/none') }))).items.length).toBeGreaterThan(0);
  });

  it('entries that stand only in packed listings are one finding, not one each', async () => {
    const source = memorySource(new Uint8Array(32).fill(9));
    const id = buildSnapshot(
      source,
      [
        { path: '/d/a', content: 'a' },
        { path: '/d/b', content: 'b' },
      ],
      { form: '1.1', withoutEntryBlob: (at) => at.startsWith('/d/') },
    );
    const { items } = await check(source, [id, id]);
    expect(items.map((problem) => [problem.what, problem.error.code])).toEqual([
      ['tree', 'integrity'],
      ['tree', 'integrity'],
    ]);
    expect(items[0]?.error.message).toContain('2 entries');
  });

  it('a damaged header is one problem of its snapshot, and the next snapshot is checked', async () => {
    const source = memorySource(new Uint8Array(32).fill(9));
    const [bad, good] = [
      buildSnapshot(source, [{ path: '/a', content: 'a' }], { form: '1.0' }),
      buildSnapshot(source, [{ path: '/b', content: 'b' }], { form: '1.0' }),
    ];
    source.replace(5, bad, source.peek(5, bad).subarray(0, 100));
    const { items, result } = await check(source, [bad, good]);
    expect(items.map((problem) => [problem.snapshot, problem.what])).toEqual([[bad, 'header']]);
    expect(result).toMatchObject({ snapshots: 2, damagedSnapshots: 1 });
    const listed = await collect(readHeaders(source, [bad, good]));
    expect(listed.map((item) => ('error' in item ? item.error.code : item.header.id))).toEqual(['decode', good]);
  });

  it('a sound entry that a tree names at a path that is not its own is a problem, also when it was proven at its own before', async () => {
    const source = memorySource(new Uint8Array(32).fill(9), { unchecked: true });
    const sound = buildSnapshot(
      source,
      [
        { path: '/a', content: 'a' },
        { path: '/b', content: 'b' },
      ],
      { form: '1.0' },
    );
    const swapped = buildSnapshot(
      source,
      [
        { path: '/a', content: 'a' },
        { path: '/c', content: 'c' },
      ],
      { form: '1.0' },
    );
    const entry = (await (await openSnapshot(source, sound)).entry(path('/b'))).mac;
    const wrong = (await (await openSnapshot(source, swapped)).entry(path('/c'))).mac;
    // The leaf of the second tree names the first one's entry of /b at /c.
    for (const id of source.ids(11)) {
      const node = Buffer.from(source.peek(11, id));
      const at = node.indexOf(Buffer.from(wrong, 'hex'));
      if (at < 0) continue;
      node.write(entry, at, 'hex');
      source.replace(11, id, node);
    }
    const { items } = await check(source, [sound, swapped]);
    expect(items.filter((problem) => problem.snapshot === sound)).toEqual([]);
    expect(items.some((problem) => problem.snapshot === swapped && problem.path?.text === '/c')).toBe(true);
  });

  it('a shared damaged chunk is named for every snapshot and path, and read once', async () => {
    const { source, snapshot: id } = store();
    const snapshot = await openSnapshot(source, id);
    const readme = await snapshot.object((await snapshot.entry(path('/srv/demo/readme.txt'))).object ?? id);
    source.remove(9, readme.chunks[0]?.mac ?? id);
    const { items, result } = await check(source, [id, id]);
    const named = items.filter((problem) => problem.what === 'chunk').map((problem) => problem.path?.text);
    expect(named.filter((text) => text === '/srv/demo/readme.txt').length).toBe(2);
    expect(named.filter((text) => text === '/srv/demo/data/hard.txt').length).toBe(2);
    expect(result.damagedSnapshots).toBe(2);
    expect((await check(source, [id], true)).items.map((problem) => problem.error.code)).toContain('not-found');
  });
});

describe('diff', () => {
  it('a snapshot beside itself has no difference and costs next to nothing', async () => {
    const { source, snapshot: id } = store();
    const [a, b] = [await openSnapshot(source, id), await openSnapshot(source, id)];
    const before = source.reads.count;
    expect(await collect(diffTrees({ snapshot: a, path: path('/') }, { snapshot: b, path: path('/') }))).toEqual([]);
    expect(source.reads.count - before).toBeLessThan(10);
  });

  it('a path through a directory of a one-letter name keeps its slash', async () => {
    const source = memorySource(new Uint8Array(32).fill(9));
    const built = (content: string) => openSnapshot(source, buildSnapshot(source, [{ path: '/d/e/f', content }], { form: '1.1' }));
    const changes = await collect(diffTrees({ snapshot: await built('1'), path: path('/') }, { snapshot: await built('22'), path: path('/') }));
    expect(changes.map((change) => change.path.text)).toContain('d/e/f');
  });

  it('other paths are compared entry by entry, without reading contents', async () => {
    const { source, snapshot: id } = store();
    const snapshot = await openSnapshot(source, id);
    const changes = await collect(diffTrees({ snapshot, path: path('/srv/demo/bin') }, { snapshot, path: path('/srv/demo/data') }));
    const kinds = changes.map((change) => `${change.kind} ${change.path.text}`);
    expect(kinds).toContain('added hard.txt');
    expect(kinds).toContain('removed run.sh');
  });

  it.each(availableFixtures().filter((name) => name.endsWith('healthy')))(
    '%s: the changes between two backups are those between the lists',
    { timeout: 60_000 },
    async (name) => {
      const fixture = await unpackFixture(name);
      const repository = await openFixture(name);
      const snapshots = (await Promise.all(repository.view.live.map((live) => openSnapshot(repository, live.id)))).sort((a, b) =>
        Number(a.header.timestampNs - b.header.timestampNs),
      );
      const [a, b] = [snapshots[0] as Snapshot, snapshots[1] as Snapshot];
      const lists = await Promise.all(
        [1, 2].map(
          async (number) =>
            new Map(
              (await expectedText(fixture, `${number}-team.jsonl`))
                .trim()
                .split('\n')
                .map((line) => [(JSON.parse(line) as { path: string }).path, line] as const),
            ),
        ),
      );
      const [old, fresh] = lists as [Map<string, string>, Map<string, string>];
      const wanted = [...new Set([...old.keys(), ...fresh.keys()])].filter((key) => old.get(key) !== fresh.get(key)).sort();
      const changes = await collect(diffTrees({ snapshot: a, path: path('/srv/team') }, { snapshot: b, path: path('/srv/team') }));
      expect(changes.map((change) => `/${change.path.text}`).sort()).toEqual(wanted);
      await repository.close();
    },
  );
});

describe('targets', () => {
  it('a target that is a file is a sentence', async () => {
    const snapshot = await openSnapshot(store().source, store().snapshot);
    const folder = await temporaryFolder('restore');
    await mkdir(join(folder, 'x'));
    await writeFile(join(folder, 'file'), '');
    await expect(restore(snapshot, join(folder, 'file'))).rejects.toMatchObject({ code: 'invalid-input' });
  });
});
