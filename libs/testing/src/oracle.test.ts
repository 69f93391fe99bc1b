import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { removeFolder, temporaryFolder } from './fixtures.js';
import { type Oracle, type OracleEntry, oracle } from './oracle.js';
import { assertOracle, oracleAvailable, oracleProgram } from './oracle-build.js';
import { makeTree, plantTree, TREE_SHAPES } from './trees.js';

it('the oracle can be built here, or the run says why not', () => {
  assertOracle();
});

if (oracleAvailable())
  describe('the oracle', () => {
    const running: Oracle[] = [];
    // A first build compiles plakar's libraries.
    beforeAll(async () => {
      for (const line of ['1.0', '1.1'] as const) await oracleProgram(line);
    }, 900_000);
    afterAll(async () => {
      for (const one of running) await one.close();
    });

    it.each(['1.0', '1.1'] as const)('of line %s backs up, checks, digests, restores, removes and maintains what it planted', async (line) => {
      const by = await oracle(line);
      running.push(by);
      const folder = await temporaryFolder('oracle');
      const source = join(folder, 'source');
      for (const shape of TREE_SHAPES) {
        await plantTree(by, makeTree({ seed: 1, shape, owners: process.getuid?.() === 0 }), join(source, shape));
      }
      const store = { store: join(folder, 'store'), cache: join(folder, 'cache'), passphrase: 'a passphrase' };
      await by.create({ ...store, kdf: 'ARGON2ID', kdfMemoryKiB: 64, kdfTime: 1 });
      const first = await by.backup(store, source, { tags: ['one'], name: 'first' });
      const second = await by.backup(store, source);

      const listed = await by.ls(store);
      expect(listed.map((one) => one.snapshot)).toEqual([second, first]);
      expect(listed[1]).toMatchObject({ name: 'first', tags: ['one'], loads: true, directory: source, type: 'fs' });
      expect(await by.check({ ...store, cache: undefined })).toEqual([second, first].map((snapshot) => ({ snapshot, whole: true, problems: [] })));

      const disk = await by.survey(source);
      const digest = await by.digest(store, second);
      expect(belowOf(digest.entries, source)).toEqual(belowOf(disk, source));
      // Of line 1.0 a directory's entry holds its summary: all the same, nothing changed.
      expect(belowOf((await by.digest(store, first)).entries, source)).toEqual(belowOf(disk, source));

      await by.restore(store, join(folder, 'restored'));
      expect(elsewhere(await by.survey(join(folder, 'restored')), join(folder, 'restored'))).toEqual(elsewhere(disk, source));

      await by.rm(store, second);
      expect((await by.ls(store)).map((one) => one.snapshot)).toEqual([first]);
      await by.maintenance(store);
      await by.maintenance(store);
      expect((await by.check(store)).map((one) => one.whole)).toEqual([true]);
      await by.rm(store, first);
      await by.maintenance(store);
      expect((await by.maintenance(store)).packfiles).toBeGreaterThan(0);
      expect(await packfilesOf(store.store)).toEqual([]);
      await by.backup(store, source);
      expect((await by.check(store)).map((one) => one.whole)).toEqual([true]);
      await removeFolder(folder);
    });

    it.each(['1.0', '1.1'] as const)('of line %s refuses a wrong passphrase, and finds each damaged packfile', async (line) => {
      const by = await oracle(line);
      running.push(by);
      const folder = await temporaryFolder('oracle');
      await plantTree(by, makeTree({ seed: 2, shape: 'mixed', owners: false }), join(folder, 'source'));
      const store = { store: join(folder, 'store'), passphrase: 'right' };
      await by.create({ ...store, kdf: 'ARGON2ID', kdfMemoryKiB: 64, kdfTime: 1 });
      await by.backup(store, join(folder, 'source'));
      await expect(by.ls({ ...store, passphrase: 'wrong' })).rejects.toThrow('passphrase');
      for (const packfile of await packfilesOf(store.store)) {
        const whole = await readFile(packfile);
        const damaged = Buffer.from(whole);
        // Every 64th byte: whatever part of the packfile the snapshot uses is hit.
        for (let at = 40; at < damaged.length - 200; at += 64) damaged[at] = (damaged[at] ?? 0) ^ 0xff;
        await writeFile(packfile, damaged);
        expect((await by.check(store)).map((one) => one.whole)).toEqual([false]);
        await writeFile(packfile, whole);
      }
      expect((await by.check(store)).map((one) => one.whole)).toEqual([true]);
      await removeFolder(folder);
    });
  });

async function packfilesOf(store: string): Promise<readonly string[]> {
  const found = await readdir(join(store, 'packfiles'), { recursive: true, withFileTypes: true });
  return found.filter((item) => item.isFile()).map((item) => join(item.parentPath, item.name));
}

/** What both a disk and a snapshot know of each path at and below a folder. */
function belowOf(entries: readonly OracleEntry[], root: string): readonly object[] {
  const inside = entries.filter((one) => `${Buffer.from(one.path, 'base64').toString('latin1')}/`.startsWith(`${root}/`));
  return inside.map(({ entry: _entry, object: _object, contentType: _type, xattrs = [], ...rest }) => ({ ...rest, xattrs: xattrs.map(plain) })).sort(byPath);
}

/** The same without what another place on the disk changes: numbers of the file system, sizes of directories; hard links by their first path. */
function elsewhere(entries: readonly OracleEntry[], root: string): readonly object[] {
  const firstOf = new Map<string, string>();
  const seen = belowOf(entries, root) as readonly OracleEntry[];
  return seen.map(({ ino, dev: _dev, ...rest }) => {
    const path = Buffer.from(rest.path, 'base64').toString('latin1').slice(root.length);
    if (!firstOf.has(ino)) firstOf.set(ino, path);
    return { ...rest, path, linkedTo: firstOf.get(ino), ...(rest.type === 'directory' ? { size: 0, nlink: 0 } : {}) };
  });
}

const plain = (one: { readonly name: string; readonly size: number; readonly sha256: string }) => ({ name: one.name, size: one.size, sha256: one.sha256 });
const byPath = (left: { readonly path: string }, right: { readonly path: string }) =>
  Buffer.compare(Buffer.from(left.path, 'base64'), Buffer.from(right.path, 'base64'));
