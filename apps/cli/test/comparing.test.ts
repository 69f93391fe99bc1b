import { appendFile, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder, unpackFixture } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { jsonLines, wardrobe } from './run-wardrobe.js';

describe.each(['v10-plain-desync', 'v11-plain-desync'] as const)('%s', (name) => {
  it('diff shows how texts differ, between snapshots and with this machine; restore chooses, plans, and checks itself', async () => {
    const fixture = await unpackFixture(name);
    const env = { WARDROBE_INDEX: await temporaryFolder('index') };
    const run = (...args: string[]) => wardrobe(['at', fixture.storeDir, ...args], env);
    const out = join(await temporaryFolder('out'), 'team');
    const chosen = ['--root', '/srv/team', '--latest'];
    const [team] = jsonLines((await run('ls', '--json', ...chosen)).out);
    const id = String(team?.['id']);

    const planned = await run('restore', ...chosen, '--to', out, '--dry-run', '--json');
    expect([planned.code, jsonLines(planned.out).at(-1)]).toMatchObject([0, { plan: { refuse: 0, replace: 0 } }]);
    await expect(readFile(join(out, 'README.md'))).rejects.toThrow(/ENOENT/);
    const restored = await run('restore', ...chosen, '--to', out, '--verify', '--json');
    expect(restored.code, restored.err).toBe(0);
    const summary = jsonLines(restored.out).at(-1)?.['restored'] as Record<string, number>;
    expect(summary['verified']).toBe((summary['files'] ?? 0) + (summary['directories'] ?? 0) + (summary['symlinks'] ?? 0) + (summary['fifos'] ?? 0));
    expect((await run('restore', id, '--to', out)).code).toBe(1);
    expect(jsonLines((await run('restore', id, '--to', out, '--conflict', 'skip', '--json')).out).at(-1)).toMatchObject({ restored: { files: 0, failed: 0 } });
    expect((await run('restore', id, '--to', out, '--conflict', 'sometimes')).code).toBe(1);

    expect((await run('diff', id, '--local', out)).out).toBe('');
    const before = await readFile(join(out, 'README.md'));
    await appendFile(join(out, 'README.md'), 'one line more\n');
    await rm(join(out, 'bin'), { recursive: true });
    const local = await run('diff', id, '--local', out, '--content');
    expect(local.code).toBe(0);
    expect(local.out).toContain(`\n--- ${id.slice(0, 8)}:/srv/team/README.md\n+++ ${out}/README.md\n`);
    expect(local.out).toContain('\n+one line more\n');
    expect(local.out).toMatch(/^- bin$/m);
    const single = jsonLines((await run('diff', `${id}:README.md`, '--local', join(out, 'README.md'), '--content', '--json')).out);
    expect(single).toMatchObject([{ path: '.', kind: 'changed', content: 'text', diff: expect.stringContaining('+one line more') }]);
    expect(before.length).toBeGreaterThan(0);

    const ids = jsonLines((await run('ls', '--json', '--deleted', '--hidden', '--root', '/srv/team')).out).map((line) => String(line['id']));
    const older = ids.at(-1) as string;
    const between = await run('diff', '--content', '--deleted', '--hidden', older, id);
    expect(between.code, between.err).toBe(0);
    expect(between.out).toMatch(/^--- [0-9a-f]{8}:\/srv\/team\//m);
    expect(between.out).toMatch(/^@@ -\d/m);
    expect((await run('diff', id, older.slice(0, 8), '--local')).code).toBe(1);
  });

  it('check reads the whole store, a share of it, several snapshots, and says what it did', async () => {
    const fixture = await unpackFixture(name);
    const env = { WARDROBE_INDEX: await temporaryFolder('index') };
    const run = (...args: string[]) => wardrobe(['at', fixture.storeDir, 'check', '--json', ...args], env);
    const store = await run('--store');
    expect([store.code, jsonLines(store.out).at(-1)]).toMatchObject([0, { problems: 0, store: { packfilesNotRead: 0 } }]);
    const share = await run('--percent', '20', '--seed', 'x');
    expect(jsonLines(share.out).at(-1)).toMatchObject({ problems: 0, sample: { percent: 20, seed: 'x' } });
    expect((await run('--percent', '20', '--seed', 'x')).out).toBe(share.out);
    const latest = await run('--latest', '--fast');
    expect(jsonLines(latest.out).at(-1)).toMatchObject({ checked: { snapshots: 1 } });
    for (const args of [
      ['--percent', '0'],
      ['--seed', 'x'],
      ['--store', '--latest'],
      ['--fast', '--store'],
      ['--since', 'soon'],
    ])
      expect([args, (await run(...args)).code]).toEqual([args, 1]);
  });

  it('ls chooses by conditions and periods', async () => {
    const fixture = await unpackFixture(name);
    const env = { WARDROBE_INDEX: await temporaryFolder('index') };
    const ls = async (...args: string[]) => {
      const run = await wardrobe(['at', fixture.storeDir, 'ls', '--json', ...args], env);
      expect(run.code, run.err).toBe(0);
      return jsonLines(run.out).map((line) => String(line['id']));
    };
    const all = await ls();
    const lines = jsonLines((await wardrobe(['at', fixture.storeDir, 'ls', '--json'], env)).out);
    expect(all.length).toBeGreaterThan(1);
    expect(await ls('--latest')).toEqual(all.slice(0, 1));
    expect(await ls('--before', String(lines[1]?.['timestamp']))).toEqual(all.slice(1));
    expect(await ls('--since', String(lines[0]?.['timestamp']))).toEqual(all.slice(0, 1));
    const tag = lines.flatMap((line) => line['tags'] as string[])[0] as string;
    expect(await ls('--tag', tag)).toEqual(lines.filter((line) => (line['tags'] as string[]).includes(tag)).map((line) => String(line['id'])));
    expect(await ls('--tag', `!${tag}`)).toEqual(lines.filter((line) => !(line['tags'] as string[]).includes(tag)).map((line) => String(line['id'])));
    expect(await ls('--per-year', '1')).toEqual(all.slice(0, 1));
    expect(await ls('--per-year', '1', '--group-by', 'root')).toHaveLength(new Set(lines.map((line) => String(line['roots']))).size);
    expect(await ls('--name', 'nobody')).toEqual([]);
  });
});
