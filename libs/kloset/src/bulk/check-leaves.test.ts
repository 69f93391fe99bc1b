import { join } from 'node:path';
import { fsStore } from '@wardrobe/connector-fs';
import type { Mac, SnapshotId } from '@wardrobe/kloset-model';
import { temporaryFolder } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { decode, encode } from '../codec/codec.js';
import { SNAPSHOT_BLOB } from '../format/snapshot-blob-types.js';
import { DIRPACK_DIRECTORY, DIRPACK_OTHER } from '../format/snapshot-dirpack.js';
import { treeNode } from '../format/snapshot-tree.js';
import { createStore } from '../repository/create-store.js';
import { openRepository } from '../repository/repository.js';
import { blobIds } from '../repository/testing/blob-ids.js';
import { flipBlob } from '../repository/testing/flip-blob.js';
import { lineTo } from '../repository/testing/line-store.js';
import type { Repository } from '../repository/types.js';
import { openWriter } from '../repository/writer.js';
import { snapshotSource } from '../snapshot/source.js';
import { type BuildEntry, buildSnapshot, keystream } from '../snapshot/testing/index.js';
import { checkSnapshots } from './check.js';

const DIRECTORIES = 45;
const FILES = 64;
const DAMAGED_OF_A_KIND = process.env['WARDROBE_TEST_LONG'] === '1' ? 20 : 2;
const LYING = 40;
const SWAPPED = 20;
const MINUTES = 60_000;

type Store = { readonly directory: string; readonly repository: Repository; readonly snapshots: readonly SnapshotId[] };

/** More entries than are read together, in leaves that end anywhere. `changed`: one file is another. */
function entriesOf(changed: number): BuildEntry[] {
  const entries: BuildEntry[] = [];
  for (let directory = 0; directory < DIRECTORIES; directory++)
    for (let file = 0; file < FILES; file++)
      entries.push({ path: `/d${directory}/f${file}`, content: directory === changed && file === 7 ? `another ${changed}` : `some ${directory} ${file % 50}` });
  return entries;
}

/**
 * Snapshots with almost the same leaves; the third one's listing of one directory says of a file that it is a directory, and in the last one's tree two leaves stand in
 * the wrong order.
 */
async function newStore(): Promise<Store> {
  const directory = join(await temporaryFolder('leaves'), 'store');
  await createStore(fsStore(directory), { line: '1.1', passphrase: null });
  const repository = await openRepository(fsStore(directory));
  const snapshots: SnapshotId[] = [];
  for (const changed of [-1, 11, LYING, SWAPPED]) {
    const writer = await openWriter(repository, { lock: 'none' });
    const lies = (type: number, bytes: Uint8Array): boolean =>
      changed === LYING && type === SNAPSHOT_BLOB.chunk && bytes[0] === DIRPACK_OTHER && Buffer.from(bytes).includes(`/d${LYING}`);
    const target = {
      put: (type: number, bytes: Uint8Array, id?: Mac): Mac =>
        writer.put(type, lies(type, bytes) ? lied(bytes) : changed === SWAPPED && type === SNAPSHOT_BLOB.vfsNode ? swapped(bytes) : bytes, id),
      mac: (bytes: Uint8Array) => repository.mac(lies(SNAPSHOT_BLOB.chunk, bytes) ? lied(bytes) : bytes),
    };
    snapshots.push(buildSnapshot(target, entriesOf(changed), { form: '1.1', tags: [`${changed}`] }));
    await writer.commit();
    await writer.close();
  }
  return { directory, repository, snapshots };
}

/** An inner node whose second and third child have changed places. */
function swapped(bytes: Uint8Array): Uint8Array {
  const node = decode(treeNode, bytes);
  const [first, second, third, ...rest] = node.pointers ?? [];
  if (first === undefined || second === undefined || third === undefined) return bytes;
  return encode(treeNode, { ...node, pointers: [first, third, second, ...rest] });
}

function lied(bytes: Uint8Array): Uint8Array {
  return Uint8Array.of(DIRPACK_DIRECTORY, ...bytes.subarray(1));
}

async function told(source: Parameters<typeof checkSnapshots>[0], snapshots: readonly SnapshotId[]): Promise<string[]> {
  const problems: string[] = [];
  for await (const { snapshot, path, what, id, error } of checkSnapshots(source, { snapshots }))
    problems.push(`${snapshot} ${path?.text} ${what} ${id} ${error.code} ${error.message}`);
  return problems;
}

/** What each snapshot is told of by itself, one after the other: there is nothing that one could know from another. */
async function alone(source: Parameters<typeof checkSnapshots>[0], snapshots: readonly SnapshotId[]): Promise<string[]> {
  const problems: string[] = [];
  for (const snapshot of snapshots) problems.push(...(await told(source, [snapshot])));
  return problems;
}

/** Some blobs of one type, of all its blobs in the order of their ids. */
function someOf({ repository }: Store, type: number): Mac[] {
  const picks = keystream(`leaves ${type}`).bytes(4 * DAMAGED_OF_A_KIND);
  const sorted = blobIds(repository, type);
  return Array.from({ length: DAMAGED_OF_A_KIND }, (_, pick) => sorted[Buffer.from(picks).readUInt32LE(4 * pick) % sorted.length] as Mac);
}

describe('snapshots that share leaves', () => {
  it('are told of together what each is told of by itself, whatever is damaged', { timeout: 10 * MINUTES }, async () => {
    const store = await newStore();
    const { directory, repository, snapshots } = store;
    const careful = snapshotSource(repository, repository);
    const [, , lying = '', last = ''] = snapshots;
    const whole = await told(repository, snapshots);
    expect(whole.filter((problem) => !problem.startsWith(lying) && !problem.startsWith(last))).toEqual([]);
    expect(whole.filter((problem) => problem.startsWith(lying)).join()).toContain(`/d${LYING}`);
    expect(whole.filter((problem) => problem.startsWith(last)).join()).toContain('its keys do not follow those before it');
    expect(whole).toEqual(await alone(careful, snapshots));
    for (const type of [SNAPSHOT_BLOB.vfsEntry, SNAPSHOT_BLOB.object, SNAPSHOT_BLOB.chunk, SNAPSHOT_BLOB.vfsNode, SNAPSHOT_BLOB.indexNode]) {
      for (const id of someOf(store, type)) {
        const mend = await flipBlob(store, type, id);
        const expected = await alone(careful, snapshots);
        expect(expected.length, `blob ${id} of type ${type}`).toBeGreaterThan(whole.length);
        expect(await told(careful, snapshots)).toEqual(expected);
        expect(await told(repository, snapshots)).toEqual(expected);
        const remote = await openRepository(lineTo(fsStore(directory)).store);
        expect(await told(remote, snapshots)).toEqual(expected);
        await remote.close();
        await mend();
      }
    }
    await repository.close();
  });
});
