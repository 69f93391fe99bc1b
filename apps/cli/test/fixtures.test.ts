import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { availableFixtures, expectedText, type Fixture, temporaryFolder, unpackFixture } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { jsonLines, wardrobe } from './run-wardrobe.js';

type Expected = { path: string; type: string; mode: string; uid: number; gid: number; mtimeNs: string; size?: number; sha256?: string; target?: string };

const asRoot = process.getuid?.() === 0;

function envOf(fixture: Fixture, index: string): Record<string, string> {
  return { WARDROBE_INDEX: index, ...(fixture.passphrase === undefined ? {} : { WARDROBE_PASSPHRASE: fixture.passphrase }) };
}

/** Expected listings in the order of their number, with the snapshot each belongs to. */
async function expectedSnapshots(fixture: Fixture, env: Record<string, string>): Promise<{ file: string; id: string; flag: string[] }[]> {
  const files = (await readdir(fixture.expectedDir)).filter((file) => /^\d-.*\.jsonl$/.test(file)).sort();
  const listed = jsonLines((await wardrobe(['at', fixture.storeDir, 'ls', '--json', '--deleted', '--hidden'], env)).out).sort((a, b) =>
    String(a['timestamp']) < String(b['timestamp']) ? -1 : 1,
  );
  expect(listed).toHaveLength(files.length);
  return files.map((file, place) => {
    const availability = listed[place]?.['availability'];
    return { file, id: String(listed[place]?.['id']), flag: availability === undefined ? [] : [`--${String(availability)}`] };
  });
}

function compareEntry(directory: string, expected: Expected): void {
  const file = join(directory, expected.path);
  const found = lstatSync(file, { bigint: true });
  const about = `${expected.path}`;
  if (expected.type === 'file') {
    const content = readFileSync(file);
    expect(createHash('sha256').update(content).digest('hex'), about).toBe(expected.sha256);
    expect(content.length, about).toBe(expected.size);
  }
  if (expected.type === 'symlink') {
    expect(readlinkSync(file), about).toBe(expected.target);
    return;
  }
  expect(`0o${(Number(found.mode) & 0o7777).toString(8)}`, about).toBe(expected.mode);
  if (asRoot) expect([Number(found.uid), Number(found.gid)], about).toEqual([expected.uid, expected.gid]);
  const away = found.mtimeNs - BigInt(expected.mtimeNs);
  expect(away < 1000n && away > -1000n, `${about}: mtime ${found.mtimeNs} for ${expected.mtimeNs}`).toBe(true);
}

describe.each(availableFixtures())('%s', (name) => {
  it('restores every entry as it was backed up, deleted and hidden snapshots too', async () => {
    const fixture = await unpackFixture(name);
    const env = envOf(fixture, await temporaryFolder('index'));
    const snapshots = await expectedSnapshots(fixture, env);
    for (const { file, id, flag } of snapshots) {
      const to = join(await temporaryFolder('restore'), 'out');
      const run = await wardrobe(['at', fixture.storeDir, 'restore', '--to', to, ...flag, id], env);
      expect(run.code, run.err).toBe(0);
      for (const line of (await expectedText(fixture, file)).split('\n')) if (line) compareEntry(to, JSON.parse(line) as Expected);
    }
  });

  it('cat prints the same bytes, several files in a row', async () => {
    const fixture = await unpackFixture(name);
    const env = envOf(fixture, await temporaryFolder('index'));
    for (const { file, id, flag } of await expectedSnapshots(fixture, env)) {
      const files = (await expectedText(fixture, file))
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Expected)
        .filter((entry) => entry.type === 'file')
        .slice(0, 40);
      const run = await wardrobe(
        ['at', fixture.storeDir, 'cat', ...flag, ...files.map((entry) => `${id}:${encodeURIComponent(entry.path.slice(1)).replaceAll('%2F', '/')}`)],
        env,
      );
      expect(run.code, run.err).toBe(0);
      let offset = 0;
      for (const entry of files) {
        const end = offset + (entry.size ?? 0);
        expect(createHash('sha256').update(run.bytes.subarray(offset, end)).digest('hex'), entry.path).toBe(entry.sha256);
        offset = end;
      }
      expect(run.bytes.length).toBe(offset);
    }
  });

  it('deleted and hidden snapshots are reached only when asked for', async () => {
    const fixture = await unpackFixture(name);
    const env = envOf(fixture, await temporaryFolder('index'));
    for (const { id, flag } of await expectedSnapshots(fixture, env)) {
      if (flag.length === 0) continue;
      expect((await wardrobe(['at', fixture.storeDir, 'ls', id], env)).code).toBe(1);
    }
  });
});
