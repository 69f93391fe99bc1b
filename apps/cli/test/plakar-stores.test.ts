import { join } from 'node:path';
import {
  assertOracle,
  makeTree,
  type Oracle,
  type OracleEntry,
  oracle,
  oracleAvailable,
  oracleProgram,
  plantTree,
  removeFolder,
  temporaryFolder,
  TREE_SHAPES,
} from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jsonLines, wardrobe } from './run-wardrobe.js';

it('plakar is there to compare with, or the run says why not', () => {
  assertOracle();
});

const asRoot = process.getuid?.() === 0;
const textOf = (base64: string): string => Buffer.from(base64, 'base64').toString('latin1');

/** What lies below a folder, without what another place on the disk changes; hard links by their first path. Sockets are no part of a restore. */
function told(entries: readonly OracleEntry[], root: string): Map<string, Record<string, unknown>> {
  const firstOf = new Map<string, string>();
  const found = new Map<string, Record<string, unknown>>();
  const inside = entries
    .filter(({ path, type }) => textOf(path).startsWith(`${root}/`) && type !== 'socket')
    .sort((a, b) => Buffer.compare(Buffer.from(a.path, 'base64'), Buffer.from(b.path, 'base64')));
  for (const entry of inside) {
    const path = textOf(entry.path).slice(root.length);
    const key = `${entry.dev}:${entry.ino}`;
    if (!firstOf.has(key)) firstOf.set(key, path);
    found.set(path, {
      type: entry.type,
      mode: entry.type === 'symlink' ? null : entry.mode,
      owner: `${entry.uid}:${entry.gid}`,
      size: entry.type === 'file' ? entry.size : 0,
      target: entry.target,
      sha256: entry.sha256,
      linkedTo: firstOf.get(key),
      xattrs: (entry.xattrs ?? []).map(({ name, sha256 }) => `${name} ${sha256}`).sort(),
      mtimeUs: (BigInt(entry.mtimeNs) / 1000n).toString(),
    });
  }
  return found;
}

if (oracleAvailable())
  describe('stores of plakar', () => {
    const running: Oracle[] = [];
    // A first build compiles plakar's libraries.
    beforeAll(async () => {
      for (const line of ['1.0', '1.1'] as const) await oracleProgram(line);
    }, 900_000);
    afterAll(async () => {
      for (const one of running) await one.close();
    });

    it.each(['1.0', '1.1'] as const)('of line %s: restored as they were, hashed alike, and what rm and prune remove is gone for plakar too', async (line) => {
      const by = await oracle(line);
      running.push(by);
      const folder = await temporaryFolder('plakar');
      const source = join(folder, 'source');
      for (const shape of TREE_SHAPES) await plantTree(by, makeTree({ seed: 11, shape, owners: asRoot }), join(source, shape));
      const store = { store: join(folder, 'store'), cache: join(folder, 'cache') };
      await by.create(store);
      const ids: string[] = [];
      for (const name of ['first', 'second', 'third']) ids.push(await by.backup(store, source, { name }));
      expect((await by.ls(store)).map(({ snapshot }) => snapshot)).toEqual([...ids].reverse());
      const env = { WARDROBE_INDEX: join(folder, 'index') };
      const run = (...args: string[]) => wardrobe(['at', store.store, ...args], env);

      const out = join(folder, 'out');
      const restored = await run('restore', '--name', 'first', '--to', out, '--verify', '--json');
      // Sockets are told, and nothing else.
      expect(
        jsonLines(restored.out).filter((item) => item['severity'] !== undefined && item['what'] !== 'type'),
        restored.err,
      ).toEqual([]);
      expect(restored.code, restored.err).toBe(0);
      const [disk, ours] = [told(await by.survey(source), source), told(await by.survey(out), out)];
      for (const [path, entry] of disk) {
        const found = ours.get(path) ?? {};
        const away = BigInt(String(entry['mtimeUs'])) - BigInt(String(found['mtimeUs'] ?? 0));
        expect([path, { ...found, mtimeUs: away >= -2n && away <= 2n ? entry['mtimeUs'] : found['mtimeUs'] }]).toEqual([path, entry]);
      }
      expect(ours.size).toBe(disk.size);

      const digests = new Map(
        jsonLines((await run('digest', '--json', String(ids[0]))).out).map((item) => [
          Buffer.from(String(item['pathBytes'] ?? ''), 'base64').toString('latin1') || Buffer.from(String(item['path']), 'utf8').toString('latin1'),
          item['digest'],
        ]),
      );
      for (const [path, { type, sha256 }] of disk) if (type === 'file') expect([path, digests.get(`${source}${path}`)]).toEqual([path, sha256]);

      expect((await run('rm', '--name', 'second', '--apply')).code).toBe(0);
      expect((await by.ls(store)).map(({ snapshot }) => snapshot)).toEqual([ids[2], ids[0]]);
      const pruned = await run('prune', '--per-year', '1', '--apply', '--json');
      expect(jsonLines(pruned.out).at(-1)).toMatchObject({ removed: 1, complete: true });
      for (const machine of [store, { store: store.store }]) {
        expect((await by.ls(machine)).map(({ snapshot }) => snapshot)).toEqual([ids[2]]);
        expect(await by.check(machine)).toEqual([{ snapshot: ids[2], whole: true, problems: [] }]);
      }
      await by.backup(store, source, { name: 'after' });
      expect((await by.check(store)).map(({ whole }) => whole)).toEqual([true, true]);
      const whole = await run('check', '--store');
      expect(whole.code, whole.out + whole.err).toBe(0);
      await removeFolder(folder);
    });
  });
