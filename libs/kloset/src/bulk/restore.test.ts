import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { chmod, lstat, mkdir, readdir, readFile, readlink, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { nameBytes } from '@wardrobe/kloset-model';
import { seededRandom, temporaryFolder } from '@wardrobe/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openSnapshot } from '../snapshot/open.js';
import { type BuildEntry, buildSnapshot, memorySource } from '../snapshot/testing/index.js';
import type { Snapshot } from '../snapshot/types.js';
import { planRestore } from './restore-plan.js';
import { restoreTo } from './restore.js';
import type { ConflictPolicy, RestoreAction, RestoreOptions, RestoreProblem, RestoreSummary } from './restore-types.js';
import { dataRuns } from './sparse.js';

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;
const OLD_NS = 1_000_000_000_000_000_000n;

async function snapshotOf(entries: readonly BuildEntry[]): Promise<Snapshot> {
  const source = memorySource(new Uint8Array(32).fill(9));
  return openSnapshot(source, buildSnapshot(source, entries, { form: '1.1', chunkBytes: 1 << 18 }));
}

async function drain<T, R>(items: AsyncGenerator<T, R>): Promise<{ items: T[]; result: R }> {
  const all: T[] = [];
  for (;;) {
    const next = await items.next();
    if (next.done === true) return { items: all, result: next.value };
    all.push(next.value);
  }
}

type Restored = { items: RestoreProblem[]; result: RestoreSummary; actions: RestoreAction[] };
async function restore(snapshot: Snapshot, directory: string, more: Partial<RestoreOptions> = {}): Promise<Restored> {
  const actions: RestoreAction[] = [];
  return { ...(await drain(restoreTo(snapshot, { path: nameBytes('/'), directory, onAction: (action) => actions.push(action), ...more }))), actions };
}

const text = (folder: string, name: string): Promise<string> => readFile(join(folder, name), 'utf8');

describe('what happens to names that are taken', () => {
  const tree = (): Promise<Snapshot> =>
    snapshotOf([
      { path: '/old', content: 'snapshot', mtimeNs: OLD_NS },
      { path: '/new', content: 'snapshot', mtimeNs: 4_000_000_000_000_000_000n },
      { path: '/free', content: 'free', mtimeNs: OLD_NS },
      { path: '/d/in', content: 'in', mtimeNs: OLD_NS },
      { path: '/file-there/below', content: 'below', mtimeNs: OLD_NS },
      { path: '/link', type: 'symlink', target: 'x', mtimeNs: OLD_NS },
      { path: '/directory-there', content: 'file', mtimeNs: OLD_NS },
    ]);

  async function taken(): Promise<string> {
    const folder = await temporaryFolder('taken');
    for (const name of ['old', 'new', 'file-there', 'link']) await writeFile(join(folder, name), 'mine');
    await mkdir(join(folder, 'directory-there'));
    await writeFile(join(folder, 'directory-there', 'kept'), 'kept');
    await mkdir(join(folder, 'd'));
    return folder;
  }

  const expected: Readonly<Record<ConflictPolicy, { contents: Record<string, string>; failed: number; skipped: number; replaced: number; renamed: number }>> = {
    fail: { contents: { old: 'mine', new: 'mine', 'file-there': 'mine' }, failed: 6, skipped: 0, replaced: 0, renamed: 0 },
    skip: { contents: { old: 'mine', new: 'mine', 'file-there': 'mine' }, failed: 0, skipped: 6, replaced: 0, renamed: 0 },
    overwrite: { contents: { old: 'snapshot', new: 'snapshot', 'file-there/below': 'below' }, failed: 1, skipped: 0, replaced: 4, renamed: 0 },
    'keep-newer': { contents: { old: 'mine', new: 'snapshot', 'file-there': 'mine' }, failed: 0, skipped: 5, replaced: 1, renamed: 0 },
    rename: {
      contents: { old: 'mine', 'old.restored': 'snapshot', 'file-there': 'mine', 'file-there.restored/below': 'below', 'directory-there.restored': 'file' },
      failed: 0,
      skipped: 0,
      replaced: 0,
      renamed: 5,
    },
  };

  it.each(Object.keys(expected) as ConflictPolicy[])('%s', async (conflict) => {
    const snapshot = await tree();
    const folder = await taken();
    const { contents, ...counts } = expected[conflict];
    const plan = await drain(planRestore(snapshot, { path: nameBytes('/'), directory: folder, conflict }));
    expect(await text(folder, 'old')).toBe('mine');
    const { result, actions } = await restore(snapshot, folder, { conflict, verify: true });
    expect(result).toMatchObject(counts);
    for (const [name, content] of Object.entries({ free: 'free', 'd/in': 'in', 'directory-there/kept': 'kept', ...contents }))
      expect(await text(folder, name), name).toBe(content);
    if (conflict === 'overwrite') expect(await readlink(join(folder, 'link'))).toBe('x');
    expect(plan.result).toMatchObject({ replace: counts.replaced, skip: counts.skipped, rename: counts.renamed, refuse: counts.failed });
    const told = plan.items
      .flatMap((item) => ('action' in item && item.action !== 'create' ? [item] : []))
      .filter(({ reason }) => reason !== 'its directory would not be made');
    const below = (list: readonly RestoreAction[]): string[] =>
      list.filter(({ path }) => path.text !== '/file-there/below').map(({ path, action, to }) => `${action} ${path.text} ${to.text}`);
    expect(below(told).sort()).toEqual(below(actions).sort());
  });

  it('a second run that skips does nothing, one that renames finds the next free name', async () => {
    const snapshot = await tree();
    const folder = await temporaryFolder('twice');
    await restore(snapshot, folder);
    expect((await restore(snapshot, folder, { conflict: 'skip' })).result).toMatchObject({ files: 0, failed: 0, skipped: 7, bytes: 0 });
    expect((await restore(snapshot, folder, { conflict: 'keep-newer' })).result).toMatchObject({ files: 0, skipped: 7 });
    await restore(snapshot, folder, { conflict: 'rename' });
    await restore(snapshot, folder, { conflict: 'rename' });
    expect((await readdir(folder)).filter((name) => name.startsWith('old')).sort()).toEqual(['old', 'old.restored', 'old.restored-2']);
  });

  it('a plan into a folder that is not there makes nothing', async () => {
    const folder = join(await temporaryFolder('plan'), 'not', 'there');
    const { result } = await drain(planRestore(await tree(), { path: nameBytes('/'), directory: folder }));
    expect(result).toMatchObject({ create: 9, refuse: 0, bytes: 8 + 8 + 4 + 2 + 5 + 4 });
    await expect(lstat(folder)).rejects.toThrow(/ENOENT/);
  });
});

describe('restoring a part', () => {
  it('included and excluded patterns choose entries; folders on the way are made only where something lies in them', async () => {
    const snapshot = await snapshotOf(
      ['/a/x.txt', '/a/y.jpg', '/b/deep/z.txt', '/c/only.jpg', '/c/skip/w.txt', '/top.txt'].map((path) => ({ path, content: path })),
    );
    const names = async (more: Partial<RestoreOptions>): Promise<string[]> => {
      const folder = await temporaryFolder('part');
      const { items, result } = await restore(snapshot, folder, { ...more, verify: true });
      expect(items).toEqual([]);
      expect(result.verified).toBeGreaterThan(0);
      return (await run('find', ['.', '-mindepth', '1', '-printf', '%P\n'], { cwd: folder })).stdout.trim().split('\n').sort();
    };
    expect(await names({ include: ['*.txt'], exclude: ['skip/'] })).toEqual(['a', 'a/x.txt', 'b', 'b/deep', 'b/deep/z.txt', 'top.txt']);
    expect(await names({ include: ['/c'] })).toEqual(['c', 'c/only.jpg', 'c/skip', 'c/skip/w.txt']);
    expect(await names({ exclude: ['c', '*.jpg'] })).toEqual(['a', 'a/x.txt', 'b', 'b/deep', 'b/deep/z.txt', 'top.txt']);
    await expect(restore(snapshot, await temporaryFolder('part'), { include: ['[a'] })).rejects.toThrow(/malformed/);
  });
});

describe('what a snapshot cannot make', () => {
  it('sockets and devices are named and counted, what has their names is not touched, and all else is restored', async () => {
    const snapshot = await snapshotOf([
      { path: '/d/socket', type: 'socket' },
      { path: '/d/device', type: 'device' },
      { path: '/d/file', content: 'x' },
    ]);
    const folder = await temporaryFolder('special');
    await mkdir(join(folder, 'd'));
    await writeFile(join(folder, 'd', 'socket'), 'mine');
    const planned = await drain(planRestore(snapshot, { path: nameBytes('/'), directory: folder }));
    expect(planned.result).toMatchObject({ create: 1, skip: 0, refuse: 0, special: 2 });
    expect(planned.items.flatMap((item) => ('action' in item && item.type !== 'file' ? [[item.action, item.reason]] : []))).toEqual([
      ['skip', 'a device is not restored: the snapshot does not hold its number'],
      ['skip', 'a socket is not restored: the program that listens on it makes it anew'],
    ]);
    const { items, result } = await restore(snapshot, folder, { verify: true });
    expect(items.map(({ path, severity, what }) => [path.text, severity, what])).toEqual([
      ['/d/device', 'warning', 'type'],
      ['/d/socket', 'warning', 'type'],
    ]);
    expect(result).toMatchObject({ files: 1, special: 2, warnings: 2, failed: 0, skipped: 0 });
    expect(result.verified).toBeGreaterThan(0);
    expect(await readdir(join(folder, 'd'))).toEqual(['file', 'socket']);
    expect(await text(folder, 'd/socket')).toBe('mine');
  });
});

describe('attributes', () => {
  it('of a link are those of the link, not of what it leads to; where it may not bear them, that is told', async () => {
    const snapshot = await snapshotOf([
      { path: '/file', content: 'x' },
      { path: '/link', type: 'symlink', target: 'file', xattrs: { 'trusted.note': 'kept', 'user.note': 'refused' } },
    ]);
    const folder = await temporaryFolder('link-attributes');
    const { items } = await restore(snapshot, folder, { verify: true });
    expect(new Set(items.map(({ path, severity, what }) => `${severity} ${what} ${path.text}`))).toEqual(new Set(['warning xattr /link']));
    expect(await readlink(join(folder, 'link'))).toBe('file');
    if (items.length > 1) return;
    const { listAttributesSync, getAttributeSync } = await import('@napi-rs/xattr');
    expect(listAttributesSync(join(folder, 'file'))).toEqual([]);
    expect(getAttributeSync(join(folder, 'link'), 'trusted.note')?.toString()).toBe('kept');
    expect(items[0]?.error.message).toContain('user.note');
  });

  it('owner, setuid, file capabilities and other attributes stand together', async () => {
    const uid = isRoot ? 12_345n : BigInt(process.getuid?.() ?? 0);
    const snapshot = await snapshotOf([
      { path: '/tool', content: '#!', permissions: 0o6755, uid, gid: isRoot ? 23_456n : BigInt(process.getgid?.() ?? 0), xattrs: { 'user.note': 'kept' } },
      { path: '/dir', type: 'directory', permissions: 0o2750, uid },
      { path: '/closed', content: 'x', permissions: 0o000, mtimeNs: -5_000_000_000n },
    ]);
    const folder = await temporaryFolder('attributes');
    const { items, result } = await restore(snapshot, join(folder, 'new'), { verify: isRoot, ...(isRoot ? {} : { owners: false }) });
    expect(items.filter(({ what }) => what !== 'xattr')).toEqual([]);
    const stat = await lstat(join(folder, 'new', 'tool'));
    expect(stat.mode & 0o7777).toBe(0o6755);
    if (isRoot) expect([stat.uid, stat.gid, result.verified]).toEqual([12_345, 23_456, 3]);
    if (items.length === 0) expect((await (await import('@napi-rs/xattr')).getAttribute(join(folder, 'new', 'tool'), 'user.note'))?.toString()).toBe('kept');
    expect((await lstat(join(folder, 'new', 'dir'))).mode & 0o7777).toBe(0o2750);
  });
  it('where owners are not set, setuid of another owner is left out and told', async () => {
    const folder = await temporaryFolder('setuid');
    const { items } = await restore(await snapshotOf([{ path: '/tool', content: 'x', permissions: 0o4755, uid: 98_765n }]), folder, {
      owners: false,
      verify: true,
    });
    expect(items.map(({ path, what, severity }) => `${severity} ${what} ${path.text}`)).toEqual(['warning mode /tool']);
    expect((await lstat(join(folder, 'tool'))).mode & 0o7777).toBe(0o755);
  });
  it('without modes new files get what the system gives', async () => {
    const folder = await temporaryFolder('modes');
    await restore(await snapshotOf([{ path: '/f', content: 'x', permissions: 0o4700 }]), folder, { modes: false, owners: false });
    expect((await lstat(join(folder, 'f'))).mode & 0o7777).toBe(0o666 & ~process.umask());
  });
});

describe('verification', () => {
  it('finds what is not as it was written, by content, target, mode, time and kind', async () => {
    const snapshot = await snapshotOf([
      { path: '/content', content: 'right', mtimeNs: OLD_NS },
      { path: '/mode', content: 'm', permissions: 0o640, mtimeNs: OLD_NS },
      { path: '/time', content: 't', mtimeNs: OLD_NS },
      { path: '/kind', content: 'k', mtimeNs: OLD_NS },
      { path: '/link', type: 'symlink', target: 'a', mtimeNs: OLD_NS },
      { path: '/z/last', content: 'last', mtimeNs: OLD_NS },
    ]);
    const folder = await temporaryFolder('verify');
    const items = restoreTo(snapshot, {
      path: nameBytes('/'),
      directory: folder,
      verify: true,
      // As a faulty disk or another program might: between the writing of the last file and its reading.
      onProgress: ({ files, verified }) => {
        if (files === 5 && verified === 0 && !spoilt) spoil();
      },
    });
    let spoilt = false;
    const spoil = (): void => {
      spoilt = true;
      writeFileSync(join(folder, 'content'), 'wrong');
      utimesSync(join(folder, 'content'), 1_000_000_000, 1_000_000_000);
      chmodSync(join(folder, 'mode'), 0o600);
      utimesSync(join(folder, 'time'), 5, 5);
      rmSync(join(folder, 'kind'));
      mkdirSync(join(folder, 'kind'));
    };
    const found = await drain(items);
    expect(found.items.map(({ path, what, severity }) => `${path.text} ${what} ${severity}`).sort()).toEqual([
      '/content content error',
      '/kind entry error',
      '/mode mode warning',
      '/time mtime warning',
    ]);
    expect(found.result).toMatchObject({ verified: 3, failed: 2 });
  });
});

describe('sparse files', () => {
  it('long runs of zeros take no room and read as zeros', async () => {
    const content = new Uint8Array(3 << 20);
    content.set(seededRandom(1).bytes(5000), 1_234_567);
    content[content.length - 1] = 7;
    const small = new Uint8Array(100_000);
    const snapshot = await snapshotOf([
      { path: '/large', content },
      { path: '/end', content: content.subarray(0, 2_900_000) },
      { path: '/small', content: small },
    ]);
    const folder = await temporaryFolder('sparse');
    const { result } = await restore(snapshot, folder, { verify: true });
    expect(result).toMatchObject({ verified: 3, failed: 0 });
    expect(Buffer.compare(await readFile(join(folder, 'large')), content)).toBe(0);
    expect((await lstat(join(folder, 'end'))).size).toBe(2_900_000);
    expect((await lstat(join(folder, 'large'))).blocks * 512).toBeLessThan(content.length / 2);
  });
  it('the parts written, and zeros between them, are the piece', () => {
    const piece = fc
      .array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 30_000 })), { maxLength: 8 })
      .map((runs) => Buffer.concat(runs.map(([zero, length]) => Buffer.alloc(length, zero ? 0 : 5))));
    fc.assert(
      fc.property(piece, fc.integer({ min: 0, max: 20_000 }), (bytes, at) => {
        const again = new Uint8Array(bytes.length);
        let last = -1;
        for (const [start, end] of dataRuns(bytes, at)) {
          expect(start).toBeGreaterThan(last);
          expect(end).toBeGreaterThan(start);
          again.set(bytes.subarray(start, end), start);
          last = end;
        }
        expect(Buffer.compare(again, bytes)).toBe(0);
      }),
      { seed: 5, numRuns: 200 },
    );
  });
});

describe('files with several names', () => {
  it('are one file again, however many there are and wherever their names lie', async () => {
    const files = Array.from({ length: 700 }, (_, file) => ({ file, content: `content ${file}`, ino: BigInt(file + 1), nlink: 3 }));
    const names = ({ file }: { readonly file: number }) => [`/top-${file}`, `/a/deep ${file % 7}/name-${file}`, `/z/${file}`];
    const snapshot = await snapshotOf(files.flatMap((one) => names(one).map((path) => ({ path, content: one.content, ino: one.ino, nlink: one.nlink }))));
    const folder = await temporaryFolder('names');
    const { result, items } = await restore(snapshot, folder, { verify: true });
    expect(items).toEqual([]);
    expect(result).toMatchObject({ files: 2100, hardLinks: 1400, failed: 0 });
    for (const one of files) {
      const inodes = await Promise.all(names(one).map(async (path) => (await lstat(join(folder, path))).ino));
      expect(new Set(inodes).size).toBe(1);
      expect(await text(folder, `z/${one.file}`)).toBe(one.content);
    }
  });
});

describe('nothing is followed', () => {
  it('links in the folder, however the policy, lead nowhere', async () => {
    const snapshot = await snapshotOf([
      { path: '/a/b/file', content: 'secret' },
      { path: '/l', content: 'file' },
    ]);
    for (const conflict of ['fail', 'skip', 'overwrite', 'keep-newer', 'rename'] as const) {
      const [folder, outside] = [await temporaryFolder('in'), await temporaryFolder('out')];
      await writeFile(join(outside, 'target'), 'mine');
      await mkdir(join(folder, 'a'));
      await symlink(outside, join(folder, 'a', 'b'));
      await symlink(join(outside, 'target'), join(folder, 'l'));
      await restore(snapshot, folder, { conflict, verify: true });
      await drain(planRestore(snapshot, { path: nameBytes('/'), directory: folder, conflict }));
      expect(await readdir(outside)).toEqual(['target']);
      expect(await text(outside, 'target')).toBe('mine');
    }
  });
  it('a folder that is there keeps its mode and time, and what it holds', async () => {
    const folder = await temporaryFolder('kept');
    await mkdir(join(folder, 'd'));
    await writeFile(join(folder, 'd', 'mine'), 'mine');
    await chmod(join(folder, 'd'), 0o711);
    await utimes(join(folder, 'd'), 5, 5);
    await restore(await snapshotOf([{ path: '/d', type: 'directory', permissions: 0o777 }]), folder, { verify: true });
    expect([(await lstat(join(folder, 'd'))).mode & 0o777, (await lstat(join(folder, 'd'))).mtimeMs]).toEqual([0o711, 5000]);
  });
});
