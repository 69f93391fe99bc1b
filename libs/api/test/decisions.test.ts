import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import type {
  AuditEntryDto,
  DivergencePageDto,
  FindingDto,
  JobWorkInput,
  MachineDetailDto,
  MachineReport,
  MachinesPageDto,
  SnapshotsPageDto,
  StoreDto,
} from '@wardrobe/contracts';
import { type Fixture, unpackFixture } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Console, startConsole } from './console.js';
import { done, planned } from './jobs.js';
import { reportOf } from './reports.js';

describe('a deletion that never reached the store', () => {
  let fixture: Fixture;
  let run: Console;
  let store: StoreDto;
  let [deleted, other] = ['', ''];
  const bravo = randomUUID();
  const page = async () => (await run.call<DivergencePageDto>('divergence.get', { storeId: store.id }, { cookie: run.admin })).data;
  const finding = async (): Promise<FindingDto | undefined> =>
    (await page()).findings.find(({ kind, section }) => kind === 'lost-delete' && section !== 'mended');
  const cell = async () =>
    (await run.call<MachineDetailDto['cells'][number]>('matrix.cell', { storeId: store.id, machineId: bravo, snapshotId: deleted }, { cookie: run.admin }))
      .data;
  const decide = async (what: 'keep' | 'unkeep') =>
    run.call(`divergence.${what}`, { storeId: store.id, findingId: (await finding())?.id ?? '' }, { cookie: run.admin, mutation: true });
  /** bravo agrees with the store but for the snapshots that it deleted. */
  const report = async (gone: readonly string[]): Promise<void> => {
    const own: MachineReport = await reportOf(fixture.machinesDir ?? '', 'alpha', bravo);
    const live = (await run.call<SnapshotsPageDto>('snapshots.list', { storeId: store.id }, { cookie: run.admin })).data.rows.map(({ id }) => id);
    const sightings = own.sightings.map((sighting) => ({
      ...sighting,
      shown: sighting.shown.filter(({ snapshot }) => live.includes(snapshot) && !gone.includes(snapshot)),
      deleted: [...sighting.deleted, ...gone].sort(),
    }));
    await run.api.importReport({ ...own, machine: { ...own.machine, name: 'bravo', hostName: 'bravo' }, sightings });
  };

  beforeAll(async () => {
    fixture = await unpackFixture('v10-plain-desync');
    run = await startConsole({ storeRoots: [dirname(fixture.storeDir)] });
    store = await run.api.addStore({ name: 'team', location: fixture.storeDir });
    const rows = (await run.call<SnapshotsPageDto>('snapshots.list', { storeId: store.id }, { cookie: run.admin })).data.rows;
    [deleted, other] = [rows[0]?.id ?? '', rows[1]?.id ?? ''];
    await report([deleted]);
  });
  afterAll(() => run.stop());

  it('asks to delete again or to keep, and never to rebuild the cache', async () => {
    const found = await finding();
    expect(found).toMatchObject({
      section: 'decision',
      mend: 'rm',
      decision: null,
      nextStep: 'Delete it again, so that everybody stops listing it, or keep it.',
      command: `wardrobe at ${fixture.storeDir} rm ${deleted.slice(0, 8)}`,
    });
    expect(JSON.stringify(found)).not.toMatch(/rebuil/i);
    expect((await cell()).nextStep).toBe('Delete the snapshot again, or keep it.');
  });

  it('kept, its finding asks no more and says who decided and when; the cell keeps its word', async () => {
    const { id } = (await finding()) ?? { id: '' };
    expect((await decide('keep')).status).toBe(200);
    const found = await finding();
    expect(found).toMatchObject({
      id,
      section: 'decided',
      title: 'bravo deleted 1 snapshot, and it is kept',
      decision: { by: 'Ada', at: expect.any(String) },
      command: null,
    });
    expect((await page()).findings.filter(({ section, kind }) => section === 'decision' && kind === 'lost-delete')).toEqual([]);
    expect(await cell()).toMatchObject({ cell: 'lost-delete', cause: expect.stringMatching(/Ada decided on .* to keep it\.$/), nextStep: 'Nothing to do.' });
    const machines = (await run.call<MachinesPageDto>('machines.list', { storeId: store.id }, { cookie: run.admin })).data;
    expect(machines.machines[0]).toMatchObject({
      verdict: 'diverged',
      worst: 'lost-delete',
      nextStep: 'Nothing to do.',
      cause: expect.stringContaining('the store keeps it'),
    });
    expect(machines.detail).toBe('1 differs as somebody decided.');
    const audit = (await run.call<AuditEntryDto[]>('audit.list', {}, { cookie: run.admin })).data;
    expect(audit.find(({ what }) => what === 'decided to keep snapshots')).toMatchObject({ who: 'Ada', about: '1 snapshot that bravo deleted (team)' });
  });

  it('stays decided over later reports, does not decide about another snapshot, and can be taken back', async () => {
    await report([deleted, other]);
    const both = (await page()).findings.filter(({ kind, section }) => kind === 'lost-delete' && section !== 'mended');
    expect(both.map(({ section, affected }) => [section, affected.map(({ id }) => id)])).toEqual([
      ['decision', [other]],
      ['decided', [deleted]],
    ]);
    await report([deleted]);
    expect((await decide('unkeep')).status).toBe(200);
    expect(await finding()).toMatchObject({ section: 'decision', decision: null });
    expect((await cell()).cause).not.toContain('decided');
  });

  it('ends with what it is about: deleted once more later, it is asked again', async () => {
    await decide('keep');
    await report([]);
    expect(await finding()).toBeUndefined();
    await report([deleted]);
    expect(await finding()).toMatchObject({ section: 'decision' });
  });

  it('a repair of the console names it, deletes it again when asked for, and leaves alone what was decided to be kept', async () => {
    const named = (await planned(run, store, { kind: 'repair' })).plan;
    expect(named?.items.map(({ key }) => key).join(), JSON.stringify(named)).not.toContain(deleted);
    expect(named?.offers).toContain('redelete');
    expect(named?.leftAlone.filter(({ snapshots }) => snapshots.includes(deleted))).toMatchObject([{ what: 'unpublished deletion' }]);

    await decide('keep');
    const kept = (await planned(run, store, { kind: 'repair', redelete: true })).plan;
    expect(JSON.stringify(kept)).not.toContain(deleted);
    expect((await planned(run, store, { kind: 'repair' })).plan?.offers).not.toContain('redelete');
    await decide('unkeep');

    const work: JobWorkInput = { kind: 'repair', redelete: true, finding: (await finding())?.id ?? '' };
    const asked = (await planned(run, store, work)).plan;
    expect(asked, JSON.stringify(asked)).toMatchObject({
      verb: 'Delete 1 snapshot again',
      note: 'All machines stop listing 1 snapshot.',
      items: [{ snapshots: [deleted], machines: ['bravo'] }],
      applyCommand: `wardrobe at ${fixture.storeDir} repair --snapshot ${deleted.slice(0, 8)} --redelete --apply`,
      refusal: null,
    });
    const job = await done(run, store, work);
    expect(job, JSON.stringify(job)).toMatchObject({ state: 'done', outcome: '1 repair done, 1 state written.' });
    const live = (await run.call<SnapshotsPageDto>('snapshots.list', { storeId: store.id }, { cookie: run.admin })).data.rows.map(({ id }) => id);
    expect(live).not.toContain(deleted);
    expect(await finding()).toBeUndefined();
  });

  it('only such a deletion can be decided this way', async () => {
    const hidden = (await page()).findings.find(({ kind }) => kind === 'hidden-snapshot');
    const answer = await run.call('divergence.keep', { storeId: store.id, findingId: hidden?.id ?? '' }, { cookie: run.admin, mutation: true });
    expect(answer.problem).toMatchObject({ code: 'invalid-input' });
    const gone = await run.call('divergence.keep', { storeId: store.id, findingId: 'nothing' }, { cookie: run.admin, mutation: true });
    expect(gone.problem).toMatchObject({ code: 'not-found' });
  });
});
