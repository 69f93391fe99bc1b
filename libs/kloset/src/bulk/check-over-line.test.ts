import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Mac, nameBytes, type SnapshotId, type StateId } from '@wardrobe/kloset-model';
import { temporaryFolder } from '@wardrobe/testing';
import { fsStore } from '@wardrobe/connector-fs';
import { describe, expect, it } from 'vitest';
import { HEADER_BYTES } from '../format/envelope.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import { openRepository } from '../repository/repository.js';
import { lineTo } from '../repository/testing/line-store.js';
import type { Repository } from '../repository/types.js';
import { openSnapshot } from '../snapshot/open.js';
import type { ObjectInfo } from '../snapshot/types.js';
import { type BuildEntry, buildSnapshot, createStoreWriter, keystream } from '../snapshot/testing/index.js';
import { checkSnapshots } from './check.js';

const DIRECTORIES = 40;
const FILES = 6;
const MINUTES = 60_000;

/** Directories whose listings have several chunks, files with an attribute each, and errors. */
function someEntries(): BuildEntry[] {
  const stream = keystream('over a line');
  return Array.from({ length: DIRECTORIES * FILES }, (_, file) => ({
    path: `/d${file % DIRECTORIES}/f${file}`,
    content: stream.bytes(100 + file),
    xattrs: { 'user.one': `value ${file}` },
  }));
}

/** A store in which each blob lies in a packfile of its own: nothing comes with anything else. */
async function scatteredStore(): Promise<{ readonly directory: string; readonly snapshot: SnapshotId }> {
  const directory = join(await temporaryFolder('line'), 'store');
  const writer = await createStoreWriter(directory, { line: '1.1', seed: 'scattered', packfileBytes: 1, paddingBytes: 16 });
  const errors = Object.fromEntries(Array.from({ length: 300 }, (_, number) => [`/d1/e${number}`, 'no leave']));
  const snapshot = buildSnapshot(writer, someEntries(), { form: '1.1', chunkBytes: 700, errors });
  writer.closePackfile();
  writer.writeState('5'.repeat(64) as StateId, 1n);
  return { directory, snapshot };
}

describe('a check over a line', () => {
  it('asks for trees, listings and attributes together: it waits a few times, not once for each', { timeout: MINUTES }, async () => {
    const { directory, snapshot } = await scatteredStore();
    const line = lineTo(fsStore(directory), { inRounds: true });
    const repository = await openRepository(line.store);
    const problems: unknown[] = [];
    for await (const problem of checkSnapshots(repository, { snapshots: [snapshot] })) problems.push(problem);
    expect(problems).toEqual([]);
    const requests = line.calls.filter((call) => call === 'range packfile').length;
    expect(requests).toBeGreaterThan(1500);
    // 36 where nothing else runs; 753 when each tree waited for the one before, and each listing too.
    expect(line.rounds).toBeLessThan(120);
    expect(line.underWay).toBe(0);
    await repository.close();
  });

  it('names what is wrong with the trees at the end in the same order as on the disk', { timeout: MINUTES }, async () => {
    const { directory, snapshot } = await scatteredStore();
    const local = await openRepository(fsStore(directory));
    const header = (await openSnapshot(local, snapshot)).header;
    const damaged = [header.roots.xattrs, header.roots.errors, ...header.indexes.map(({ value }) => value)];
    const types = [SNAPSHOT_BLOB.xattrRoot, SNAPSHOT_BLOB.errorRoot, ...header.indexes.map(() => SNAPSHOT_BLOB.indexRoot)];
    for (const [index, id] of damaged.entries()) await spoil(directory, local.view.locations(types[index] as number, id)[0]?.packfile);
    const expected = await found(local, snapshot);
    expect(expected.map(([, id]) => id)).toEqual(damaged);
    const remote = await openRepository(lineTo(fsStore(directory)).store);
    expect(await found(remote, snapshot)).toEqual(expected);
    await local.close();
    await remote.close();
  });

  it('leaves nothing under way when no more problems are wanted', { timeout: MINUTES }, async () => {
    const { directory, snapshot } = await scatteredStore();
    const local = await openRepository(fsStore(directory));
    const [chunk] = (await firstObject(local, snapshot)).chunks;
    await spoil(directory, local.view.locations(SNAPSHOT_BLOB.chunk, chunk?.mac as Mac)[0]?.packfile);
    const line = lineTo(fsStore(directory), { inRounds: true });
    const remote = await openRepository(line.store);
    let problems = 0;
    for await (const _ of checkSnapshots(remote, { snapshots: [snapshot] })) {
      problems += 1;
      break;
    }
    expect(problems).toBe(1);
    expect(line.underWay).toBe(0);
    const asked = line.calls.length;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(line.calls.length).toBe(asked);
    await local.close();
    await remote.close();
  });

  it.each([1, 6, 15, 25])('ends when its signal aborts, in round %i, and leaves nothing under way', { timeout: MINUTES }, async (round) => {
    const { directory, snapshot } = await scatteredStore();
    const stop = new AbortController();
    const reason = new Error('enough');
    const line = lineTo(fsStore(directory), { inRounds: true, onRound: (number) => (number === round ? stop.abort(reason) : undefined) });
    const remote = await openRepository(line.store);
    const check = checkSnapshots(remote, { snapshots: [snapshot], signal: stop.signal });
    await expect(check.next()).rejects.toBe(reason);
    expect(line.rounds).toBe(round);
    expect(line.underWay).toBe(0);
    await remote.close();
  });
});

async function found(repository: Repository, snapshot: SnapshotId): Promise<readonly (readonly [string, Mac | string | null])[]> {
  const problems: (readonly [string, Mac | string | null])[] = [];
  for await (const { what, id } of checkSnapshots(repository, { snapshots: [snapshot] })) problems.push([what, id]);
  return problems;
}

async function firstObject(repository: Repository, id: SnapshotId): Promise<ObjectInfo> {
  const snapshot = await openSnapshot(repository, id);
  const entry = await snapshot.entry(nameBytes('/d0/f0'));
  return snapshot.object(entry.object as Mac);
}

/** Changes the middle of a packfile with one blob. */
async function spoil(directory: string, packfile: Mac | undefined): Promise<void> {
  if (packfile === undefined) throw new Error('it was stored');
  const file = join(directory, 'packfiles', packfile.slice(0, 2), packfile);
  const bytes = await readFile(file);
  await writeFile(
    file,
    bytes.map((byte, at) => (at > HEADER_BYTES && at < HEADER_BYTES + 60 ? byte ^ 4 : byte)),
  );
}
