import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fsStore } from '@wardrobe/connector-fs';
import { applyRepair, openRepository, planRepair, type Repository } from '@wardrobe/kloset';
import { copyFixtureStore, FIXTURE_PASSPHRASE } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { readLostStates } from '../src/lost-states.js';
import { afterNextUse } from './after-next-use.js';
import { cacheDirectory, DESYNC, type DesyncName, machineHome, REMOVAL_STATE, SNAPSHOTS } from './golden.js';
import { temporaryFolder } from './temporary.js';

const secrets = new Map<string, Uint8Array | null>();

/** Derives the key of an encrypted fixture once. */
async function openFixture(folder: string, name: DesyncName): Promise<Repository> {
  const passphrase = name.includes('-enc-') ? FIXTURE_PASSPHRASE : undefined;
  const repository = await openRepository(fsStore(folder), { passphrase, secret: secrets.get(name) ?? undefined });
  secrets.set(name, repository.secret);
  return repository;
}

async function hear(repository: Repository, home: string, machine = 'alpha') {
  const heard = await readLostStates(repository, { directories: [home], machineOf: () => machine });
  expect(heard.failures).toEqual([]);
  return heard.evidence;
}

async function statePath(store: string, prefix: string): Promise<string> {
  const bucket = join(store, 'states', prefix.slice(0, 2));
  const name = (await readdir(bucket)).find((file) => file.startsWith(prefix));
  if (name === undefined) throw new Error(`no state ${prefix}`);
  return join(bucket, name);
}

const shortIds = (ids: Iterable<{ readonly id: string }>): string[] => [...ids].map(({ id }) => id.slice(0, 8)).sort();

describe.each(DESYNC)('%s', (name) => {
  const [removed, second, third, lost] = SNAPSHOTS[name];

  it('the cache of the machine that lists it gives the lost state back, before and after it forgets the id', async () => {
    const homes = [await machineHome(name, 'alpha'), await afterNextUse(name, 'alpha', name.startsWith('v10') ? 'new log' : 'rows')];
    for (const home of homes) {
      const store = await copyFixtureStore(name);
      const repository = await openFixture(store, name);
      const evidence = await hear(repository, home);
      const plan = await planRepair(repository, { nowMs: Date.now(), evidence });
      expect(plan.actions.map(({ kind, machines, states }) => ({ kind, machines, states: states.map((id) => id.slice(0, 8)) }))).toEqual([
        { kind: 'rebuild-state', machines: ['alpha'], states: [lost] },
      ]);
      expect(plan.actions[0]?.evidence.join(' ')).toContain('alpha');
      const result = await applyRepair(repository, plan, { evidence });
      expect(result.proofs.every(({ isWhole }) => isWhole)).toBe(true);
      expect(shortIds((await openFixture(store, name)).view.live)).toEqual([second, third, lost].sort());
    }
  });

  it('a damaged removal is written again, proven by its name; without a machine that knows it, nothing is made up', async () => {
    const store = await copyFixtureStore(name);
    const path = await statePath(store, REMOVAL_STATE[name]);
    const bytes = await readFile(path);
    bytes[40] = (bytes[40] ?? 0) ^ 1;
    await writeFile(path, bytes);
    const repository = await openFixture(store, name);
    expect(shortIds(repository.view.live)).toContain(removed);
    const alone = await planRepair(repository, { nowMs: Date.now() });
    expect(alone.problems.map(({ states }) => states[0]?.slice(0, 8))).toEqual([REMOVAL_STATE[name]]);
    const evidence = await hear(repository, await machineHome(name, 'alpha'));
    const plan = await planRepair(repository, { nowMs: Date.now(), evidence });
    expect(plan.problems).toEqual([]);
    expect(plan.actions.find(({ kind }) => kind === 'replace-state')?.states[0]?.slice(0, 8)).toBe(REMOVAL_STATE[name]);
    await applyRepair(repository, plan, { evidence });
    const mended = await openFixture(store, name);
    expect(mended.view.unreadable).toEqual([]);
    expect(shortIds(mended.view.deleted)).toEqual([removed]);
    expect(shortIds(mended.view.live)).toEqual([second, third, lost].sort());
  });

  it('with all states lost, the states of a machine come back under their names, its removal too; what it deleted shows only when asked for', async () => {
    for (const undelete of [false, true]) {
      const store = await copyFixtureStore(name);
      const files = (await readdir(join(store, 'states'), { recursive: true })).filter((file) => file.length > 60);
      for (const file of files) await rm(join(store, 'states', file));
      const repository = await openFixture(store, name);
      const evidence = await hear(repository, await machineHome(name, 'alpha'));
      const plan = await planRepair(repository, { nowMs: Date.now(), evidence, undelete });
      expect(plan.leftAlone.filter(({ what }) => what === 'deleted-snapshot').map(({ snapshots }) => snapshots[0]?.slice(0, 8))).toEqual(
        undelete ? [] : [removed],
      );
      expect(plan.actions.filter(({ undeletes }) => undeletes).map(({ snapshots }) => snapshots[0]?.slice(0, 8))).toEqual(undelete ? [removed] : []);
      const result = await applyRepair(repository, plan, { evidence, undelete });
      expect(result.proofs.filter(({ isWhole }) => !isWhole)).toEqual([]);
      const { view } = await openFixture(store, name);
      expect(shortIds(view.live)).toEqual([...(undelete ? [removed] : []), second, third, lost].sort());
      expect(shortIds(view.deleted)).toEqual(undelete ? [] : [removed]);
      expect(shortIds(view.states)).toEqual([removed, second, third, lost, ...(undelete ? [] : [REMOVAL_STATE[name]])].sort());
    }
  });
});

describe.each(['v11-plain-desync', 'v11-enc-desync'] as const)('%s', (name) => {
  it('a state file left in a cache is stored byte for byte; one that was cut off is no evidence', async () => {
    const store = await copyFixtureStore(name);
    const home = await temporaryFolder('home');
    await cp(await machineHome(name, 'bravo'), home, { recursive: true });
    const path = await statePath(store, SNAPSHOTS[name][2]);
    const file = await readFile(path);
    const id = path.slice(-64);
    await rm(path);
    const kept = join(await cacheDirectory(home, '1.1', 'store'), `${id}.state`);
    await writeFile(kept, file.subarray(0, file.length - 7));
    const repository = await openFixture(store, name);
    const cut = await planRepair(repository, { nowMs: Date.now(), evidence: await hear(repository, home, 'bravo') });
    expect(cut.actions.map(({ kind }) => kind)).not.toContain('publish-state-file');
    await writeFile(kept, file);
    for (const place of [home, kept]) {
      const evidence = await hear(repository, place, 'bravo');
      const plan = await planRepair(repository, { nowMs: Date.now(), evidence });
      expect(plan.actions.find(({ kind }) => kind === 'publish-state-file')?.states).toEqual([id]);
    }
    const evidence = await hear(repository, home, 'bravo');
    await applyRepair(repository, await planRepair(repository, { nowMs: Date.now(), evidence }), { evidence });
    expect(await readFile(path)).toEqual(file);
  });
});
