import { createServer, request } from 'node:http';
import { dirname, join } from 'node:path';
import type { MachinesPageDto, ReportAnswer, StoreDto } from '@wardrobe/contracts';
import { buildReport, withAskedStates } from '@wardrobe/machine-cache';
import { type Fixture, temporaryFolder, unpackFixture } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Console, startConsole } from './console.js';
import { reportOf } from './reports.js';

describe('the command line through the socket', () => {
  let fixture: Fixture;
  let run: Console;
  let socket: string;
  const server = createServer((req, res) => void run.api.adminHandler(req, res));

  const ask = <T>(path: string, body: unknown): Promise<{ status: number; data: T }> =>
    new Promise((resolve, reject) => {
      const req = request({ socketPath: socket, path, method: 'POST' }, (res) => {
        const pieces: Buffer[] = [];
        res.on('data', (piece: Buffer) => pieces.push(piece));
        res.on('end', () => resolve({ status: res.statusCode ?? 0, data: JSON.parse(Buffer.concat(pieces).toString()) as T }));
      });
      req.on('error', reject);
      req.end(JSON.stringify(body));
    });

  beforeAll(async () => {
    fixture = await unpackFixture('v11-plain-desync');
    run = await startConsole({ storeRoots: [dirname(fixture.storeDir)] });
    socket = join(await temporaryFolder('socket'), 'admin.sock');
    await new Promise<void>((resolve) => server.listen(socket, resolve));
  });
  afterAll(async () => {
    server.close();
    await run.stop();
  });

  it('adds, reads, lists and removes a store', async () => {
    const added = await ask<StoreDto>('/store/add', { name: 'team', location: fixture.storeDir });
    expect(added.status).toBe(200);
    expect((await ask<StoreDto>('/store/refresh', { store: 'team' })).data).toMatchObject({ status: 'ready', counts: { snapshots: 2 } });
    expect((await ask<StoreDto[]>('/store/list', {})).data).toHaveLength(1);
    expect((await ask<{ problem: { sentence: string } }>('/store/remove', { store: 'other' })).data.problem.sentence).toBe('There is no store other.');
    expect((await ask('/store/remove', { store: 'team' })).status).toBe(200);
  });

  it('takes report files', async () => {
    await ask('/store/add', { name: 'team', location: fixture.storeDir });
    const { data: store } = await ask<StoreDto>('/store/refresh', { store: 'team' });
    const answer = await ask<ReportAnswer>('/report/import', await reportOf(fixture.machinesDir ?? '', 'alpha'));
    expect(answer.data).toMatchObject({ accepted: true, notes: [] });
    const page = (await run.call<MachinesPageDto>('machines.list', { storeId: store.id }, { cookie: run.admin })).data;
    expect(page.machines.map(({ name, verdict }) => [name, verdict])).toEqual([['alpha', 'diverged']]);
  });

  it('asks an agent that sends ids only for the packfiles of states the store lacks, and no others', async () => {
    const full = await reportOf(fixture.machinesDir ?? '', 'alpha');
    const bare = buildReport({ ...full, sightings: full.sightings.map((sighting) => withAskedStates(sighting, new Set())) });
    const first = (await ask<ReportAnswer>('/report/import', bare)).data;
    const again = buildReport({
      ...full,
      createdAt: new Date(Date.parse(full.createdAt) + 1000).toISOString(),
      sightings: full.sightings.map((sighting, index) => withAskedStates(sighting, new Set(first.ask.find((item) => item.sighting === index)?.states ?? []))),
    });
    const second = (await ask<ReportAnswer>('/report/import', again)).data;
    expect(second.ask).toEqual([]);
    const asked = first.ask.flatMap(({ states }) => states);
    const told = full.sightings.flatMap(({ introduced }) => introduced.states.map(({ state }) => state));
    expect(asked.every((state) => told.includes(state) || full.sightings.some(({ states }) => states.includes(state)))).toBe(true);
  });

  it('adds users, sets a lost password, and tokens come and go', async () => {
    expect((await ask('/user/add', { name: 'Bo', email: 'bo@example.org', password: 'short' })).status).toBe(400);
    expect((await ask('/user/add', { name: 'Bo', email: 'bo@example.org', password: 'long enough to be one' })).status).toBe(200);
    expect((await ask('/user/passwd', { email: 'bo@example.org', password: 'another that is long' })).status).toBe(200);
    expect((await run.call('session.signIn', { email: 'bo@example.org', password: 'another that is long' }, { mutation: true })).status).toBe(200);
    expect((await ask<{ secret: string }>('/token/create', { name: 'nightly' })).data.secret).toMatch(/^wda_/);
    expect((await ask('/token/revoke', { token: 'nightly' })).status).toBe(200);
    expect((await ask('/token/revoke', { token: 'nightly' })).status).toBe(404);
    expect((await ask<{ link: string | null }>('/setup-link', {})).data.link).toBeNull();
    expect((await ask('/nothing', {})).status).toBe(404);
  });
});
