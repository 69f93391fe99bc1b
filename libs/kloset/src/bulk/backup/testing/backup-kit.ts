import { setImmediate as nextTurn } from 'node:timers/promises';
import { nameBytes, type SnapshotId } from '@wardrobe/kloset-model';
import { createStore, type CreateOptions } from '../../../repository/create-store.js';
import { openRepository } from '../../../repository/repository.js';
import type { Repository } from '../../../repository/types.js';
import { isDamaged } from '../../../snapshot/entry.js';
import { openSnapshot } from '../../../snapshot/open.js';
import type { Entry } from '../../../snapshot/types.js';
import type { WritableStore } from '../../../store/store.js';
import { checkSnapshots } from '../../check.js';

export const PASSPHRASE = 'a phrase for tests only';
const SMALL_KDF = { memoryKiB: 64, passes: 1 };

/** A fresh store of one line, opened. */
export async function freshRepository(
  store: WritableStore,
  options: { readonly line: '1.0' | '1.1'; readonly encrypted?: boolean } & Pick<CreateOptions, 'hashing' | 'compression'>,
): Promise<Repository> {
  const passphrase = options.encrypted === true ? PASSPHRASE : null;
  await createStore(store, { ...options, passphrase, kdf: SMALL_KDF });
  return openRepository(store, passphrase === null ? {} : { passphrase });
}

/** Everything of a snapshot, by path as text. Fails on damage. */
export async function entriesOf(repository: Repository, id: SnapshotId, path = '/'): Promise<Map<string, Entry>> {
  const snapshot = await openSnapshot(repository, id);
  const entries = new Map<string, Entry>();
  for await (const entry of snapshot.walk(nameBytes(path))) {
    if (isDamaged(entry)) throw entry.damaged;
    entries.set(Buffer.from(entry.path.bytes).toString('latin1'), entry);
  }
  return entries;
}

export async function contentOf(repository: Repository, id: SnapshotId, entry: Entry | undefined): Promise<Buffer> {
  if (entry?.object == null) throw new Error('no content');
  const snapshot = await openSnapshot(repository, id);
  const pieces: Uint8Array[] = [];
  for await (const piece of snapshot.content(await snapshot.object(entry.object))) pieces.push(piece);
  return Buffer.concat(pieces);
}

export async function errorsOf(repository: Repository, id: SnapshotId): Promise<Record<string, string>> {
  const errors: Record<string, string> = {};
  for await (const { path, message } of (await openSnapshot(repository, id)).errors()) errors[path.text] = message;
  return errors;
}

/** Messages of a full check of one snapshot. */
export async function problemsOf(repository: Repository, id: SnapshotId): Promise<string[]> {
  const problems: string[] = [];
  for await (const { what, path, error } of checkSnapshots(repository, { snapshots: [id] })) problems.push(`${path?.text} ${what}: ${error.message}`);
  return problems;
}

/** Lets what waits run: timers, uploads. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await nextTurn();
}
