import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fsStore } from '@wardrobe/connector-fs';
import { type BlobSource, blobTypeName, checkSnapshots, openRepository, type Repository, snapshotSource } from '@wardrobe/kloset';
import type { Mac, PackfileId, SnapshotId } from '@wardrobe/kloset-model';
import type { Region } from '@wardrobe/testing';

/** One thing in a store that damage is aimed at. `snapshots`: those that need it, as far as blobs go. */
export type StoreTarget = {
  readonly kind: string;
  readonly path: string;
  readonly file: string;
  readonly region: Region | undefined;
  readonly blob: Mac | null;
  readonly snapshots: ReadonlySet<SnapshotId>;
};

export type StoreMap = {
  readonly live: readonly SnapshotId[];
  readonly deleted: readonly SnapshotId[];
  readonly hidden: readonly SnapshotId[];
  /** States that bring each live snapshot. */
  readonly bringers: ReadonlyMap<SnapshotId, readonly string[]>;
  /** Files by kind, and parts of packfiles by kind. */
  readonly targets: ReadonlyMap<string, readonly StoreTarget[]>;
};

type Seen = { readonly type: number; readonly id: Mac; readonly snapshots: Set<SnapshotId> };

/** Reads a sound store once and finds where everything in it lies, and which snapshots read which blob. */
export async function mapStore(directory: string, passphrase: string | undefined): Promise<StoreMap> {
  const repository = await openRepository(fsStore(directory), { passphrase });
  const seen = new Map<string, Seen>();
  const live = repository.view.live.map(({ id }) => id);
  const deleted = repository.view.deleted.map(({ id }) => id);
  const hidden = (await repository.hidden({ nowMs: Date.now() })).map(({ id }) => id);
  for (const id of [...live, ...deleted, ...hidden]) await readAll(repository, id, seen);
  const targets = new Map<string, StoreTarget[]>();
  const add = (target: StoreTarget) => targets.set(target.kind, [...(targets.get(target.kind) ?? []), target]);
  const plain = { region: undefined, blob: null, snapshots: new Set<SnapshotId>() };
  add({ ...plain, kind: 'CONFIG', path: join(directory, 'CONFIG'), file: 'CONFIG' });
  for (const path of await filesIn(join(directory, 'states'))) add({ ...plain, kind: 'state', path, file: path.slice(-64) });
  for (const path of await filesIn(join(directory, 'locks'))) add({ ...plain, kind: 'lock', path, file: path.slice(-64) });
  for (const path of await filesIn(join(directory, 'packfiles'))) for (const target of await packfileTargets(repository, path, seen)) add(target);
  const bringers = new Map(repository.view.live.map((snapshot) => [snapshot.id, snapshot.states]));
  await repository.close();
  return { live, deleted, hidden, bringers, targets };
}

/** Reads a snapshot whole, through a source that writes down what is asked for. */
async function readAll(repository: Repository, snapshot: SnapshotId, seen: Map<string, Seen>): Promise<void> {
  const blobs = await repository.withOrphans();
  const note = (type: number, id: Mac): void => {
    const known = seen.get(`${type}:${id}`) ?? { type, id, snapshots: new Set<SnapshotId>() };
    known.snapshots.add(snapshot);
    seen.set(`${type}:${id}`, known);
  };
  const noting: BlobSource = {
    get(type, id, options) {
      note(type, id);
      return blobs.get(type, id, options);
    },
    getMany(type, ids, options) {
      for (const id of ids) note(type, id);
      return blobs.getMany(type, ids, options);
    },
    has: (type, id) => blobs.has(type, id),
  };
  for await (const problem of checkSnapshots(snapshotSource(repository, noting), { snapshots: [snapshot] })) {
    if (!/stand only in packed listings/.test(problem.error.message)) throw problem.error;
  }
}

async function packfileTargets(repository: Repository, path: string, seen: ReadonlyMap<string, Seen>): Promise<StoreTarget[]> {
  const id = path.slice(-64) as PackfileId;
  const report = await repository.verifyPackfile(id);
  const targets: StoreTarget[] = [];
  const all = new Set<SnapshotId>();
  const used: Region[] = [];
  for (const blob of seen.values()) {
    for (const location of repository.view.locations(blob.type, blob.id)) {
      if (location.packfile !== id) continue;
      const region = { start: 16 + location.offset, end: 16 + location.offset + location.lengthBytes };
      used.push(region);
      for (const snapshot of blob.snapshots) all.add(snapshot);
      targets.push({ kind: `blob: ${blobTypeName(blob.type)}`, path, file: id, region, blob: blob.id, snapshots: blob.snapshots });
    }
  }
  const part = (kind: string, region: Region | undefined): StoreTarget => ({ kind, path, file: id, region, blob: null, snapshots: all });
  const known = repository.view.isPackfileKnown(id);
  targets.push(part(known ? 'packfile' : 'orphan packfile', undefined));
  targets.push(part('packfile header', { start: 0, end: 16 }));
  targets.push(part('packfile index', { start: report.index.at, end: report.index.at + report.index.lengthBytes }));
  targets.push(part('packfile footer record', { start: report.index.at + report.index.lengthBytes, end: report.sizeBytes - 32 }));
  targets.push(part('packfile MAC', { start: report.sizeBytes - 32, end: report.sizeBytes }));
  if (known) for (const region of gaps(used, report.index.at)) targets.push({ ...part('padding', region), snapshots: new Set() });
  return targets;
}

/** What no blob that any snapshot reads covers. */
function gaps(used: readonly Region[], end: number): Region[] {
  const found: Region[] = [];
  let at = 16;
  for (const region of [...used].sort((a, b) => a.start - b.start)) {
    if (region.start > at) found.push({ start: at, end: region.start });
    at = Math.max(at, region.end);
  }
  if (end > at) found.push({ start: at, end });
  return found;
}

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && /^[0-9a-f]{64}$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

export async function firstFile(directory: string, folder: string): Promise<string | undefined> {
  return folder === 'CONFIG' ? join(directory, 'CONFIG') : (await filesIn(join(directory, folder)))[0];
}
