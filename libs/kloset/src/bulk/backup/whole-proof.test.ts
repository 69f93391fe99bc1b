import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { nameBytes } from '@wardrobe/kloset-model';
import { temporaryFolder } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import type { Repository } from '../../repository/types.js';
import { openWriter } from '../../repository/writer.js';
import { openSnapshot } from '../../snapshot/open.js';
import { memoryStore } from '@wardrobe/connector-memory';
import { backup } from './backup.js';
import { entriesOf, freshRepository, problemsOf } from './testing/backup-kit.js';
import { proofHolds, readProof } from './whole-proof.js';

let folder: string;
let tree: string;

beforeAll(async () => {
  folder = await temporaryFolder('proof');
  tree = `${folder}/tree`;
  mkdirSync(tree);
  for (let i = 0; i < 20; i++) writeFileSync(`${tree}/${i}`, `file ${i}`);
});

afterAll(() => void execFileSync('rm', ['-rf', folder]));

const request = () => ({ paths: [nameBytes(tree)], origin: 'workshop' });

/** Reads of objects during `work`, which is what a proof saves. */
async function objectReads(repository: Repository, work: () => Promise<unknown>): Promise<number> {
  let reads = 0;
  const { getMany } = repository;
  repository.getMany = (type, ids, options) => {
    if (type === SNAPSHOT_BLOB.object) reads += ids.length;
    return getMany.call(repository, type, ids, options);
  };
  await work();
  repository.getMany = getMany;
  return reads;
}

describe('the note that a snapshot is whole', () => {
  test('saves reading objects while nothing was taken away, and never hides that something was', async () => {
    const repository = await freshRepository(memoryStore(), { line: '1.1' });
    const options = { proofDirectory: `${folder}/notes-a` };
    const first = await backup(repository, request(), options);
    expect(proofHolds(await readProof(options.proofDirectory, repository), first.snapshot, repository.view)).toBe(true);
    expect(await objectReads(repository, async () => expect(await backup(repository, request(), options)).toMatchObject({ unchanged: 20 }))).toBe(0);
    const last = await backup(repository, request(), options);
    expect(await problemsOf(repository, last.snapshot)).toEqual([]);

    const entries = await entriesOf(repository, last.snapshot);
    const { chunks } = await (await openSnapshot(repository, last.snapshot)).object(entries.get(`${tree}/7`)?.object ?? ('' as never));
    const [place] = repository.view.locations(SNAPSHOT_BLOB.chunk, chunks[0]?.mac ?? ('' as never));
    const writer = await openWriter(repository, { lock: 'none' });
    writer.colour(4, place?.packfile ?? ('' as never));
    await writer.commit();
    await writer.close();
    expect(proofHolds(await readProof(options.proofDirectory, repository), last.snapshot, repository.view)).toBe(false);
    const after = await backup(repository, request(), options);
    expect(after.unchanged).toBe(0);
    // What is whole now is noted again: the colour is known to it.
    expect(proofHolds(await readProof(options.proofDirectory, repository), after.snapshot, repository.view)).toBe(true);
  });

  test('counts for nothing when a state that it rests on is gone', async () => {
    const store = memoryStore();
    const repository = await freshRepository(store, { line: '1.1' });
    const options = { proofDirectory: `${folder}/notes-b` };
    const first = await backup(repository, request(), options);
    const { snapshot } = await backup(repository, request(), options);
    store.items.state.delete(first.snapshot);
    await repository.refresh();
    expect(proofHolds(await readProof(options.proofDirectory, repository), snapshot, repository.view)).toBe(false);
    const after = await backup(repository, request(), options);
    expect(after.unchanged).toBe(0);
    expect(await problemsOf(repository, after.snapshot)).toEqual([]);
  });

  test('is not believed when it was altered or is of another store', async () => {
    const repository = await freshRepository(memoryStore(), { line: '1.1' });
    const directory = `${folder}/notes-c`;
    const { snapshot } = await backup(repository, request(), { proofDirectory: directory });
    const path = `${directory}/${readdirSync(directory)[0]}`;
    const text = readFileSync(path, 'utf8');
    for (const altered of [text.replace('"version":1', '"version":2'), text.slice(0, -5), '', 'x\ny', text.slice(1)]) {
      writeFileSync(path, altered);
      expect(await readProof(directory, repository)).toBe(null);
    }
    writeFileSync(path, text);
    expect((await readProof(directory, repository))?.snapshot).toBe(snapshot);
    expect(await readProof(`${folder}/none`, repository)).toBe(null);
    // A folder that cannot be written is no reason to fail.
    const notes: string[] = [];
    await backup(repository, request(), { proofDirectory: `${tree}/0`, onNote: (note) => notes.push(note) });
    expect(notes).toEqual([expect.stringContaining('could not be noted')]);
  });
});
