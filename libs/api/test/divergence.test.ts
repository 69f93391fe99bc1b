import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { DivergencePageDto, MachineDetailDto, MachinesPageDto, ReportAnswer, SnapshotsPageDto, StoreDto, TokenDto } from '@wardrobe/contracts';
import { COMMITTED_FIXTURES, type Fixture, unpackFixture } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Console, startConsole } from './console.js';
import { FLEET, reportOf } from './reports.js';

type Created = { token: TokenDto; secret: string; command: string };

describe.each(COMMITTED_FIXTURES)('the three machines of %s', (name) => {
  let fixture: Fixture;
  let run: Console;
  let store: StoreDto;
  const ids = { alpha: randomUUID(), bravo: randomUUID(), charlie: randomUUID() };

  beforeAll(async () => {
    fixture = await unpackFixture(name);
    run = await startConsole({ storeRoots: [dirname(fixture.storeDir)] });
    store = await run.api.addStore({ name: 'team', location: fixture.storeDir, passphrase: fixture.passphrase });
    for (const machine of FLEET) {
      const { secret } = (await run.call<Created>('tokens.create', { name: machine, kind: 'agent' }, { cookie: run.admin, mutation: true })).data;
      const body = gzipSync(JSON.stringify(await reportOf(fixture.machinesDir ?? '', machine, ids[machine])));
      const response = await run.fetch('/api/agent/report', {
        method: 'POST',
        body,
        headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json', 'content-encoding': 'gzip' },
      });
      expect(response.status, await response.clone().text()).toBe(200);
      expect(((await response.json()) as ReportAnswer).accepted).toBe(true);
    }
  });
  afterAll(() => run.stop());

  it('gives exactly the verdicts of the fixtures: alpha has a phantom, the others are behind', async () => {
    const page = (await run.call<MachinesPageDto>('machines.list', { storeId: store.id }, { cookie: run.admin })).data;
    const told = page.machines.map(({ name: machine, verdict, worst, counts }) => ({ machine, verdict, worst, counts }));
    expect(told).toEqual([
      { machine: 'alpha', verdict: 'diverged', worst: 'phantom', counts: { seen: 2, phantom: 1 } },
      { machine: 'bravo', verdict: 'behind', worst: 'stale-delete', counts: { seen: 2, 'stale-delete': 1 } },
      { machine: 'charlie', verdict: 'behind', worst: 'stale-delete', counts: { seen: 2, 'stale-delete': 1 } },
    ]);
    expect(page.sentence).toBe('0 of 3 machines agree with the store.');
    expect(page.machines[0]?.cause).toMatch(/never reached the store/);
  });

  it('tells the phantom with cause, next step and the packfile that holds it', async () => {
    const detail = (await run.call<MachineDetailDto>('machines.get', { storeId: store.id, machineId: ids.alpha }, { cookie: run.admin })).data;
    expect(detail.cells).toMatchObject([{ cell: 'phantom', nextStep: 'Publish the lost state, from the machine or from the packfiles alone.' }]);
    expect(detail.cells[0]?.since).not.toBeNull();
    const hidden = (await run.call<SnapshotsPageDto>('snapshots.list', { storeId: store.id, include: 'hidden' }, { cookie: run.admin })).data.rows;
    expect(hidden.map(({ id }) => id)).toEqual([detail.cells[0]?.snapshot]);
  });

  it('has one finding to decide, for the phantom that the hidden snapshot supports, and says what heals', async () => {
    const page = (await run.call<DivergencePageDto>('divergence.get', { storeId: store.id }, { cookie: run.admin })).data;
    const decisions = page.findings.filter(({ section }) => section === 'decision').map(({ kind }) => kind);
    expect(decisions).toEqual(['phantom']);
    const evidence = page.findings.find(({ kind }) => kind === 'phantom')?.evidence.map(({ sentence }) => sentence) ?? [];
    expect(evidence.join('\n')).toMatch(
      /Its header lies in packfile [0-9a-f]{8}, which no state of the store names: seen in the store itself, without any machine/,
    );
    const machines = (await run.call<MachinesPageDto>('machines.list', { storeId: store.id }, { cookie: run.admin })).data;
    expect(machines).toMatchObject({ storeFindings: 0, storeFindingsSentence: null });
    expect(
      page.findings
        .find(({ kind }) => kind === 'stale-delete')
        ?.machines.map(({ name: machine }) => machine)
        .sort(),
    ).toEqual(['bravo', 'charlie']);
    expect(page.findings.find(({ kind }) => kind === 'phantom')?.affected[0]).toMatchObject({ openable: 'hidden', source: 'fs:/srv/team' });
  });

  it('exports the same cells as JSON and CSV', async () => {
    const json = (await (await run.fetch(`/api/stores/${store.id}/divergence.json`, { cookie: run.admin })).json()) as {
      machines: { machine: string; verdict: string; cells: { cell: string }[] }[];
    };
    expect(json.machines.map(({ machine, verdict, cells }) => [machine, verdict, cells.map(({ cell }) => cell)])).toEqual([
      ['alpha', 'diverged', ['phantom']],
      ['bravo', 'behind', ['stale-delete']],
      ['charlie', 'behind', ['stale-delete']],
    ]);
    const csv = await (await run.fetch(`/api/stores/${store.id}/divergence.csv`, { cookie: run.admin })).text();
    expect(csv.trim().split('\r\n')).toHaveLength(4);
  });

  it('lists only those that not all machines list, and only those with errors, when asked', async () => {
    const list = async (only: string) => (await run.call<SnapshotsPageDto>('snapshots.list', { storeId: store.id, only }, { cookie: run.admin })).data;
    expect(await list('unseen')).toMatchObject({ total: 0, rows: [] });
    expect((await list('errors')).rows.every(({ errors }) => errors > 0)).toBe(true);
    const { api } = run;
    const empty = await reportOf(fixture.machinesDir ?? '', 'alpha', randomUUID());
    await api.importReport({
      ...empty,
      machine: { ...empty.machine, name: 'delta' },
      sightings: empty.sightings.map((sighting) => ({ ...sighting, shown: [] })),
    });
    expect((await list('unseen')).total).toBe(2);
  });
});
