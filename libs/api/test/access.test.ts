import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import type { ReportAnswer, StoreDto, TokenDto, UserDto } from '@wardrobe/contracts';
import { type Fixture, unpackFixture } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { appRouter } from '../src/routers/app.js';
import { type Console, cookieOf, PASSWORD, rawRequest, startConsole } from './console.js';
import { reportOf } from './reports.js';

type Created = { token: TokenDto; secret: string; command: string };
const ID = 'ab'.repeat(32);
const UUID = randomUUID();

/** Who may call what, with an input that is valid in form. `public`: answers without a session. */
const MATRIX: readonly (readonly [path: string, type: 'query' | 'mutation', who: 'public' | 'viewer' | 'person' | 'admin', input: unknown])[] = [
  ['session.me', 'query', 'public', undefined],
  ['session.changePassword', 'mutation', 'person', { current: 'not the right one', next: 'another long password' }],
  ['users.list', 'query', 'admin', undefined],
  ['users.create', 'mutation', 'admin', { name: 'Eve', email: 'eve@example.org', role: 'viewer', password: PASSWORD }],
  ['users.setRole', 'mutation', 'admin', { id: UUID, role: 'viewer' }],
  ['users.remove', 'mutation', 'admin', { id: UUID }],
  ['tokens.list', 'query', 'admin', undefined],
  ['tokens.create', 'mutation', 'admin', { name: 'x', kind: 'read' }],
  ['tokens.revoke', 'mutation', 'admin', { id: UUID }],
  ['stores.list', 'query', 'viewer', undefined],
  ['stores.get', 'query', 'viewer', { storeId: '1' }],
  ['stores.kinds', 'query', 'admin', undefined],
  ['stores.test', 'mutation', 'admin', { name: 'x', location: '/nowhere' }],
  ['stores.add', 'mutation', 'admin', { name: 'x', location: '/nowhere' }],
  ['stores.update', 'mutation', 'admin', { storeId: '999', name: 'x' }],
  ['stores.remove', 'mutation', 'admin', { storeId: '999', confirmName: 'x' }],
  ['stores.refresh', 'mutation', 'admin', { storeId: '999' }],
  ['stores.unlock', 'mutation', 'admin', { storeId: '999', passphrase: 'x' }],
  ['stores.forgetKey', 'mutation', 'admin', { storeId: '999' }],
  ['machines.list', 'query', 'viewer', { storeId: '1' }],
  ['machines.get', 'query', 'viewer', { storeId: '1', machineId: UUID }],
  ['machines.rename', 'mutation', 'admin', { machineId: UUID, name: 'x' }],
  ['machines.retire', 'mutation', 'admin', { machineId: UUID, retired: true }],
  ['machines.merge', 'mutation', 'admin', { from: UUID, into: randomUUID() }],
  ['matrix.columns', 'query', 'viewer', { storeId: '1', from: 0, to: 10 }],
  ['matrix.cell', 'query', 'viewer', { storeId: '1', machineId: UUID, snapshotId: ID }],
  ['divergence.get', 'query', 'viewer', { storeId: '1' }],
  ['divergence.keep', 'mutation', 'admin', { storeId: '999', findingId: 'x' }],
  ['divergence.unkeep', 'mutation', 'admin', { storeId: '999', findingId: 'x' }],
  ['snapshots.list', 'query', 'viewer', { storeId: '1' }],
  ['snapshots.get', 'query', 'viewer', { storeId: '1', snapshotId: ID }],
  ['explorer.list', 'query', 'viewer', { storeId: '1', snapshotId: ID }],
  ['explorer.detail', 'query', 'viewer', { storeId: '1', snapshotId: ID, path: '/' }],
  ['jobs.list', 'query', 'viewer', {}],
  ['jobs.get', 'query', 'viewer', { id: '999' }],
  ['jobs.limits', 'query', 'viewer', undefined],
  ['jobs.locks', 'query', 'viewer', { storeId: '1' }],
  ['jobs.plan', 'mutation', 'person', { storeId: '999', work: { kind: 'repair' } }],
  ['jobs.start', 'mutation', 'admin', { planId: '999' }],
  ['jobs.again', 'mutation', 'admin', { id: '999' }],
  ['jobs.cancel', 'mutation', 'admin', { id: '999' }],
  ['audit.list', 'query', 'admin', {}],
  ['session.signOutEverywhere', 'mutation', 'person', undefined],
  ['session.signOut', 'mutation', 'person', undefined],
];
const ELSEWHERE = ['session.signIn', 'session.setUp', 'live.events'];

describe('who may do what', () => {
  let fixture: Fixture;
  let run: Console;
  let store: StoreDto;
  const viewerInput = { name: 'Vera', email: 'vera@example.org', role: 'viewer', password: PASSWORD };

  const signIn = async (email: string, password = PASSWORD) => run.call('session.signIn', { email, password }, { mutation: true });
  const token = async (kind: 'agent' | 'read') => (await run.call<Created>('tokens.create', { name: kind, kind }, { cookie: run.admin, mutation: true })).data;
  const send = (secret: string, body: unknown, path = '/api/agent/report') =>
    run.fetch(path, { method: 'POST', body: JSON.stringify(body), headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' } });

  beforeAll(async () => {
    fixture = await unpackFixture('v10-plain-desync');
    run = await startConsole({ storeRoots: [dirname(fixture.storeDir)] });
    store = await run.api.addStore({ name: 'team', location: fixture.storeDir });
    await run.call('users.create', viewerInput, { cookie: run.admin, mutation: true });
  });
  afterAll(() => run.stop());

  it('the table names every procedure', () => {
    const all = Object.keys(appRouter._def.procedures).sort();
    expect([...MATRIX.map(([path]) => path), ...ELSEWHERE].sort()).toEqual(all);
  });

  it.each(MATRIX)('%s (%s) is for: %s', async (path, type, who, input) => {
    const mutation = type === 'mutation';
    await run.db.pool.query('delete from rate_limits');
    const viewer = cookieOf((await signIn('vera@example.org')).headers);
    const reader = (await token('read')).secret;
    const agent = (await token('agent')).secret;
    const anonymous = await run.call(path, input, { mutation });
    const asViewer = await run.call(path, input, { mutation, cookie: viewer });
    const asReader = await run.call(path, input, { mutation, headers: { authorization: `Bearer ${reader}` } });
    const asAgent = await run.call(path, input, { mutation, headers: { authorization: `Bearer ${agent}` } });
    expect(anonymous.status === 401).toBe(who !== 'public');
    // `forbidden` of the gate, not of the service behind it (a wrong password is 403 too).
    const refused = (answer: Awaited<ReturnType<Console['call']>>): boolean =>
      answer.status === 403 && /^Your account may not/.test(answer.problem?.sentence ?? '');
    expect(refused(asViewer)).toBe(who === 'admin');
    expect(refused(asReader)).toBe(who === 'admin' || who === 'person');
    expect(refused(asAgent)).toBe(who !== 'public');
  });

  it('plain addresses want a session or a reading token', async () => {
    const path = `/api/stores/${store.id}/divergence.json`;
    expect((await run.fetch(path)).status).toBe(401);
    expect((await run.fetch(path, { headers: { authorization: `Bearer ${(await token('agent')).secret}` } })).status).toBe(403);
    expect((await run.fetch(path, { headers: { authorization: `Bearer ${(await token('read')).secret}` } })).status).toBe(200);
    expect((await run.fetch(path, { headers: { authorization: 'Bearer wdr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' } })).status).toBe(401);
  });

  it('a change from another origin, or from no origin, is refused', async () => {
    const url = `${run.baseUrl}/api/trpc/stores.refresh`;
    const body = JSON.stringify({ storeId: store.id });
    const base = { 'content-type': 'application/json', cookie: run.admin };
    expect((await rawRequest(url, { method: 'POST', body, headers: { ...base, origin: 'https://evil.example' } })).status).toBe(403);
    expect((await rawRequest(url, { method: 'POST', body, headers: { ...base, origin: 'null' } })).status).toBe(403);
    expect((await rawRequest(url, { method: 'POST', body, headers: base })).status).toBe(403);
    expect((await rawRequest(url, { method: 'POST', body, headers: { 'content-type': 'text/plain', cookie: run.admin, origin: run.baseUrl } })).status).toBe(
      415,
    );
    expect((await rawRequest(url, { method: 'POST', body, headers: { ...base, origin: run.baseUrl } })).status).toBe(200);
  });

  it('a request under another host name is refused (DNS rebinding), also with a good session', async () => {
    const headers = { host: 'rebound.example', cookie: run.admin };
    expect((await rawRequest(`${run.baseUrl}/api/trpc/stores.list`, { headers })).status).toBe(403);
    expect((await rawRequest(`${run.baseUrl}/api/stores/${store.id}/divergence.json`, { headers })).status).toBe(403);
    expect((await rawRequest(`${run.baseUrl}/healthz`, { headers })).status).toBe(200);
  });

  it('the session cookie is HttpOnly, SameSite and of no other path; its secret is not in the database', async () => {
    await run.db.pool.query('delete from rate_limits');
    const answer = await signIn('ada@example.org');
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(/^wardrobe=wds_[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=\d+$/);
    const secret = cookieOf(answer.headers).split('=')[1] ?? '';
    const rows = await run.db.pool.query<{ row: string }>(
      'select sessions::text as row from sessions union all select tokens::text from tokens union all select users::text from users',
    );
    expect(rows.rows.some(({ row }) => row.includes(secret) || row.includes(PASSWORD))).toBe(false);
  });

  it('a set-up link works once, and not beside an account', async () => {
    expect(await run.api.setupLink()).toBeNull();
    const again = await run.call('session.setUp', { setupToken: 'wdl_x', name: 'Eve', email: 'eve2@example.org', password: PASSWORD }, { mutation: true });
    expect(again.status).toBe(409);
  });

  it('the last administrator cannot be removed or made viewer', async () => {
    const ada = (await run.call<UserDto[]>('users.list', undefined, { cookie: run.admin })).data.find(({ email }) => email === 'ada@example.org');
    expect((await run.call('users.remove', { id: ada?.id }, { cookie: run.admin, mutation: true })).status).toBe(409);
    expect((await run.call('users.setRole', { id: ada?.id, role: 'viewer' }, { cookie: run.admin, mutation: true })).status).toBe(409);
  });

  it('a token belongs to the first machine that reports with it', async () => {
    const { secret, token: created } = await token('agent');
    const first = await reportOf(fixture.machinesDir ?? '', 'charlie');
    const answer = (await (await send(secret, first)).json()) as ReportAnswer;
    expect(answer.accepted).toBe(true);
    const second = await send(secret, await reportOf(fixture.machinesDir ?? '', 'bravo'));
    expect(second.status).toBe(403);
    expect(((await second.json()) as { problem: { sentence: string } }).problem.sentence).toBe('This token belongs to charlie; bravo is another machine.');
    const tokens = (await run.call<TokenDto[]>('tokens.list', undefined, { cookie: run.admin })).data;
    expect(tokens.find(({ id }) => id === created.id)?.machine?.name).toBe('charlie');
    expect((await send(secret, first)).status).toBe(200);
    await run.call('tokens.revoke', { id: created.id }, { cookie: run.admin, mutation: true });
    expect((await send(secret, first)).status).toBe(401);
  });

  it('a machine cannot report for another one with a token of its own', async () => {
    const { secret } = await token('agent');
    const id = randomUUID();
    expect((await send(secret, await reportOf(fixture.machinesDir ?? '', 'bravo', id))).status).toBe(200);
    const other = (await token('agent')).secret;
    expect((await send(other, await reportOf(fixture.machinesDir ?? '', 'alpha', id))).status).toBe(403);
  });

  it('a report that is not one is refused with a sentence', async () => {
    const { secret } = await token('agent');
    const good = await reportOf(fixture.machinesDir ?? '', 'alpha');
    for (const bad of [
      {},
      { ...good, version: 2 },
      { ...good, machine: { ...good.machine, id: 'x' } },
      { ...good, sightings: good.sightings.map((sighting) => ({ ...sighting, shown: [...sighting.shown].reverse() })) },
    ]) {
      const response = await send(secret, bad);
      expect(response.status).toBe(400);
      expect(((await response.json()) as { problem: { sentence: string } }).problem.sentence).toMatch(/^The report /);
    }
    const nonsense = await run.fetch('/api/agent/report', {
      method: 'POST',
      body: Buffer.from([0x1f, 0x8b, 1, 2, 3]),
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json', 'content-encoding': 'gzip' },
    });
    expect(nonsense.status).toBe(400);
  });

  it('sign-in is limited by account; the right password does not open it either then', async () => {
    await run.call('users.create', { ...viewerInput, email: 'rate@example.org' }, { cookie: run.admin, mutation: true });
    await run.db.pool.query('delete from rate_limits');
    for (let tries = 0; tries < 10; tries += 1) expect((await signIn('rate@example.org', 'wrong')).status).toBe(401);
    expect(await signIn('rate@example.org')).toMatchObject({ status: 429, problem: { code: 'rate-limited' } });
    run.clock.offsetMs += 11 * 60_000;
    expect((await signIn('rate@example.org')).status).toBe(200);
  });

  it('sign-out everywhere ends sessions and open event streams', async () => {
    await run.db.pool.query('delete from rate_limits');
    const one = cookieOf((await signIn('vera@example.org')).headers);
    const two = cookieOf((await signIn('vera@example.org')).headers);
    const stream = await run.fetch('/api/trpc/live.events?input=%7B%7D', { cookie: one, headers: { accept: 'text/event-stream' } });
    expect(stream.headers.get('content-type')).toContain('text/event-stream');
    const text = stream.text();
    expect((await run.call('session.signOutEverywhere', undefined, { cookie: two, mutation: true })).status).toBe(200);
    expect(await text).toContain('session-ended');
    expect((await run.call('stores.list', undefined, { cookie: one })).status).toBe(401);
  });

  it('revoking a token ends its open event stream', async () => {
    const { secret, token: created } = await token('read');
    const stream = await run.fetch('/api/trpc/live.events?input=%7B%7D', { headers: { accept: 'text/event-stream', authorization: `Bearer ${secret}` } });
    const text = stream.text();
    await run.call('tokens.revoke', { id: created.id }, { cookie: run.admin, mutation: true });
    expect(await text).toContain('session-ended');
  });

  it('every change is in the audit, and no secret is in the audit or the log', async () => {
    const entries = (await run.call<{ who: string; what: string; about: string }[]>('audit.list', { limit: 500 }, { cookie: run.admin })).data;
    expect(entries.map(({ what }) => what)).toEqual(
      expect.arrayContaining([
        'added a store',
        'added a user as viewer',
        'created a token to report',
        'revoked a token',
        'signed out everywhere',
        'set up the first administrator',
      ]),
    );
    const told = `${JSON.stringify(entries)}${run.logs.join('\n')}`;
    expect(told).not.toMatch(/wd[sarl]_[\w-]{20}/);
    expect(told).not.toContain(PASSWORD);
    expect(run.logs.filter((line) => line.startsWith('error'))).toEqual([]);
  });
});
