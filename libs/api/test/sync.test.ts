import { join } from 'node:path';
import { tmpdir } from 'node:os';
import type { EntriesPageDto, SnapshotsPageDto, StoreDto } from '@wardrobe/contracts';
import { fsStore } from '@wardrobe/connector-fs';
import { createStore } from '@wardrobe/kloset';
import { copyFixtureStore, temporaryFolder } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Console, startConsole } from './console.js';
import { done, planned } from './jobs.js';

describe('synchronisation of several chosen snapshots', () => {
  let run: Console;
  let [team, mirror] = [{} as StoreDto, {} as StoreDto];
  let chosen: string[] = [];
  const listed = async (store: StoreDto): Promise<string[]> =>
    (await run.call<SnapshotsPageDto>('snapshots.list', { storeId: store.id }, { cookie: run.admin })).data.rows.map(({ id }) => id).sort();
  const page = async (store: StoreDto, snapshotId: string): Promise<EntriesPageDto> =>
    (await run.call<EntriesPageDto>('explorer.list', { storeId: store.id, snapshotId }, { cookie: run.admin })).data;

  beforeAll(async () => {
    run = await startConsole({ storeRoots: [tmpdir()] });
    team = await run.api.addStore({ name: 'team', location: await copyFixtureStore('v10-plain-desync') });
    const location = join(await temporaryFolder('mirror'), 'store');
    await createStore(fsStore(location), { line: '1.0', passphrase: null });
    mirror = await run.api.addStore({ name: 'mirror', location });
    // Two are in its list, and a third one once it is repaired.
    chosen = await listed(team);
    await done(run, team, { kind: 'repair' });
  });
  afterAll(() => run.stop());

  it('plans just those, with the command, copies them, and says on their pages where they came from', async () => {
    expect([chosen.length, (await listed(team)).length]).toEqual([2, 3]);
    const work = { kind: 'sync', direction: 'to', peer: mirror.id, snapshots: chosen } as const;
    const { plan } = await planned(run, team, work);
    expect(plan, JSON.stringify(plan)).toMatchObject({
      sentence: '2 snapshots would be copied, 0 snapshots are there already.',
      verb: 'Copy 2 snapshots',
      itemsTotal: 2,
      applyCommand: `wardrobe at ${team.location} sync ${chosen.map((id) => id.slice(0, 8)).join(' ')} to ${mirror.location}`,
    });
    expect(plan?.items.flatMap(({ snapshots }) => snapshots).sort()).toEqual(chosen);
    expect(await listed(mirror)).toEqual([]);
    const job = await done(run, team, work);
    expect(job, JSON.stringify(job)).toMatchObject({ state: 'done', problem: null, label: 'Synchronisation of 2 snapshots to mirror' });
    expect(await listed(mirror)).toEqual(chosen);
    for (const id of chosen) {
      expect((await page(mirror, id)).syncedFrom).toEqual([{ repositoryId: team.repositoryId, store: { id: team.id, name: 'team' }, at: expect.any(String) }]);
      expect((await page(team, id)).syncedFrom).toEqual([]);
    }
  });

  it('says of each chosen one that is not where it would be copied from', async () => {
    const elsewhere = (await listed(team)).find((id) => !chosen.includes(id)) ?? '';
    const { plan } = await planned(run, team, { kind: 'sync', direction: 'from', peer: mirror.id, snapshots: [...chosen, elsewhere] });
    expect(plan).toMatchObject({
      sentence: 'No snapshot would be copied, 2 snapshots are there already.',
      refusal: 'There is nothing to copy.',
      leftAlone: [{ snapshots: [elsewhere], why: `${elsewhere.slice(0, 8)} from mirror: it is not in the list of the store that it would be copied from.` }],
    });
    const both = (await planned(run, team, { kind: 'sync', direction: 'with', peer: mirror.id, snapshots: [elsewhere] })).plan;
    expect(both).toMatchObject({ verb: 'Copy 1 snapshot', leftAlone: [] });
  });

  it('shows no command that would do less than the plan', async () => {
    const many = Array.from({ length: 120 }, (_, index) => index.toString(16).padStart(64, '0'));
    const { plan } = await planned(run, team, { kind: 'sync', direction: 'to', peer: mirror.id, snapshots: [...chosen, ...many] });
    expect(plan).toMatchObject({ itemsTotal: 0, command: null, applyCommand: null });
  });
});
