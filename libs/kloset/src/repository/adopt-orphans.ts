import type { Mac, PackfileId } from '@wardrobe/kloset-model';
import { KlosetError } from '../errors/errors.js';
import { BLOB_TYPE } from '../format/state.js';
import { packfileRecords } from '../packfile/packfile-tail.js';
import { isFresh } from './hold-lock.js';
import { readPackfileIndex } from './orphans.js';
import type { Repository } from './types.js';

export type AdoptOptions = {
  readonly ownLock: Mac;
  readonly nowMs: number;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
};
/** `index`: the plain one. */
export type Adopted = { readonly id: PackfileId; readonly packedAtNs: bigint; readonly index: Uint8Array };

/** With a fresh lock of somebody else (which a killed run leaves behind too) no more than this is read. */
const BESIDE_OTHERS_BYTES = 1 << 30;

/**
 * Packfiles that no state names, left by a run that did not get to its end, each read whole and proven by its hashes: what they hold need not be stored again.
 * Those that hold a snapshot are left alone: they belong to a lost state, which `repair` publishes. Packfiles of a run that is still going on may be among them;
 * naming them too does no harm, but reading many of them would take long, so that then only few are looked at.
 * @source 01-store 6.1
 */
export async function adoptOrphans(repository: Repository, options: AdoptOptions): Promise<readonly Adopted[]> {
  const { signal } = options;
  const { view, store } = repository;
  const others = (await repository.locks({ signal })).filter((lock) => lock.id !== options.ownLock && isFresh(lock, options.nowMs));
  const orphans: { readonly id: PackfileId; readonly sizeBytes: number }[] = [];
  for await (const { id, sizeBytes } of store.list('packfile', { signal })) {
    if (!view.isPackfileKnown(id) && !view.isPackfileTombstoned(id) && !view.isPackfileColoured(id)) orphans.push({ id, sizeBytes });
  }
  const totalBytes = orphans.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (others.length > 0 && totalBytes > BESIDE_OTHERS_BYTES) return [];
  const adopted: Adopted[] = [];
  for (const [done, orphan] of orphans.entries()) {
    options.onProgress?.(done, orphans.length);
    const found = await prove(repository, orphan, signal);
    if (found !== null) adopted.push(found);
  }
  return adopted;
}

/** Null when it holds a snapshot, or is damaged: then nothing is built upon it. */
async function prove(
  repository: Repository,
  orphan: { readonly id: PackfileId; readonly sizeBytes: number },
  signal: AbortSignal | undefined,
): Promise<Adopted | null> {
  try {
    const { tail, index } = await readPackfileIndex(repository.keys, orphan, { signal });
    for (const { type } of packfileRecords(index)) if (type === BLOB_TYPE.snapshot || type === BLOB_TYPE.signature || type > 0xff) return null;
    const report = await repository.verifyPackfile(orphan.id, { signal });
    return report.nameKnown ? { id: orphan.id, packedAtNs: tail.packedAtNs, index } : null;
  } catch (error) {
    if (signal?.aborted === true || !(error instanceof KlosetError)) throw error;
    return null;
  }
}
