import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { copyFixtureStore, expectedText, temporaryFolder, unpackFixture } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { jsonLines, wardrobe } from './run-wardrobe.js';

type Expected = { path: string; type: string; sha256?: string };

async function opened(name: Parameters<typeof unpackFixture>[0]) {
  const fixture = await unpackFixture(name);
  const env = { WARDROBE_INDEX: await temporaryFolder('index'), ...(fixture.passphrase === undefined ? {} : { WARDROBE_PASSPHRASE: fixture.passphrase }) };
  const run = (...args: string[]) => wardrobe(['at', fixture.storeDir, ...args], env);
  const files = (await expectedText(fixture, '2-team.jsonl'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Expected)
    .filter(({ type }) => type === 'file');
  // Snapshot 2 of the story: the newest of /srv/team that is live in both fixtures.
  const [team] = jsonLines((await run('ls', '--json', '--root', '/srv/team', '--latest')).out);
  return { run, files, id: String(team?.['id']) };
}

describe.each(['v10-plain-desync', 'v11-plain-desync'] as const)('%s', (name) => {
  it('digest: the hashes of what was backed up; locate: where a name lies; archive: the same contents, in each format', async () => {
    const { run, files, id } = await opened(name);
    const digests = await run('digest', '--json', id);
    expect(digests.code, digests.err).toBe(0);
    const found = new Map(jsonLines(digests.out).map((line) => [String(line['path']), line['digest']]));
    const byPath = new Map(files.map((file) => [`/srv/team${file.path}`, file.sha256]));
    const known = [...byPath].filter(([path]) => found.has(path));
    expect(known.length).toBeGreaterThan(files.length / 2);
    for (const [path, sha256] of known) expect(found.get(path), path).toBe(sha256);

    const located = await run('locate', '*.md', '--snapshot', id.slice(0, 8), '--json');
    const names = [...found.keys()].filter((path) => path.endsWith('.md')).sort();
    expect(
      jsonLines(located.out)
        .map((line) => line['path'])
        .sort(),
    ).toEqual(names);
    expect(jsonLines(located.out)[0]?.['snapshot']).toBe(id);

    const folder = await temporaryFolder('archive');
    for (const [format, file, unpack] of [
      ['tar', 'a.tar', ['tar', '-xf']],
      ['tgz', 'a.tar.gz', ['tar', '-xzf']],
    ] as const) {
      const made = await run('archive', '--format', format, '--rebase', '--output', join(folder, file), id);
      expect(made.code, made.err).toBe(0);
      const out = await temporaryFolder('unpacked');
      execFileSync(unpack[0], [unpack[1], join(folder, file)], { cwd: out });
      for (const [path, digest] of found) {
        const content = await readFile(join(out, path.slice('/srv/team'.length))).catch(() => null);
        if (content !== null) expect(createHash('sha256').update(content).digest('hex'), path).toBe(digest);
      }
      expect((await readdir(out)).length).toBeGreaterThan(3);
    }
    const piped = await run('archive', '--format', 'tar', '--output', '-', id);
    const whole = execFileSync('tar', ['-tf', '-'], { input: piped.bytes }).toString('utf8');
    expect(whole.split('\n')[0]).toBe('srv/team/');
    expect((await run('archive', '--output', join(folder, 'a.tar'), id)).code).toBe(1);
  });
});

describe('finding', () => {
  it('BLAKE3 is the plain one, and names of any bytes are found and can be given back', async () => {
    const { run, id } = await opened('v10-plain-desync');
    const [first] = jsonLines((await run('digest', '--hashing', 'blake3', '--json', id)).out);
    expect(String(first?.['digest'])).toMatch(/^[0-9a-f]{64}$/);
    expect((await run('digest', '--hashing', 'MD5', id)).code).toBe(1);
    const odd = (await run('locate', '*%FF*', '--snapshot', id)).out.split('\n')[0] ?? '';
    if (odd !== '') expect((await run('ls', odd)).code).toBe(0);
    const none = await run('locate', 'no-such-name');
    expect([none.code, none.out, none.err]).toMatchObject([0, '', expect.stringContaining('nothing of that name')]);
    expect((await run('locate', 'a/b')).code).toBe(1);
  });
  it('damage ends with 65, names the file, and leaves no archive', async () => {
    const store = await copyFixtureStore('v10-plain-desync');
    const env = { WARDROBE_INDEX: await temporaryFolder('index') };
    const ids = jsonLines((await wardrobe(['at', store, 'ls', '--json'], env)).out).map((line) => String(line['id']));
    const folders = await readdir(join(store, 'packfiles'));
    const packfiles = (
      await Promise.all(folders.map(async (bucket) => (await readdir(join(store, 'packfiles', bucket))).map((file) => join(store, 'packfiles', bucket, file))))
    ).flat();
    const sizes = await Promise.all(packfiles.map(async (file) => ({ file, bytes: await readFile(file) })));
    const largest = sizes.sort((a, b) => b.bytes.length - a.bytes.length)[0] as (typeof sizes)[number];
    for (let at = 200; at < largest.bytes.length - 2000; at += 997) largest.bytes[at] = (largest.bytes[at] ?? 0) ^ 0xff;
    await writeFile(largest.file, largest.bytes);
    const folder = await temporaryFolder('archive');
    for (const id of ids) {
      const digests = await wardrobe(['at', store, 'digest', id], env);
      if (digests.code === 0) continue;
      expect([digests.code, digests.err.length > 0]).toEqual([65, true]);
      expect((await wardrobe(['at', store, 'archive', '--output', join(folder, 'a.tar.gz'), id], env)).code).toBe(65);
      expect(await readdir(folder)).toEqual([]);
      return;
    }
    throw new Error('no snapshot was hit');
  });
});
