import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { childPath, nameBytes, permissionsText, type SnapshotId } from '@wardrobe/kloset-model';
import { availableFixtures, expectedText, type Fixture, unpackFixture } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { openFixture } from '../../test/open-fixture.js';
import type { Repository } from '../repository/types.js';
import { checkSnapshots } from '../bulk/check.js';
import { decode, encode } from '../codec/codec.js';
import type { MsgpackCodec } from '../codec/msgpack.js';
import { vfsEntry } from '../format/snapshot-entry.js';
import { snapshotHeader } from '../format/snapshot-header.js';
import { errorItem, xattrItem } from '../format/snapshot-items.js';
import { object } from '../format/snapshot-object.js';
import { summary } from '../format/snapshot-summary.js';
import { treeNode, treeRoot } from '../format/snapshot-tree.js';
import { isDamaged } from './entry.js';
import { listSnapshots } from './list.js';
import { openSnapshot } from './open.js';
import { listedLines, walkedLines } from './testing/index.js';
import { type SnapshotSource, snapshotSource } from './source.js';
import type { Entry, Snapshot } from './types.js';

/** One line of expected/N-*.jsonl: what lay on the disk that was backed up. */
type Expected = {
  readonly path: string;
  readonly type: string;
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeNs: string;
  readonly size?: number;
  readonly sha256?: string;
  readonly target?: string;
};

const TYPES: Readonly<Record<string, string>> = { dir: 'directory', file: 'file', symlink: 'symlink', fifo: 'fifo' };
const OPEN_MS = 60_000;
/** Tables by blob type. */
const TABLES = new Map<number, unknown>([
  ...([10, 13, 16, 19] as const).map((type) => [type, treeRoot] as const),
  ...([11, 14, 17, 20] as const).map((type) => [type, treeNode] as const),
  ...([
    [5, snapshotHeader],
    [7, object],
    [12, vfsEntry],
    [15, errorItem],
    [18, xattrItem],
    [21, summary],
  ] as const),
]);

/** Every snapshot of a fixture in order of time: deleted ones through coloured locations, hidden ones through orphan packfiles. */
async function allSnapshots(repository: Repository): Promise<Snapshot[]> {
  const orphans = snapshotSource(repository, await repository.withOrphans());
  const hidden = await repository.hidden({ nowMs: Date.now() });
  const snapshots: Snapshot[] = [];
  for (const { id } of [...repository.view.live, ...repository.view.deleted]) snapshots.push(await openSnapshot(repository, id));
  for (const { id } of hidden) snapshots.push(await openSnapshot(orphans, id));
  return snapshots.sort((a, b) => Number(a.header.timestampNs - b.header.timestampNs));
}

async function expectedLines(fixture: Fixture, number: number): Promise<Expected[]> {
  const file = (await readdir(fixture.expectedDir)).find((name) => name.startsWith(`${number}-`) && name.endsWith('.jsonl'));
  if (file === undefined) throw new Error(`no list of snapshot ${number}`);
  return (await expectedText(fixture, file))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Expected);
}

async function sha256(snapshot: Snapshot, entry: Entry): Promise<string> {
  const hash = createHash('sha256');
  if (entry.object === null) throw new Error(`${entry.path.text} has no content`);
  for await (const piece of snapshot.content(await snapshot.object(entry.object))) hash.update(piece);
  return hash.digest('hex');
}

async function described(snapshot: Snapshot, entry: Entry, path: string): Promise<Expected> {
  const common = {
    path,
    type: entry.type,
    mode: permissionsText(entry.permissions),
    uid: Number(entry.uid),
    gid: Number(entry.gid),
    mtimeNs: entry.mtimeNs.toString(),
  };
  if (entry.type === 'file') return { ...common, size: Number(entry.sizeBytes), sha256: await sha256(snapshot, entry) };
  return entry.type === 'symlink' ? { ...common, target: entry.symlinkTarget?.text ?? '' } : common;
}

async function restOf(snapshot: Snapshot): Promise<Map<string, Expected>> {
  const root = snapshot.header.source.directory;
  const found = new Map<string, Expected>();
  for await (const entry of snapshot.walk(root.bytes)) {
    if (isDamaged(entry)) throw entry.damaged;
    const path = entry.path.text.slice(root.text.length) || '/';
    found.set(path, await described(snapshot, entry, path));
  }
  return found;
}

describe.each(availableFixtures())('%s', (name) => {
  it('every file, mode, owner, time and link of every snapshot is what was backed up', { timeout: OPEN_MS }, async () => {
    const fixture = await unpackFixture(name);
    const repository = await openFixture(name);
    const snapshots = await allSnapshots(repository);
    expect(snapshots.length).toBe(name.endsWith('desync') ? 4 : 3);
    for (const [index, snapshot] of snapshots.entries()) {
      const found = await restOf(snapshot);
      const expected = (await expectedLines(fixture, index + 1)).map((line) => ({ ...line, type: TYPES[line.type] ?? line.type }));
      for (const line of expected) expect(found.get(line.path), `${name} ${index + 1} ${line.path}`).toEqual(line);
      expect(found.size).toBe(expected.length);
    }
    await repository.close();
  });

  it('lists every live snapshot, and an entry alone is the same as in its listing', { timeout: OPEN_MS }, async () => {
    const repository = await openFixture(name);
    const ids: SnapshotId[] = [];
    for await (const item of listSnapshots(repository)) {
      if ('error' in item) throw item.error;
      ids.push(item.header.id);
      const snapshot = await openSnapshot(repository, item.header.id);
      const root = item.header.source.directory.bytes;
      for await (const child of snapshot.children(root)) expect(await snapshot.entry(childPath(root, child.name.bytes))).toEqual(child);
      const page = await snapshot.page(root, { limit: 5 });
      expect(page.total).toBeGreaterThanOrEqual(page.entries.length);
    }
    expect(new Set(ids)).toEqual(new Set(repository.view.live.map((snapshot) => snapshot.id)));
    await expect(openSnapshot(repository, repository.mac(nameBytes('none')))).rejects.toMatchObject({ code: 'not-found', kind: 'snapshot' });
    await repository.close();
  });

  it('a listing shows of every entry what the whole entry says', { timeout: OPEN_MS }, async () => {
    const repository = await openFixture(name);
    for (const snapshot of await allSnapshots(repository)) {
      const root = snapshot.header.source.directory.bytes;
      for (const [path, recursive] of [
        [nameBytes('/'), true],
        [root, true],
        [root, false],
      ] as const)
        expect(await listedLines(snapshot, path, recursive)).toEqual(await walkedLines(snapshot, path, recursive));
    }
    await repository.close();
  });

  it('every record that a check reads is written back to the very bytes', { timeout: OPEN_MS }, async () => {
    const repository = await openFixture(name);
    let rewritten = 0;
    const proveBytes = (type: number, bytes: Uint8Array): Uint8Array => {
      const table = TABLES.get(type) as MsgpackCodec<unknown> | undefined;
      if (table === undefined) return bytes;
      if (Buffer.compare(encode(table, decode(table, bytes)), bytes) !== 0) throw new Error(`a record of type ${type} is written otherwise`);
      rewritten += 1;
      return bytes;
    };
    const source: SnapshotSource = {
      ...snapshotSource(repository, repository),
      get: async (type, id, options) => proveBytes(type, await repository.get(type, id, options)),
      async *getMany(type, ids, options) {
        for await (const got of repository.getMany(type, ids, options)) {
          if ('bytes' in got) proveBytes(type, got.bytes);
          yield got;
        }
      },
    };
    const problems = checkSnapshots(source, { snapshots: repository.view.live.map((snapshot) => snapshot.id), fast: true });
    for await (const problem of problems) throw problem.error;
    expect(rewritten).toBeGreaterThan(100);
    await repository.close();
  });
});
