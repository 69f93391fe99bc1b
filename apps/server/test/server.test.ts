import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataFolder, openKeyRing, startEmbedded } from '@wardrobe/db';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { selfSigned } from './certificate.js';
import { admin, ask, buildServer, makePlace, type Place } from './program.js';

let place: Place;
beforeAll(buildServer);
afterEach(() => place?.remove());

type Store = { id: string; name: string; status: string; counts: Record<string, number> };
const PASSWORD = 'a password of good length';

async function setUp(address: string, output: string): Promise<string> {
  const token = /set-up#token=(\S+)/.exec(output)?.[1] ?? '';
  const input = { setupToken: token, name: 'Ada', email: 'ada@example.org', password: PASSWORD };
  const answer = await ask(`${address}/api/trpc/session.setUp`, { method: 'POST', body: input });
  expect(answer.status, answer.body).toBe(200);
  const again = await ask(`${address}/api/trpc/session.setUp`, { method: 'POST', body: { ...input, email: 'eve@example.org' } });
  expect(again.status).toBeGreaterThanOrEqual(400);
  return String(answer.headers['set-cookie']?.[0] ?? '');
}

describe('the console as a program', () => {
  test('first start: a link that makes one administrator; later starts print none; nothing secret in the output', async () => {
    place = makePlace();
    const first = place.start([]);
    const address = await first.ready;
    await expect.poll(first.output).toContain('set-up#token=');
    const cookie = await setUp(address, first.output());
    expect(cookie).toMatch(/HttpOnly/i);
    expect(cookie).toMatch(/SameSite/i);
    const me = await ask(`${address}/api/trpc/session.me`, { headers: { cookie: cookie.split(';')[0] ?? '' } });
    expect(JSON.parse(me.body)).toMatchObject({ result: { data: { user: { email: 'ada@example.org', role: 'admin' } } } });
    expect(await first.stop()).toBe(0);
    expect(first.output()).toContain('Stopped.');
    const second = place.start([]);
    await second.ready;
    expect(second.output()).not.toContain('set-up');
    expect(await second.stop()).toBe(0);
    const key = readFileSync(join(place.data, 'wardrobe.key'), 'utf8').trim().split(' ')[1] ?? '';
    for (const output of [first.output(), second.output()]) {
      for (const secret of [PASSWORD, key, cookie.split(/[=;]/)[1] ?? '']) expect(output).not.toContain(secret);
    }
    expect(statSync(place.data).mode & 0o777).toBe(0o700);
    expect(existsSync(join(place.data, 'admin.sock'))).toBe(false);
  });

  test('--demo adds one store and three machines, once, and gives the verdicts of the fixture', async () => {
    place = makePlace();
    for (let round = 0; round < 2; round++) {
      const program = place.start(['--demo']);
      await program.ready;
      const stores = (await admin(place, '/store/list')) as Store[];
      expect(stores.map((store) => [store.name, store.status])).toEqual([['Demonstration', 'ready']]);
      expect(stores[0]?.counts).toMatchObject({ machines: 3, diverged: 1, behind: 2, unknown: 0, inSync: 0, snapshots: 2 });
      expect(await program.stop()).toBe(0);
    }
  });

  test('a second start says who holds the folder; kill -9 loses nothing and the next start clears up', async () => {
    place = makePlace();
    const first = place.start([]);
    await first.ready;
    const second = place.start([]);
    expect(await second.exit).toBe(1);
    expect(second.output()).toContain(`process ${first.child.pid} on `);
    await admin(place, '/user/add', { name: 'Bea', email: 'bea@example.org', password: PASSWORD, role: 'admin' });
    first.child.kill('SIGKILL');
    await first.exit;
    const third = place.start([]);
    await third.ready;
    expect(third.output()).toContain('that an earlier start left behind');
    // Ctrl-C under npm arrives twice at once: from the terminal and from npm.
    third.child.kill('SIGINT');
    third.child.kill('SIGINT');
    expect(await third.exit).toBe(0);
    expect(third.output()).toContain('Stopped.');
    const fourth = place.start([]);
    await fourth.ready;
    expect(fourth.output()).not.toContain('left behind');
    await expect(admin(place, '/user/add', { name: 'Bea', email: 'bea@example.org', password: PASSWORD, role: 'admin' })).rejects.toThrow(/account/);
    expect(await fourth.stop()).toBe(0);
  });

  test('answers only to its own names, sends the security headers everywhere, and takes nothing from pages of other sites', async () => {
    place = makePlace();
    const program = place.start([]);
    const address = await program.ready;
    expect((await ask(`${address}/healthz`)).status).toBe(200);
    expect((await ask(`${address}/healthz`, { headers: { host: 'evil.example.org' } })).status).toBe(421);
    expect((await ask(`${address}/api/trpc/session.signIn`, { method: 'POST', body: {}, headers: { origin: 'https://evil.example.org' } })).status).toBe(403);
    for (const path of ['/', '/sign-in', '/healthz', '/api/trpc/session.me', '/api/none', '/none']) {
      const { headers } = await ask(address + path);
      expect(headers['x-content-type-options'], path).toBe('nosniff');
      expect(headers['referrer-policy'], path).toBe('no-referrer');
      expect(headers['x-frame-options'], path).toBe('DENY');
      expect(headers['content-security-policy'], path).toContain("default-src 'none'");
      expect(headers['x-powered-by'], path).toBeUndefined();
      expect(headers['access-control-allow-origin'], path).toBeUndefined();
    }
    expect(await program.stop()).toBe(0);
  });

  test('serves https with a certificate, with Secure cookies and HSTS', async () => {
    place = makePlace();
    const folder = mkdtempSync(join(tmpdir(), 'wardrobe-tls-'));
    const { cert, key } = selfSigned();
    writeFileSync(join(folder, 'cert.pem'), cert);
    writeFileSync(join(folder, 'key.pem'), key, { mode: 0o600 });
    const program = place.start(['--host', 'localhost', '--tls-cert', join(folder, 'cert.pem'), '--tls-key', join(folder, 'key.pem')]);
    const address = await program.ready;
    expect(address).toMatch(/^https:\/\/localhost:/);
    const answer = await ask(`${address}/healthz`, { ca: cert });
    expect(answer.status).toBe(200);
    expect(answer.headers['strict-transport-security']).toContain('max-age');
    await expect.poll(program.output).toContain('set-up#token=');
    const token = /set-up#token=(\S+)/.exec(program.output())?.[1] ?? '';
    const made = await ask(`${address}/api/trpc/session.setUp`, {
      method: 'POST',
      ca: cert,
      body: { setupToken: token, name: 'Ada', email: 'ada@example.org', password: PASSWORD },
    });
    expect(String(made.headers['set-cookie']?.[0])).toMatch(/; *Secure/i);
    await program.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each([
    [['--host', '0.0.0.0'], /--tls-cert/],
    [['--behind-proxy'], /--base-url/],
    [['--tls-cert', '/nowhere', '--tls-key', '/nowhere'], /cannot be read/],
    [['--host', '203.0.113.9', '--insecure'], /not an address of this computer/],
    [['--nonsense'], /Usage/],
  ])('%j ends with a sentence and exit code 1', async (words, sentence) => {
    place = makePlace();
    const program = place.start(words);
    expect(await program.exit).toBe(1);
    expect(program.output()).toMatch(sentence);
    expect(program.output()).not.toMatch(/\n\s+at /);
  });

  test('a port in use is a sentence, and the folder is free again at once', async () => {
    place = makePlace();
    const other = createServer();
    const port = await new Promise<number>((resolve) => other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port)));
    const program = place.start(['--port', String(port)]);
    expect(await program.exit).toBe(1);
    expect(program.output()).toContain(`Port ${port} on 127.0.0.1 is in use`);
    expect(readdirSync(place.data)).not.toContain('wardrobe.lock');
    await new Promise((resolve) => other.close(resolve));
  });
});

describe('DATABASE_URL', () => {
  let folder: string;
  let home: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'wardrobe-other-'));
    home = mkdtempSync(join(tmpdir(), 'wardrobe-other-pg-'));
  });
  afterAll(() => {
    for (const path of [folder, home]) rmSync(path, { recursive: true, force: true });
  });

  test('puts the schema on another server, twice without a change, and no cluster into the data folder', async () => {
    place = makePlace();
    const data = openDataFolder(join(folder, 'data'));
    const other = await startEmbedded({ data, keys: openKeyRing(data), rootHome: home });
    const { user, password, host, database } = other.target;
    const url = `postgresql://${user}:${encodeURIComponent(password)}@localhost/${database}?host=${encodeURIComponent(host)}`;
    try {
      const first = place.start(['--demo'], { DATABASE_URL: url });
      const address = await first.ready;
      expect(first.output()).toContain('applied 0001_initial');
      await expect.poll(first.output).toContain('set-up#token=');
      await setUp(address, first.output());
      expect(await first.stop()).toBe(0);
      const second = place.start([], { DATABASE_URL: url });
      await second.ready;
      expect(second.output()).not.toMatch(/applied|set-up/);
      expect(await second.stop()).toBe(0);
      for (const output of [first.output(), second.output()]) expect(output).not.toContain(password);
      expect(readdirSync(place.data).filter((name) => name.startsWith('postgres'))).toEqual([]);
    } finally {
      await other.stop();
    }
  });

  test('that cannot be reached is a sentence without the password', async () => {
    place = makePlace();
    const program = place.start([], { DATABASE_URL: 'postgresql://someone:hunter2@127.0.0.1:1/nothing' });
    expect(await program.exit).toBe(1);
    expect(program.output()).toContain('DATABASE_URL names (127.0.0.1:1/nothing) cannot be used');
    expect(program.output()).not.toContain('hunter2');
  });
});
