import { macFromBytes } from '../bytes/bytes.js';
import { KlosetError } from '../errors/errors.js';
import type { Mac } from '@wardrobe/kloset-model';
import { readObjects } from '../snapshot/content.js';
import type { ObjectInfo } from '../snapshot/types.js';
import { proveContents } from './check-contents.js';
import type { CheckRun } from './check-run.js';
import { ListingDigest } from './listing-digest.js';
import { ListingFrames } from './listing-frames.js';

/**
 * What `BulkCheck.listings` tells, without threads: each packed listing comes over the line once, all of them together. By the MACs of their objects the hash over
 * the children of each; null where the careful way is to be taken, which says what is wrong.
 */
export async function listingDigests(run: CheckRun, ids: readonly Mac[]): Promise<readonly (Uint8Array | null)[]> {
  const { source, options } = run;
  const digests = new Map<Mac, Uint8Array>();
  // What is wrong with an object the careful way says.
  const read = await readObjects(source, ids, { signal: options.signal });
  const objects = [...read.values()].flatMap((object) => (object instanceof KlosetError ? [] : object));
  const digest = new ListingDigest();
  const prover = { proves: (bytes: Uint8Array, mac: Uint8Array) => source.proves?.(bytes, mac) ?? source.mac(bytes) === macFromBytes(mac) };
  let frames = new ListingFrames(prover, digest);
  let areFrames = true;
  const onChunk = (_: ObjectInfo, bytes: Uint8Array): void => {
    areFrames = areFrames && frames.take(bytes);
  };
  for await (const { object, findings, chunks, bytes } of proveContents(source, objects, { signal: options.signal, onChunk })) {
    if (findings.length === 0) {
      run.objects.found(object.mac, { chunks, bytes });
      if (areFrames && frames.isWhole && chunks > 0) digests.set(object.mac, digest.finish());
    }
    frames = new ListingFrames(prover, digest);
    areFrames = true;
  }
  return ids.map((id) => digests.get(id) ?? null);
}
