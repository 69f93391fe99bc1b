import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assertOracle, type Oracle, type OracleChecked, type OracleStore, oracle, oracleAvailable, seededRandom, temporaryFolder } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fsStore } from '@wardrobe/connector-fs';
import type { Mac, SnapshotId } from '@wardrobe/kloset-model';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import { openRepository } from '../../repository/repository.js';
import { checkSnapshots } from '../check.js';
import { applyRepair } from '../repair/apply.js';
import { planRepair } from '../repair/plan.js';
import { runMaintenance } from './run.js';
import type { MaintenanceResult, RunOptions } from './types.js';

const HOUR = 3_600_000;

it('the oracle can run here, or it is said why not', () => {
  assertOracle();
});

if (oracleAvailable())
  describe('plakar 1.0, which takes a file for stored when its object is available,', () => {
    const lines = new Map<'1.0' | '1.1', Oracle>();
    const by = (line: '1.0' | '1.1'): Oracle => lines.get(line) as Oracle;
    const random = seededRandom(10);
    beforeAll(async () => {
      for (const line of ['1.0', '1.1'] as const) lines.set(line, await oracle(line));
    }, 900_000);
    afterAll(async () => {
      for (const one of lines.values()) await one.close();
    });

    /** One worker: what a backup stores of files lies in one packfile. */
    async function made() {
      const folder = await temporaryFolder('maintenance-oracle');
      const store = join(folder, 'store');
      const machine = (name: string) => ({ store, cache: join(folder, name), hostname: name, concurrency: 1 });
      const [here, there] = [join(folder, 'alpha-src'), join(folder, 'bravo-src')];
      await by('1.0').create({ store });
      const shared = random.bytes(3000);
      for (const source of [here, there]) {
        await mkdir(source);
        await writeFile(join(source, 'f'), shared);
      }
      return { store, alpha: machine('alpha'), bravo: machine('bravo'), here, there };
    }

    /**
     * Alpha's only snapshot is removed, and its file is still there, unchanged. The file's object stays available where bravo stored it once more, beside what
     * bravo still needs; its chunk, which bravo did not store, lies in alpha's packfile alone.
     */
    async function trap() {
      const places = await made();
      const { alpha, bravo, here, there } = places;
      await writeFile(join(there, 'g'), random.bytes(3000));
      const removed = [await by('1.0').backup(alpha, here), await by('1.0').backup(bravo, there)];
      await rm(join(there, 'f'));
      const stays = await by('1.0').backup(bravo, there);
      for (const id of removed) await by('1.0').rm(bravo, id);
      return { ...places, stays };
    }

    const open = (store: string) => openRepository(fsStore(store));

    async function maintain(store: string, laterMs: number, options: RunOptions = {}): Promise<MaintenanceResult> {
      return runMaintenance(await open(store), { ...options, environment: { nowMs: () => Date.now() + laterMs } });
    }

    async function repair(store: string) {
      const environment = { nowMs: () => Date.now() + HOUR };
      const repository = await open(store);
      const plan = await planRepair(repository, { nowMs: environment.nowMs() });
      await applyRepair(repository, plan, { environment });
      return plan;
    }

    /** The blobs of type chunk that plakar does not find in one snapshot. */
    async function lacking(view: OracleStore, snapshot: string): Promise<readonly string[]> {
      const [checked] = (await by('1.0').check(view, snapshot)) as readonly [OracleChecked];
      const text = checked.problems.join();
      expect(checked.whole).toBe(text === '');
      return [...text.matchAll(/Could not find packfile for blob ([0-9a-f]{64}) of type chunk/g)].map(([, id]) => id as string);
    }

    async function allAreWhole(snapshots: readonly string[], { store, alpha, bravo }: Awaited<ReturnType<typeof made>>): Promise<void> {
      const views = [{ store }, alpha, bravo].map((view) => ({ reader: by('1.0'), view }));
      for (const { reader, view } of [...views, { reader: by('1.1'), view: { store } as OracleStore }]) {
        const checked = await reader.check(view);
        expect(checked.map(({ snapshot }) => snapshot).sort()).toEqual([...snapshots].sort());
        expect(checked.flatMap(({ problems }) => problems)).toEqual([]);
      }
      for await (const { error } of checkSnapshots(await open(store), { snapshots: snapshots as readonly SnapshotId[] })) throw error;
    }

    it.each(['Wardrobe', 'plakar 1.0'])(
      'builds upon chunks that %s scheduled for deletion before, and finds its snapshot damaged; repair mends it',
      async (who) => {
        const places = await trap();
        const { store, alpha, here, stays } = places;
        const { coloured } = who === 'Wardrobe' ? await maintain(store, 0) : await by('1.0').maintenance(alpha, { grace: '720h', keepFiles: true });
        expect(coloured).toBeGreaterThan(0);
        const coloursBefore = new Set([...(await open(store)).view.packfiles()].filter((packfile) => packfile.coloured).map(({ id }) => id));
        const made = await by('1.0').backup(alpha, here);

        const missing = await lacking({ store }, made);
        expect(missing).toHaveLength(1);
        expect(await lacking(alpha, made)).toEqual(missing);
        const { view } = await open(store);
        const packfiles = view.locations(SNAPSHOT_BLOB.chunk, missing[0] as Mac).map(({ packfile }) => packfile);
        expect(packfiles.map((id) => coloursBefore.has(id))).toEqual([true]);
        for await (const { error } of checkSnapshots(await open(store), { snapshots: [made as SnapshotId] })) throw error;

        const plan = await repair(store);
        expect(plan.actions.map((action) => ({ kind: action.kind, snapshots: action.snapshots, packfiles: action.packfiles }))).toEqual([
          { kind: 'store-again', snapshots: [made], packfiles },
        ]);
        await allAreWhole([made, stays], places);
      },
    );

    it('is healed by the next maintenance as well', async () => {
      const places = await trap();
      await maintain(places.store, 0);
      const made = await by('1.0').backup(places.alpha, places.here);
      expect(await lacking({ store: places.store }, made)).toHaveLength(1);
      expect(await maintain(places.store, HOUR)).toMatchObject({ blobsStoredAgain: 1 });
      await allAreWhole([made, places.stays], places);
    });

    it('finds the bytes still there, because maintenance does not remove what an object that stays leads to', async () => {
      const places = await trap();
      const { store, alpha, bravo, here, stays } = places;
      await maintain(store, 0);
      for (const machine of [alpha, bravo]) await by('1.0').ls(machine);
      const states = new Set<string>((await open(store)).view.states.map(({ id }) => id));
      const machines = ['alpha', 'bravo'].map((name) => ({ names: [name], caches: [{ cache: 'plakar', states }], problem: null }));
      const { plan, removed } = await maintain(store, HOUR, { graceMs: 0, machines });
      expect(removed).toBe(0);
      expect(plan.held.map(({ why }) => why)).toEqual([expect.stringMatching(/^object [0-9a-f]{64} stays and names what lies in it/)]);
      const made = await by('1.0').backup(alpha, here);
      expect(await lacking({ store }, made)).toHaveLength(1);
      await repair(store);
      await allAreWhole([made, stays], places);
    });

    it('or has read the states before somebody scheduled packfiles, builds upon these; maintenance heals it', async () => {
      const places = await made();
      const { store, alpha, bravo, here, there } = places;
      await writeFile(join(there, 'g'), random.bytes(3000));
      const removed = await by('1.0').backup(alpha, here);
      await by('1.0').rm(bravo, removed);
      const { state } = await maintain(store, 0);
      const path = join(store, 'states', String(state).slice(0, 2), String(state));
      // Plakar lists the states when it opens the store and takes its lock only afterwards: a whole run of maintenance fits between.
      await rename(path, join(store, '..', 'aside'));
      const built = await by('1.0').backup(bravo, there);
      await rename(join(store, '..', 'aside'), path);
      expect((await by('1.0').check({ store }, built)).map(({ whole }) => whole)).toEqual([false]);
      await maintain(store, HOUR);
      await allAreWhole([built], places);
    });
  });
