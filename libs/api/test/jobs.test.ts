import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import type {
  AuditEntryDto,
  DivergencePageDto,
  JobDetailDto,
  JobDto,
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
import { FLEET, reportOf } from './reports.js';
import { ended, planned } from './jobs.js';

describe('the phantom of v10-plain-desync, from its finding to a fleet that agrees', () => {
  let fixture: Fixture;
  let run: Console;
  let store: StoreDto;
  let finding = '';
  let phantom = '';
  let planId = '';
  const ids = { alpha: randomUUID(), bravo: randomUUID(), charlie: randomUUID() };

  const machines = async () => (await run.call<MachinesPageDto>('machines.list', { storeId: store.id }, { cookie: run.admin })).data;
  const findings = async () => (await run.call<DivergencePageDto>('divergence.get', { storeId: store.id }, { cookie: run.admin })).data.findings;
  const live = async () => (await run.call<SnapshotsPageDto>('snapshots.list', { storeId: store.id }, { cookie: run.admin })).data.rows;
  const report = async (machine: (typeof FLEET)[number], change: (report: MachineReport) => MachineReport = (same) => same) =>
    run.api.importReport(change(await reportOf(fixture.machinesDir ?? '', machine, ids[machine])));

  beforeAll(async () => {
    fixture = await unpackFixture('v10-plain-desync');
    run = await startConsole({ storeRoots: [dirname(fixture.storeDir)] });
    store = await run.api.addStore({ name: 'team', location: fixture.storeDir });
    for (const machine of FLEET) await report(machine);
  });
  afterAll(() => run.stop());

  it('the finding offers a repair, and its dry run names machine, snapshot and what is written, and the command that does the same', async () => {
    const found = (await findings()).find(({ kind }) => kind === 'phantom');
    expect(found).toMatchObject({ section: 'decision', mend: 'repair' });
    finding = found?.id ?? '';
    phantom = found?.affected[0]?.id ?? '';
    const job = await planned(run, store, { kind: 'repair', finding });
    planId = job.id;
    expect(job).toMatchObject({ state: 'done', dryRun: true });
    expect(job.plan).toMatchObject({ itemsTotal: 1, refusal: null, destroys: false, note: 'Nothing is deleted or overwritten.', verb: 'Publish 1 state' });
    expect(job.plan?.items[0]).toMatchObject({ snapshots: [phantom], machines: ['alpha'], steps: [{ step: 'write' }] });
    expect(job.plan?.items[0]?.evidence.join(' ')).toContain('alpha');
    expect(job.plan?.command).toBe(`wardrobe at ${fixture.storeDir} repair --snapshot ${phantom.slice(0, 8)}`);
    expect(job.plan?.applyCommand).toBe(`${job.plan?.command} --apply`);
    expect(await live()).toHaveLength(2);
  });

  it('applied as a job it is proven, the finding closes and the store lists the snapshot', async () => {
    const started = await run.call<JobDto>('jobs.start', { planId }, { cookie: run.admin, mutation: true });
    expect(started.status, JSON.stringify(started.problem)).toBe(200);
    const job = await ended(run, started.data.id);
    expect(job, JSON.stringify(job)).toMatchObject({ state: 'done', kind: 'repair', dryRun: false, problem: null, startedBy: 'Ada' });
    expect(job.outcome).toMatch(/1 repair done, 1 state written, 1 of 1 snapshot proven whole/);
    expect(job.log.join('\n')).toMatch(/whole/);
    expect((await live()).map(({ id }) => id)).toContain(phantom);
    const left = await findings();
    expect(left.filter(({ section }) => section === 'decision')).toEqual([]);
    expect(left.find(({ kind, section }) => kind === 'phantom' && section === 'mended')).toBeDefined();
  });

  it('the plan cannot be applied twice', async () => {
    const again = await run.call('jobs.start', { planId }, { cookie: run.admin, mutation: true });
    expect(again.problem).toMatchObject({ code: 'conflict', sentence: 'This plan is applied already.' });
  });

  it('it stands in the audit log with who asked', async () => {
    const rows = (await run.call<AuditEntryDto[]>('audit.list', {}, { cookie: run.admin })).data;
    expect(rows.find(({ what }) => what === 'started a job: repair')).toMatchObject({ who: 'Ada', about: expect.stringContaining('exists only on alpha') });
    expect(rows.find(({ what }) => what === 'a job is done')?.about).toContain('team');
  });

  it('each machine reads that it catches up at its next use', async () => {
    const rows = (await machines()).machines;
    expect(rows.find(({ name }) => name === 'alpha')).toMatchObject({ verdict: 'in-sync', worst: 'seen' });
    for (const name of ['bravo', 'charlie'] as const) {
      const detail = (await run.call<MachineDetailDto>('machines.get', { storeId: store.id, machineId: ids[name] }, { cookie: run.admin })).data;
      expect(detail.cells.find(({ snapshot }) => snapshot === phantom)).toMatchObject({
        cell: 'unknown',
        nextStep: 'It catches up at its next use of the store.',
      });
    }
  });

  it('after its next use and report every cell is seen', async () => {
    // What bravo and charlie merge at their next use is what alpha has in its cache already: the removal, and the state that is back.
    const seen = await reportOf(fixture.machinesDir ?? '', 'alpha', ids.alpha);
    for (const machine of FLEET) {
      await report(machine, (own) => ({
        ...own,
        sightings: own.sightings.map((sighting, index) => {
          const { states, shown, deleted, introduced } = seen.sightings[index] ?? sighting;
          return { ...sighting, states, shown, deleted, introduced };
        }),
      }));
    }
    const page = await machines();
    expect(page.machines.map(({ verdict, counts }) => ({ verdict, counts }))).toEqual(
      Array.from({ length: 3 }, () => ({ verdict: 'in-sync', counts: { seen: 3 } })),
    );
    expect(page.sentence).toBe('All 3 machines agree with the store.');
    expect((await findings()).filter(({ section }) => section !== 'mended')).toEqual([]);
  });

  it('a repair of a closed finding says that it is closed', async () => {
    const work: JobWorkInput = { kind: 'repair', finding };
    const answer = await run.call<JobDetailDto>('jobs.plan', { storeId: store.id, work }, { cookie: run.admin, mutation: true });
    expect(answer.problem).toMatchObject({ code: 'not-found', sentence: 'This finding is closed meanwhile.' });
  });
});
