import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fsStore } from '@wardrobe/connector-fs';
import { openRepository, openWriter } from '@wardrobe/kloset';
import { copyFixtureStore, FIXTURE_PASSPHRASE, temporaryFolder, unpackFixture } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { jsonLines, wardrobe } from './run-wardrobe.js';

const LOST = { 'v10-plain-desync': '88144fd5', 'v11-enc-desync': 'a82a6894' } as const;

async function environmentOf(name: string): Promise<Record<string, string>> {
  return { WARDROBE_INDEX: await temporaryFolder('index'), ...(name.includes('-enc-') ? { WARDROBE_PASSPHRASE: FIXTURE_PASSPHRASE } : {}) };
}

describe.each(['v10-plain-desync', 'v11-enc-desync'] as const)('repair of %s', (name) => {
  it('plans without changing anything, does it with --apply, names the machine, and finds nothing the second time', async () => {
    const env = await environmentOf(name);
    const store = await copyFixtureStore(name);
    const { machinesDir } = await unpackFixture(name);
    const before = (await readdir(store, { recursive: true })).sort();
    const from = ['--from-cache', join(machinesDir ?? '', 'alpha')];
    const plan = await wardrobe(['at', store, 'repair', ...from], env);
    expect(plan.code, plan.err).toBe(0);
    expect(plan.out).toContain(`snapshot ${LOST[name]} is hidden`);
    expect(plan.out).toContain('machines: alpha');
    expect(plan.err).toContain('--apply');
    expect((await readdir(store, { recursive: true })).sort()).toEqual(before);
    const done = await wardrobe(['at', store, 'repair', '--apply', '--json', '--snapshot', LOST[name], ...from], env);
    expect(done.code, done.err).toBe(0);
    const lines = jsonLines(done.out);
    expect(lines.map((line) => Object.keys(line)[0])).toEqual(['plan', 'action', 'applied', 'proof', 'result']);
    expect(lines[3]?.['proof']).toMatchObject({ isWhole: true });
    expect((await readdir(join(store, 'locks'))).length).toBe(0);
    const again = await wardrobe(['at', store, 'repair', '--apply', ...from], env);
    expect(again.code, again.err).toBe(0);
    expect(again.out).toContain('nothing to repair');
    expect((await wardrobe(['at', store, 'ls'], env)).out).toContain(LOST[name]);
    expect((await wardrobe(['at', store, 'check', '--fast'], env)).code).toBe(0);
  });
});

describe('repair', () => {
  it('says whose lock it meets and until when it counts, and changes nothing', async () => {
    const env = await environmentOf('plain');
    const store = await copyFixtureStore('v10-plain-desync');
    const holder = await openWriter(await openRepository(fsStore(store)), { lock: 'shared', environment: { hostname: 'bravo' } });
    const plan = await wardrobe(['at', store, 'repair'], env);
    expect(plan.out).toMatch(/waits: bravo holds a shared lock, until \d{4}-\d\d-\d\dT/);
    const refused = await wardrobe(['at', store, 'repair', '--apply'], env);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('bravo holds the store');
    expect(refused.err).toContain('--wait');
    await holder.close();
    expect((await wardrobe(['at', store, 'repair', '--apply'], env)).code).toBe(0);
  });

  it('ends with 65 when something is wrong that it cannot mend, and names it', async () => {
    const env = await environmentOf('plain');
    const store = await copyFixtureStore('v10-plain-desync');
    const packfiles = (await readdir(join(store, 'packfiles'), { recursive: true })).filter((file) => file.length > 60);
    for (const file of packfiles) await rm(join(store, 'packfiles', file));
    const run = await wardrobe(['at', store, 'repair'], env);
    expect(run.code).toBe(65);
    expect(run.out).toContain('cannot be mended');
    expect(run.out).toContain('--from-store');
  });
});

describe('locks', () => {
  it('lists as before, with and without ls; clear removes what was left behind and keeps what is fresh', async () => {
    const env = await environmentOf('plain');
    const store = await copyFixtureStore('v10-plain-desync');
    const listed = jsonLines((await wardrobe(['at', store, 'locks', '--json'], env)).out);
    expect(listed.map(({ host, stale }) => ({ host, stale }))).toEqual([{ host: 'alpha', stale: true }]);
    expect(jsonLines((await wardrobe(['at', store, 'locks', 'ls', '--json'], env)).out).map(({ id }) => id)).toEqual(listed.map(({ id }) => id));
    const holder = await openWriter(await openRepository(fsStore(store)), { lock: 'shared', environment: { hostname: 'bravo' } });
    await writeFile(join(store, 'locks', 'f'.repeat(64)), 'no lock');
    const cleared = await wardrobe(['at', store, 'locks', 'clear'], env);
    expect(cleared.code, cleared.err).toBe(0);
    const left = (await readdir(join(store, 'locks'))).sort();
    expect(left).toHaveLength(2);
    const refused = await wardrobe(['at', store, 'locks', 'clear', '--id', 'ffff'], env);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('--force');
    const forced = await wardrobe(['at', store, 'locks', 'clear', '--id', 'ffff', '--force', '--json'], env);
    expect(forced.code, forced.err).toBe(0);
    expect(jsonLines(forced.out)).toEqual([{ id: 'f'.repeat(64), removed: true, readable: false, host: null, timestamp: null }]);
    expect((await wardrobe(['at', store, 'locks', 'clear', '--force'], env)).code).toBe(1);
    await holder.close();
    expect(await readdir(join(store, 'locks'))).toEqual([]);
  });
});
