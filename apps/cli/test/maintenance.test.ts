import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { assertOracle, oracle, oracleAvailable, temporaryFolder, unpackFixture } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { jsonLines, type Run, wardrobe } from './run-wardrobe.js';

type Place = { readonly folder: string; readonly store: string; run(...args: string[]): Promise<Run> };

async function place(line: '1.0' | '1.1'): Promise<Place> {
  const folder = await temporaryFolder('maintenance');
  const store = join(folder, 'store');
  const run = (...args: string[]): Promise<Run> => wardrobe(['at', store, ...args], { WARDROBE_INDEX: join(folder, 'index') });
  expect((await run('create', '--plaintext', '--line', line)).code).toBe(0);
  return { folder, store, run };
}

/** Three snapshots; the second one, removed again, shares with the third only what the first has too. */
async function withGarbage(line: '1.0' | '1.1'): Promise<Place & { readonly kept: string }> {
  const made = await place(line);
  const file = join(made.folder, 'file.txt');
  await writeFile(file, 'what is always there '.repeat(3000));
  await saved(made, file);
  await writeFile(file, 'what will be gone '.repeat(5000));
  const gone = await saved(made, file);
  await writeFile(file, 'what stays '.repeat(7000));
  const kept = await saved(made, file);
  expect((await made.run('rm', '--apply', gone)).code).toBe(0);
  return { ...made, kept };
}

/** Folders beside the file and beside the store come first: with the times of the folders above them nothing of two snapshots that tells of them is alike. */
async function saved({ run }: Place, path: string): Promise<string> {
  await mkdtemp(join(dirname(path), 'beside-'));
  await temporaryFolder('beside');
  const { code, out, err } = await run('backup', '--json', path);
  expect(code, err).toBe(0);
  const [made] = jsonLines(out).flatMap((line) => ('backup' in line ? [line['backup'] as { readonly snapshot: string }] : []));
  return made?.snapshot ?? '';
}

async function packfiles(store: string): Promise<string[]> {
  const found: string[] = [];
  for (const bucket of await readdir(join(store, 'packfiles'))) {
    if (/^[0-9a-f]{2}$/.test(bucket)) found.push(...(await readdir(join(store, 'packfiles', bucket))));
  }
  return found.sort();
}

const last = (run: Run): Record<string, unknown> => jsonLines(run.out).at(-1) as Record<string, unknown>;

describe('wardrobe maintenance', () => {
  it('tells the plan and changes nothing; with --apply schedules; after the grace it removes from a store for plakar 1.1 alone', async () => {
    const { run, store, kept } = await withGarbage('1.1');
    const before = await packfiles(store);
    const plan = await run('maintenance');
    expect(plan).toMatchObject({ code: 0 });
    expect(plan.out).toContain('Schedule for deletion');
    expect(plan.err).toContain('--apply');
    expect(last(await run('maintenance', '--json'))).toEqual({ applied: false, idle: false });
    const scheduled = await run('maintenance', '--apply', '--grace', '0s', '--json');
    expect(scheduled.code, scheduled.err).toBe(0);
    const count = Number(last(scheduled)['scheduled']);
    expect(count).toBeGreaterThan(0);
    expect(await packfiles(store)).toEqual(before);
    expect(last(await run('maintenance', '--apply', '--json'))).toMatchObject({ applied: true, removed: 0 });
    const swept = await run('maintenance', '--apply', '--grace', '0s', '--json');
    expect(last(swept)).toMatchObject({ applied: true, removed: count });
    expect((await packfiles(store)).length).toBe(before.length - count);
    expect((await run('check')).code).toBe(0);
    expect((await run('ls')).out).toContain(kept.slice(0, 8));
    expect((await run('maintenance')).err).toContain('nothing to do');
  });

  it('a store of both lines keeps its files until every machine is known to have seen the schedule', async () => {
    const { run, store, folder } = await withGarbage('1.0');
    const before = await packfiles(store);
    await run('maintenance', '--apply');
    const without = await run('maintenance', '--apply', '--grace', '0s');
    expect(without.out).toContain('no report says');
    expect(await packfiles(store)).toEqual(before);
    const report = join(folder, 'report.json');
    expect((await wardrobe(['agent', 'once', '--output', report, '--cache', folder])).code).toBe(0);
    const stranger = join(folder, 'stranger.json');
    const text = JSON.parse(await readFile(report, 'utf8')) as { machine: Record<string, string> };
    await writeFile(
      stranger,
      JSON.stringify({ ...text, machine: { ...text.machine, id: '00000000-0000-4000-8000-000000000000', name: 'stranger', hostName: 'stranger' } }),
    );
    const other = await run('maintenance', '--apply', '--grace', '0s', '--report', stranger);
    expect(other.out).toContain('no report of it was given');
    expect(await packfiles(store)).toEqual(before);
    const swept = await run('maintenance', '--apply', '--grace', '0s', '--json', '--report', report, '--report', stranger);
    expect(Number(last(swept)['removed'])).toBeGreaterThan(0);
    expect((await run('check')).code).toBe(0);
    expect(jsonLines((await run('states', '--json')).out).every((state) => state['version'] === '1.0.0')).toBe(true);
  });

  it('says who holds the store since when; a damaged snapshot is 65 and nothing changes', async () => {
    const { run, store } = await withGarbage('1.0');
    for (const name of await packfiles(store)) await rm(join(store, 'packfiles', name.slice(0, 2), name));
    const refused = await run('maintenance', '--apply');
    expect(refused.code).toBe(65);
    expect(refused.out).toContain('refused: snapshot');
    expect(refused.err).toContain('repair');
    expect(jsonLines((await run('maintenance', '--json')).out)[0]).toHaveProperty('refusal');
  });

  it('leaves what a hidden snapshot needs alone', async () => {
    const { storeDir } = await unpackFixture('v10-plain-desync');
    const folder = await temporaryFolder('maintenance');
    const plan = await wardrobe(['at', storeDir, 'maintenance', '--grace', '0s', '--json'], { WARDROBE_INDEX: folder });
    const lines = jsonLines(plan.out);
    expect(lines.filter((line) => line['action'] === 'keep').length).toBe(2);
    expect(lines.filter((line) => line['action'] === 'schedule')).toEqual([]);
    const given = await wardrobe(['at', storeDir, 'maintenance', '--grace', '0s', '--discard-hidden', '--json'], { WARDROBE_INDEX: folder });
    expect(jsonLines(given.out).filter((line) => line['action'] === 'schedule').length).toBe(2);
  });
});

it('plakar takes part, or the run says why not', () => {
  assertOracle();
});

describe('wardrobe downgrade and info', () => {
  it('give a store of plakar 1.1 back to plakar 1.0, and say who can use it and why', async () => {
    const { storeDir } = await unpackFixture('v11-plain-desync');
    const env = { WARDROBE_INDEX: await temporaryFolder('downgrade') };
    const before = last(await wardrobe(['at', storeDir, 'info', '--json'], env));
    expect(before).toMatchObject({ usableBy: ['1.1'] });
    expect(JSON.stringify(before['usableWhy'])).toContain('downgrade');
    const plan = await wardrobe(['at', storeDir, 'downgrade'], env);
    expect(plan.err).toContain('--apply');
    expect(last(await wardrobe(['at', storeDir, 'info', '--json'], env))).toMatchObject({ usableBy: ['1.1'] });
    const done = await wardrobe(['at', storeDir, 'downgrade', '--apply', '--json'], env);
    expect(done.code, done.err).toBe(0);
    expect(last(await wardrobe(['at', storeDir, 'info', '--json'], env))).toMatchObject({ usableBy: ['1.0', '1.1'], stateVersions: ['1.0.0'] });
    expect((await wardrobe(['at', storeDir, 'check'], env)).code).toBe(0);
    expect((await wardrobe(['at', storeDir, 'downgrade', '--apply'], env)).out).toContain('nothing to do');
    if (!oracleAvailable()) return;
    for (const line of ['1.0', '1.1'] as const) {
      const by = await oracle(line);
      const problems = (await by.check({ store: storeDir })).map((checked) => checked.problems);
      // plakar 1.0 reads snapshots of 1.1 whole; only its maintenance does not know their summary index.
      const expected = line === '1.0' ? [expect.stringContaining('Unexpected index summary')] : [];
      expect(problems).toEqual([expected, expected]);
      await by.close();
    }
  });

  it('a state that deletes forbids it, is named, and nothing changes', async () => {
    const { run } = await withGarbage('1.1');
    await run('maintenance', '--apply', '--grace', '0s');
    await run('maintenance', '--apply', '--grace', '0s');
    const refused = await run('downgrade', '--apply');
    expect(refused.code).toBe(1);
    expect(refused.out).toMatch(/state [0-9a-f]{64} forbids it/);
    expect((await run('info')).out).toContain('cannot be given back');
  });
});
