import { createHash } from 'node:crypto';
import { createBlake3 } from '@wardrobe/kernel';
import { KlosetError } from '../errors/errors.js';
import { isDamaged } from '../snapshot/entry.js';
import { contextOf } from '../snapshot/open.js';
import type { ByteName, Entry, Snapshot } from '../snapshot/types.js';
import { batchEntries, type Contents, isSmall, readSmallContents } from './restore-contents.js';

export const DIGESTS = ['SHA256', 'BLAKE3'] as const;
export type DigestName = (typeof DIGESTS)[number];

/** `digest`: plain hash of the content, in hex: what other programs give for the same bytes. */
export type FileDigest =
  | { readonly path: ByteName; readonly sizeBytes: number; readonly digest: string }
  | { readonly path: ByteName; readonly error: KlosetError };
export type DigestOptions = {
  /** A file, or a directory with all that lies below it. A link is followed once. */
  readonly path: Uint8Array;
  readonly hashing: DigestName;
  readonly signal?: AbortSignal | undefined;
};

type Hash = { update(bytes: Uint8Array): unknown; hex(): string };

/** Digests of regular files, each proven whole; what cannot be read is an item of its own. @throws NotFoundError no such path @source 02-snapshot 7.3 */
export async function* digestFiles(snapshot: Snapshot, options: DigestOptions): AsyncGenerator<FileDigest> {
  const { signal } = options;
  const top = await snapshot.entry(options.path, { followLinks: true, signal });
  for await (const batch of batchEntries(snapshot.walk(top.path.bytes, { signal }))) {
    const small = batch.flatMap((entry) => (!isDamaged(entry) && isSmall(entry) ? (entry.object ?? []) : []));
    const contents = await readSmallContents(contextOf(snapshot).source, small, { signal });
    for (const entry of batch) {
      signal?.throwIfAborted();
      if (isDamaged(entry)) yield { path: entry.path, error: entry.damaged };
      else if (entry.type === 'file') yield await digestOne(snapshot, { entry, contents }, options);
    }
  }
}

async function digestOne(
  snapshot: Snapshot,
  { entry, contents }: { readonly entry: Entry; readonly contents: Contents },
  options: DigestOptions,
): Promise<FileDigest> {
  const { path } = entry;
  const hash = createDigest(options.hashing);
  const known = entry.object === null ? new Uint8Array(0) : contents.get(entry.object);
  if (known instanceof KlosetError) return { path, error: known };
  if (known !== undefined) {
    hash.update(known);
    return { path, sizeBytes: known.length, digest: hash.hex() };
  }
  try {
    const object = await snapshot.object(entry.object ?? entry.mac, options);
    for await (const piece of snapshot.content(object, { signal: options.signal })) hash.update(piece);
    return { path, sizeBytes: object.sizeBytes, digest: hash.hex() };
  } catch (error) {
    if (options.signal?.aborted === true || !(error instanceof KlosetError)) throw error;
    return { path, error };
  }
}

function createDigest(name: DigestName): Hash {
  if (name === 'BLAKE3') {
    const hasher = createBlake3();
    return { update: (bytes) => hasher.update(bytes), hex: () => Buffer.from(hasher.digest()).toString('hex') };
  }
  const hasher = createHash('sha256');
  return { update: (bytes) => hasher.update(bytes), hex: () => hasher.digest('hex') };
}
