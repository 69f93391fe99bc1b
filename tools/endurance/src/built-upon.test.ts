import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runMaintenance } from '@wardrobe/kloset';
import { parseMac, type SnapshotId } from '@wardrobe/kloset-model';
import { assertOracle, type Oracle, type OracleChecked, oracleAvailable } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { beforeBackup, isBuiltUpon, isStoppedByItself, mendBuiltUpon } from './built-upon.js';
import { World } from './world.js';

/** So many that each packfile which a backup makes at the same time gets some. */
const OTHER_FILES = 24;

it('plakar takes part, or the run says why not', () => {
  assertOracle();
});

if (oracleAvailable())
  describe('a snapshot that plakar 1.0 built upon what was scheduled for deletion', () => {
    let world: World;
    let by: Oracle;
    beforeAll(async () => {
      world = await World.of({ seed: 1, line: '1.0', machines: 2, encrypted: false, oracles: ['1.0'] });
      by = world.oracles.get('1.0') as Oracle;
    }, 900_000);
    afterAll(() => world.close());

    async function save(index: number): Promise<SnapshotId> {
      const machine = world.machines[index] as (typeof world.machines)[number];
      const before = await beforeBackup(world);
      const id = parseMac(await by.backup(world.oracleStore('1.0', machine), machine.source)) as SnapshotId;
      world.model.before.set(id, before);
      world.model.publish(id, new Map());
      return id;
    }

    it('is excused only with the proof that the store gives, and mended by repair', async () => {
      const [alpha, bravo] = world.machines.map(({ source }) => source) as [string, string];
      const shared = world.random.bytes(3000);
      for (const source of [alpha, bravo]) {
        await mkdir(source, { recursive: true });
        await writeFile(join(source, 'shared'), shared);
      }
      for (let file = 0; file < OTHER_FILES; file += 1) await writeFile(join(bravo, `other ${file}`), world.random.bytes(3000));
      const removed = [await save(0), await save(1)];
      await rm(join(bravo, 'shared'));
      await save(1);
      for (const id of removed) {
        await by.rm(world.oracleStore('1.0', world.machines[1]), id);
        world.model.remove(id);
      }
      await runMaintenance(await world.open(), { environment: world.environment(undefined) });
      const id = await save(0);

      const [found] = (await by.check(world.oracleStore('1.0'), id)) as readonly [OracleChecked];
      expect(found.whole).toBe(false);
      const repository = await world.open();
      expect(await isBuiltUpon(world, repository, found)).toBe(true);
      const message = found.problems.find((problem) => problem.includes('Could not find packfile')) as string;
      expect(await isStoppedByItself(world, message)).toBe(true);
      expect(await isStoppedByItself(world, message.replace(/[0-9a-f]{64}/, '0'.repeat(64)))).toBe(false);

      const before = world.model.before.get(id) as { coloured: ReadonlySet<never>; available: ReadonlySet<never> };
      const another = `list of packfiles: Could not find packfile for blob ${'0'.repeat(64)} of type chunk`;
      expect(await isBuiltUpon(world, repository, { ...found, problems: [...found.problems, another] })).toBe(false);
      for (const without of [
        { ...before, coloured: new Set<never>() },
        { ...before, available: new Set<never>() },
      ]) {
        world.model.before.set(id, without);
        expect(await isBuiltUpon(world, repository, found)).toBe(false);
        expect(await isStoppedByItself(world, message)).toBe(false);
      }
      world.model.before.delete(id);
      expect(await isBuiltUpon(world, repository, found)).toBe(false);
      world.model.before.set(id, before);

      await mendBuiltUpon(world, [id], { oracle: by, views: [world.oracleStore('1.0'), world.oracleStore('1.0', world.machines[0])] });
      expect(world.counts['built by plakar upon what was scheduled for deletion, and mended by repair']).toBe(1);
      expect(await isBuiltUpon(world, await world.open(), found)).toBe(false);
      await expect(mendBuiltUpon(world, [id], { oracle: by, views: [] })).rejects.toThrow('repair does not name snapshot');
    });
  });
