import type { PackfileId } from '@wardrobe/kloset-model';
import { collectGarbage } from '@wardrobe/store-connector';
import { KlosetError } from '../errors/errors.js';
import { BLOB_TYPE } from '../format/state.js';
import { packfileRecords } from '../packfile/packfile-tail.js';
import { readPackfileIndex } from './orphans.js';
import type { Repository, StateView } from './types.js';

export type AdoptOptions = {
  /** Whether somebody else works on the store. */
  readonly isBeside: boolean;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
};
/** `index`: the plain one. */
export type Adopted = { readonly id: PackfileId; readonly packedAtNs: bigint; readonly index: Uint8Array };

type ListedPackfiles = readonly { readonly id: PackfileId; readonly sizeBytes: number }[];

/** With a fresh lock of somebody else (which a killed run leaves behind too) no more than this is read. */
const BESIDE_OTHERS_BYTES = 1 << 30;

/** `listUnknown` in the background; nobody need wait for it, and its failure is met by who does. */
export function beginListing(repository: Repository, signal: AbortSignal | undefined): { readonly found: Promise<ListedPackfiles>; stop(): void } {
  const end = new AbortController();
  const found = listUnknown(repository, signal === undefined ? end.signal : AbortSignal.any([signal, end.signal]));
  found.catch(() => undefined);
  return { found, stop: () => end.abort() };
}

/**
 * Packfiles of the store that the view does not know. To be asked for no later than the states that `adoptOrphans` knows, so that what another run publishes
 * meanwhile is not taken for left behind.
 */
async function listUnknown({ view, store }: Repository, signal: AbortSignal | undefined): Promise<ListedPackfiles> {
  const unknown: { readonly id: PackfileId; readonly sizeBytes: number }[] = [];
  for await (const { id, sizeBytes } of store.list('packfile', { signal })) if (isUnknown(view, id)) unknown.push({ id, sizeBytes });
  return unknown;
}

function isUnknown(view: StateView, id: PackfileId): boolean {
  return !view.isPackfileKnown(id) && !view.isPackfileTombstoned(id) && !view.isPackfileColoured(id);
}

/**
 * Of the `listed` packfiles those that no state names, left by a run that did not get to its end, each read whole and proven by its hashes: what they hold need
 * not be stored again. Those that hold a snapshot are left alone: they belong to a lost state, which `repair` publishes. Packfiles of a run that is still going on may be among them;
 * naming them too does no harm, but reading many of them would take long, so that then only few are looked at.
 * @source 01-store 6.1
 */
export async function adoptOrphans(repository: Repository, listed: ListedPackfiles, options: AdoptOptions): Promise<readonly Adopted[]> {
  const { signal } = options;
  const { view } = repository;
  const orphans = listed.filter(({ id }) => isUnknown(view, id));
  const totalBytes = orphans.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (options.isBeside && totalBytes > BESIDE_OTHERS_BYTES) return [];
  const adopted: Adopted[] = [];
  for (const [done, orphan] of orphans.entries()) {
    options.onProgress?.(done, orphans.length);
    const found = await prove(repository, orphan, signal);
    if (found !== null) adopted.push(found);
  }
  // What listings over a line left behind goes before threads take memory of their own.
  if (repository.store.line !== undefined) collectGarbage();
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
