import { createHash } from 'node:crypto';
import { fsStore } from '@wardrobe/connector-fs';
import {
  backup,
  checkSnapshots,
  createStore,
  deriveSecret,
  downgrade,
  isDamaged,
  openRepository,
  openSnapshot,
  readConfig,
  type Repository,
  restoreTo,
  type Snapshot,
  type StoreLine,
} from '@wardrobe/kloset';
import { type Mac, nameBytes, type SnapshotId } from '@wardrobe/kloset-model';
import type { Fact, Macs } from './facts.js';

/** Wardrobe's engine on one store, as one machine without an index of its own. */
export type Ours = {
  create(options: OurStore): Promise<void>;
  /** Answers the snapshot's id. `anew`: nothing is taken over from the snapshot before. */
  backup(path: string, options?: { readonly anew?: boolean }): Promise<string>;
  /** What a full check of all snapshots finds, in words. */
  problems(): Promise<readonly string[]>;
  digest(snapshot: string): Promise<{
    readonly facts: readonly Fact[];
    readonly macs: readonly Macs[];
    readonly roots: Readonly<Record<string, string>>;
    readonly errors: readonly string[];
  }>;
  /** Answers what could not be restored. */
  restore(snapshot: string, path: string, to: string): Promise<readonly string[]>;
  snapshots(): Promise<readonly string[]>;
  /** Opens a store again to plakar 1.0; answers the number of states rewritten. */
  downgrade(): Promise<number>;
};

export type OurStore = {
  readonly line: StoreLine;
  readonly hashing: 'BLAKE3' | 'SHA256';
  readonly compression: 'LZ4' | 'GZIP' | null;
  readonly kdf?: { readonly memoryKiB: number; readonly passes: number } | undefined;
};

export function ours(folder: string, options: { readonly passphrase: string | null; readonly origin: string }): Ours {
  const { passphrase, origin } = options;
  // Deriving it each time would be most of the work.
  let secret: Uint8Array | undefined;
  async function within<T>(use: (repository: Repository) => Promise<T>): Promise<T> {
    const store = fsStore(folder);
    try {
      if (passphrase !== null) secret ??= await deriveSecret(await readConfig(store), passphrase);
      return await use(await openRepository(store, { secret }));
    } finally {
      await store.close();
    }
  }
  return {
    create: (made) => createStore(fsStore(folder), { ...made, passphrase }),
    backup: (path, { anew = false } = {}) =>
      within(async (repository) => (await backup(repository, { paths: [nameBytes(path)], origin, usePrevious: !anew })).snapshot),
    problems: () => within((repository) => problemsOf(repository)),
    digest: (snapshot) => within((repository) => digestOf(repository, snapshot as SnapshotId)),
    restore: (snapshot, path, to) => within((repository) => restoreOf(repository, { snapshot: snapshot as SnapshotId, path, to })),
    downgrade: () => within((repository) => downgrade(repository)),
    snapshots: () => within((repository) => Promise.resolve(repository.view.live.map(({ id }) => id))),
  };
}

async function problemsOf(repository: Repository): Promise<readonly string[]> {
  const problems: string[] = [];
  const snapshots = repository.view.live.map(({ id }) => id);
  for await (const { snapshot, path, what, error } of checkSnapshots(repository, { snapshots }))
    problems.push(`${snapshot.slice(0, 8)} ${path?.text ?? ''} ${what}: ${error.message}`);
  return problems;
}

async function restoreOf(
  repository: Repository,
  request: { readonly snapshot: SnapshotId; readonly path: string; readonly to: string },
): Promise<readonly string[]> {
  const problems: string[] = [];
  const restoring = restoreTo(await openSnapshot(repository, request.snapshot), { path: nameBytes(request.path), directory: request.to, verify: true });
  // A socket is an address of a running program; neither plakar makes one anew.
  for await (const { path, what, error } of restoring)
    if (what !== 'type' || !error.message.includes('socket')) problems.push(`${path.text} ${what}: ${error.message}`);
  return problems;
}

async function digestOf(repository: Repository, id: SnapshotId): Promise<Awaited<ReturnType<Ours['digest']>>> {
  const snapshot = await openSnapshot(repository, id);
  const sums = new Map<Mac, string>();
  const attributes = new Map<string, { readonly name: string; readonly size: number; readonly sha256: string }[]>();
  for await (const { path, name, sizeBytes, object } of snapshot.xattrs()) {
    const key = base64(path.bytes);
    const values = attributes.get(key) ?? [];
    values.push({ name: base64(name.bytes), size: sizeBytes, sha256: await sumOf(snapshot, object, sums) });
    attributes.set(key, values);
  }
  const facts: Fact[] = [];
  const macs: Macs[] = [];
  for await (const entry of snapshot.walk(nameBytes('/'))) {
    if (isDamaged(entry)) throw entry.damaged;
    const path = base64(entry.path.bytes);
    const xattrs = (attributes.get(path) ?? []).sort((left, right) => Buffer.compare(Buffer.from(left.name, 'base64'), Buffer.from(right.name, 'base64')));
    const { type, permissions: mode, nlink, uid, gid, dev, ino, mtimeNs, sizeBytes, symlinkTarget, object } = entry;
    const target = symlinkTarget === null ? '' : base64(symlinkTarget.bytes);
    const sha256 = object === null ? '' : await sumOf(snapshot, object, sums);
    const numbers = { uid: String(uid), gid: String(gid), mtimeNs: String(mtimeNs), size: Number(sizeBytes), dev: String(dev), ino: String(ino) };
    facts.push({ path, type, mode, nlink, target, sha256, xattrs, ...numbers });
    const contentType = object === null ? '' : (await snapshot.object(object)).contentType;
    macs.push({ path, entry: entry.mac, object: object ?? '', contentType, xattrs: [] });
  }
  const errors: string[] = [];
  for await (const { path, message } of snapshot.errors()) errors.push(`${path.text}: ${message}`);
  const { roots, indexes } = snapshot.header;
  return { facts, macs, roots: { ...roots, ...Object.fromEntries(indexes.map(({ name, value }) => [name, value])) }, errors };
}

async function sumOf(snapshot: Snapshot, object: Mac, sums: Map<Mac, string>): Promise<string> {
  const known = sums.get(object);
  if (known !== undefined) return known;
  const hash = createHash('sha256');
  for await (const piece of snapshot.content(await snapshot.object(object))) hash.update(piece);
  const sum = hash.digest('hex');
  sums.set(object, sum);
  return sum;
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
