import { macToBytes } from '../../bytes/bytes.js';
import { encode } from '../../codec/codec.js';
import { KlosetError } from '../../errors/errors.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import { DIRPACK_DIRECTORY, DIRPACK_OTHER, dirpackFrameHead } from '../../format/snapshot-dirpack.js';
import type { Repository } from '../../repository/types.js';
import { namedChildren } from '../../snapshot/children.js';
import { createContext, type SnapshotContext } from '../../snapshot/context.js';
import { readEntry } from '../../snapshot/entry.js';
import { loadHeader } from '../../snapshot/open.js';
import { cutAgain } from './cut-again.js';
import type { LostBlob, LostPlace, RecoverySource } from './types.js';

const MAC_BYTES = 32;

/** Packed listings made again from the tree and the entries of the snapshot itself. @source 02-snapshot 2.5 */
export function listingSource(repository: Repository): RecoverySource {
  return {
    name: 'the trees of the store itself',
    async *candidates(lost, { signal }) {
      if (lost.type !== SNAPSHOT_BLOB.chunk && lost.type !== SNAPSHOT_BLOB.object) return;
      for (const place of lost.places) if (place.isListing) yield* fromTree(repository, { lost, place }, signal);
    },
  };
}

async function* fromTree(
  repository: Repository,
  wanted: { readonly lost: LostBlob; readonly place: LostPlace },
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const { lost, place } = wanted;
  try {
    const context = createContext(repository, await loadHeader(repository, place.snapshot, { signal }));
    const pieces = frames(context, place.path ?? new Uint8Array([0x2f]), signal);
    const options = { contentType: 'application/octet-stream', entropy: 'none' } as const;
    yield* cutAgain(repository, { pieces, type: lost.type, options });
  } catch (error) {
    // A tree that cannot be read is a finding of its own.
    if (signal?.aborted === true || !(error instanceof KlosetError) || error.retryable) throw error;
  }
}

async function* frames(context: SnapshotContext, directory: Uint8Array, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  for await (const child of namedChildren(context, directory, { signal })) {
    if ('gap' in child) throw child.gap;
    const payload = await context.source.get(SNAPSHOT_BLOB.vfsEntry, child.mac, { signal });
    const kind = readEntry(payload, child.mac).type === 'directory' ? DIRPACK_DIRECTORY : DIRPACK_OTHER;
    yield encode(dirpackFrameHead, { kind, length: payload.length + MAC_BYTES });
    yield payload;
    yield macToBytes(child.mac);
  }
}
