import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  addAudit,
  bindToken,
  cancelJob,
  claimJob,
  countAttempt,
  createLink,
  createSession,
  createToken,
  createUser,
  type Db,
  EmailTakenError,
  endJob,
  endSessionsOf,
  findSession,
  findToken,
  getJob,
  interruptJobs,
  getSetting,
  ingestReport,
  LastAdminError,
  linkIsGood,
  listAudit,
  listJobs,
  listTokens,
  listUsers,
  ping,
  putSetting,
  queueJob,
  removeUser,
  reportProgress,
  revokeToken,
  setPassword,
  setRole,
  takeBackJobs,
  takeLink,
  touchToken,
  userByEmail,
} from '../src/index.js';
import { machineId, makeStore, report } from './builders.js';
import { openTestDatabase, type TestDatabase } from './database.js';

let database: TestDatabase;
let db: Db;
beforeAll(async () => {
  database = await openTestDatabase();
  db = database.db;
});
afterAll(() => database.close());
const hash = (secret: string): Uint8Array => new Uint8Array(createHash('sha256').update(secret).digest());
const now = new Date('2026-06-01T00:00:00Z');
const later = new Date('2026-06-01T01:00:00Z');

describe('people', () => {
  test('have one account per address, whatever its case, and at least one admin stays', async () => {
    const admin = await createUser(db, { name: 'Ada', email: ' Ada@Example.org ', role: 'admin', passwordHash: 'x' });
    await expect(createUser(db, { name: 'Other', email: 'ADA@example.org', role: 'viewer', passwordHash: 'x' })).rejects.toBeInstanceOf(EmailTakenError);
    expect((await userByEmail(db, 'ada@EXAMPLE.org'))?.id).toBe(admin.id);
    await expect(setRole(db, admin.id, 'viewer')).rejects.toBeInstanceOf(LastAdminError);
    await expect(removeUser(db, admin.id)).rejects.toBeInstanceOf(LastAdminError);
    const second = await createUser(db, { name: 'Bea', email: 'bea@example.org', role: 'admin', passwordHash: 'x' });
    const outcomes = await Promise.allSettled([setRole(db, admin.id, 'viewer'), setRole(db, second.id, 'viewer')]);
    expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await listUsers(db)).filter((user) => user.role === 'admin')).toHaveLength(1);
  });

  test('sessions end with time, with a new password, and everywhere at once', async () => {
    const user = await createUser(db, { name: 'Cy', email: 'cy@example.org', role: 'viewer', passwordHash: 'x' });
    const begin = (secret: string) => createSession(db, { userId: user.id, secretHash: hash(secret), expiresAt: later, address: null, userAgent: null });
    const session = await begin('one');
    expect((await findSession(db, hash('one'), now))?.user.email).toBe('cy@example.org');
    expect(await findSession(db, hash('one'), later)).toBeNull();
    expect(await findSession(db, hash('two'), now)).toBeNull();
    expect(await endSessionsOf(db, user.id)).toEqual([session.id]);
    await begin('three');
    await setPassword(db, user.id, 'y');
    expect(await findSession(db, hash('three'), now)).toBeNull();
    await begin('four');
    expect(await removeUser(db, user.id)).toBe(true);
    expect(await findSession(db, hash('four'), now)).toBeNull();
  });

  test('a one-time link works once, before its time is up, for its purpose', async () => {
    await createLink(db, { purpose: 'first-admin', secretHash: hash('link'), expiresAt: later });
    expect(await linkIsGood(db, { purpose: 'first-admin', secretHash: hash('link'), now })).toBe(true);
    expect(await takeLink(db, { purpose: 'password', secretHash: hash('link'), now })).toBeNull();
    expect(await takeLink(db, { purpose: 'first-admin', secretHash: hash('link'), now: later })).toBeNull();
    const taken = await Promise.all([1, 2, 3].map(() => takeLink(db, { purpose: 'first-admin', secretHash: hash('link'), now })));
    expect(taken.filter((link) => link !== null)).toHaveLength(1);
    expect(await linkIsGood(db, { purpose: 'first-admin', secretHash: hash('link'), now })).toBe(false);
  });
});

describe('tokens', () => {
  test('are found by their hash until they are revoked, and remember their last use', async () => {
    const token = await createToken(db, { name: 'reader', kind: 'read', secretHash: hash('token'), createdBy: 'Ada' });
    await touchToken(db, token.id, { now, address: '::1' });
    await touchToken(db, token.id, { now: new Date(now.getTime() + 5_000), address: '::1' });
    expect((await findToken(db, hash('token')))?.lastUsedAt).toEqual(now);
    expect(await revokeToken(db, token.id, later)).toBe(true);
    expect(await revokeToken(db, token.id, later)).toBe(false);
    expect(await findToken(db, hash('token'))).toBeNull();
    expect((await listTokens(db))[0]?.revokedAt).toEqual(later);
  });

  test('of agents belong to the machine that uses them first', async () => {
    for (const machine of [1, 2]) await ingestReport(db, report(machine, []));
    const token = await createToken(db, { name: 'agent', kind: 'agent', secretHash: hash('agent'), createdBy: null });
    expect(
      (await Promise.all([bindToken(db, token.id, { machineId: machineId(1), now }), bindToken(db, token.id, { machineId: machineId(2), now })])).filter(
        Boolean,
      ),
    ).toHaveLength(1);
    const bound = (await findToken(db, hash('agent')))?.machine?.id ?? '';
    expect(await bindToken(db, token.id, { machineId: bound, now })).toBe(true);
    expect(await bindToken(db, token.id, { machineId: bound === machineId(1) ? machineId(2) : machineId(1), now })).toBe(false);
  });
});

describe('jobs', () => {
  const soon = new Date(Date.now() + 60_000);

  test('queue once per key, are claimed by one worker, and run one at a time per key', async () => {
    const store = await makeStore(db);
    const queue = () => queueJob(db, { kind: 'refresh', key: `refresh ${store.id}`, storeId: store.id, startedBy: 'schedule' });
    const ids = new Set((await Promise.all([queue(), queue(), queue()])).map((job) => job.id));
    expect(ids.size).toBe(1);
    const claims = await Promise.all(['a', 'b', 'c'].map((worker) => claimJob(db, { worker, now: soon })));
    const [claimed] = claims.filter((job) => job !== null);
    expect(claims.filter((job) => job !== null)).toHaveLength(1);
    const next = await queue();
    expect(next.id).not.toBe(claimed?.id);
    expect(await claimJob(db, { worker: 'd', now: soon })).toBeNull();
    await endJob(db, claimed?.id ?? '', { state: 'failed', problem: { code: 'store' }, now });
    expect(await getJob(db, claimed?.id ?? '')).toMatchObject({ state: 'failed', problem: { code: 'store' }, endedAt: now });
    expect((await claimJob(db, { worker: 'd', now: soon }))?.id).toBe(next.id);
    await endJob(db, next.id, { state: 'done', now });
  });

  test('keep progress, the last lines of their log, and hear of a cancellation', async () => {
    const job = await queueJob(db, { kind: 'verify', key: 'verify', storeId: null, startedBy: 'Ada' });
    await claimJob(db, { worker: 'a', now: soon });
    for (let line = 0; line < 12; line++)
      await reportProgress(db, job.id, { done: line, total: 12, label: 'working', lines: Array.from({ length: 60 }, (_, index) => `${line}.${index}`), now });
    const row = await getJob(db, job.id);
    expect(row).toMatchObject({ done: 11, total: 12, label: 'working' });
    expect(row?.log).toHaveLength(500);
    expect([row?.log[0], row?.log.at(-1)]).toEqual(['3.40', '11.59']);
    expect(await cancelJob(db, job.id, now)).toBe(true);
    expect(await reportProgress(db, job.id, { done: 12, now })).toEqual({ cancelAsked: true });
    await endJob(db, job.id, { state: 'cancelled', now });
    expect(await cancelJob(db, job.id, now)).toBe(false);
  });

  test('of one lane run one at a time in the order asked for, whatever their keys; what a dead process left is interrupted', async () => {
    const store = await makeStore(db);
    const lane = `write ${store.id}`;
    const queue = (key: string) => queueJob(db, { kind: 'rm', key, storeId: store.id, startedBy: 'Ada', lane });
    const [first, second] = [await queue('one'), await queue('two')];
    const claim = (worker: string) => claimJob(db, { worker, now: soon, kinds: ['rm'] });
    expect((await claim('old process'))?.id).toBe(first.id);
    expect(await claim('a')).toBeNull();
    const problem = { code: 'cancelled', sentence: 'The console was stopped.', next: 'Start it again.' };
    const interrupted = await interruptJobs(db, { worker: 'a', kinds: ['rm'], problem, now });
    expect(interrupted).toMatchObject([{ id: first.id, state: 'interrupted', problem, endedAt: now }]);
    expect((await claim('a'))?.id).toBe(second.id);
    await endJob(db, second.id, { state: 'done', result: { plan: 1 }, now });
    expect(await getJob(db, second.id)).toMatchObject({ state: 'done', result: { plan: 1 }, lane, dryRun: false });
  });

  test('that wait are cancelled at once; those of a dead process wait again', async () => {
    const waiting = await queueJob(db, { kind: 'sort', key: 'sort 1', storeId: null, startedBy: 'Ada' });
    await cancelJob(db, waiting.id, now);
    expect((await getJob(db, waiting.id))?.state).toBe('cancelled');
    const running = await queueJob(db, { kind: 'sort', key: 'sort 2', storeId: null, startedBy: 'Ada' });
    await claimJob(db, { worker: 'old process', now: soon });
    expect(await takeBackJobs(db, 'new process')).toBe(1);
    expect((await claimJob(db, { worker: 'new process', now: soon, kinds: ['sort'] }))?.id).toBe(running.id);
    expect((await listJobs(db))[0]?.id).toBe(running.id);
  });
});

describe('the console itself', () => {
  test('keeps settings, audit entries page by page, and counts attempts in windows', async () => {
    expect(await ping(db)).toBe(true);
    await putSetting(db, 'k', { a: [1, null] });
    await putSetting(db, 'k', { a: [2] });
    expect(await getSetting(db, 'k')).toEqual({ a: [2] });
    expect(await getSetting(db, 'none')).toBeUndefined();
    for (let index = 0; index < 5; index++) await addAudit(db, { who: 'Ada', userId: null, what: 'did', about: String(index), at: now });
    const [first, second] = await listAudit(db, { limit: 2 });
    expect([first?.about, second?.about]).toEqual(['4', '3']);
    expect((await listAudit(db, { limit: 2, before: second?.id })).map((entry) => entry.about)).toEqual(['2', '1']);
    const attempt = (at: Date) => countAttempt(db, { key: 'sign-in 1', windowMs: 60_000, now: at });
    const counts = await Promise.all([attempt(now), attempt(now), attempt(now)]);
    expect(counts.map((row) => row.count).sort()).toEqual([1, 2, 3]);
    expect((await attempt(new Date(now.getTime() + 61_000))).count).toBe(1);
  });
});
