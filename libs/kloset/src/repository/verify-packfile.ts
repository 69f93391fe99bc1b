import type { Mac, PackfileId } from '@wardrobe/kloset-model';
import { concatBytes, equalBytes, macFromBytes } from '../bytes/bytes.js';
import { IntegrityError } from '../errors/errors.js';
import { FOOTER_BYTES, HEADER_BYTES, readEnvelopeHeader } from '../format/envelope.js';
import { packfileRecords } from '../packfile/packfile-tail.js';
import type { ReadOptions } from '../store/store.js';
import type { Location } from './blob-reader.js';
import type { Keys } from './keys.js';
import { readPackfileIndex } from './orphans.js';
import { readAgainIfWrong } from './second-reading.js';
import type { PackfileReport } from './types.js';

/** `placed`: where the states say that a blob lies in this packfile; undefined where they do not say. */
type Examined = { readonly id: PackfileId; readonly isKnown: boolean; readonly placed: (type: number, blob: Mac) => Location | undefined };

/** Reads a packfile once from end to end, without holding it; over a line once more before it counts as damaged. @source 01-store 2.1, 4.3, 4.4 */
export function verifyPackfile(keys: Keys, packfile: Examined, options: ReadOptions): Promise<PackfileReport> {
  return readAgainIfWrong(keys.store, options, (again) => verifyOnce(keys, packfile, again));
}

async function verifyOnce(keys: Keys, packfile: Examined, options: ReadOptions): Promise<PackfileReport> {
  const { id } = packfile;
  const place = { kind: 'packfile', file: id };
  const sizeBytes = await keys.store.sizeBytes('packfile', id, options);
  const { tail, index } = await readPackfileIndex(keys, { id, sizeBytes }, options);
  checkPlaces(index, packfile);
  const whole = keys.algorithm.create();
  const nameOnDisk = keys.algorithm.create();
  const nameInMemory = keys.algorithm.create();
  nameInMemory.update(index);
  const header: Uint8Array[] = [];
  const footer: Uint8Array[] = [];
  let at = 0;
  for await (const piece of keys.store.read('packfile', id, options)) {
    const covered = piece.subarray(0, Math.max(0, sizeBytes - FOOTER_BYTES - at));
    const body = covered.subarray(Math.max(0, HEADER_BYTES - at));
    if (at < HEADER_BYTES) header.push(covered.slice(0, HEADER_BYTES - at));
    footer.push(piece.slice(covered.length));
    whole.update(covered);
    nameOnDisk.update(body);
    nameInMemory.update(body);
    at += piece.length;
  }
  readEnvelopeHeader('packfile', concatBytes(header), place);
  if (at !== sizeBytes || !equalBytes(whole.digest(), concatBytes(footer))) throw new IntegrityError('packfile', 'its footer differs from its bytes', place);
  const names = [macFromBytes(nameOnDisk.digest()), macFromBytes(nameInMemory.digest())];
  return {
    id,
    sizeBytes,
    blobs: tail.count,
    nameKnown: names.includes(id),
    packedAtNs: tail.packedAtNs,
    index: { at: tail.indexAt, lengthBytes: tail.indexBytes },
  };
}

/** The part of it that needs the states: a packfile whose bytes are proven lies as they say. @throws as `verifyPackfile` */
export async function verifyPlaces(keys: Keys, packfile: Examined, options: ReadOptions): Promise<void> {
  const sizeBytes = await keys.store.sizeBytes('packfile', packfile.id, options);
  checkPlaces((await readPackfileIndex(keys, { id: packfile.id, sizeBytes }, options)).index, packfile);
}

/** @throws IntegrityError a state places a blob elsewhere than the packfile's own index does, or none of its blobs is placed in it */
function checkPlaces(index: Uint8Array, { id, isKnown, placed }: Examined): void {
  const at = { kind: 'packfile', file: id };
  let found = 0;
  for (const record of packfileRecords(index)) {
    const place = record.type > 0xff ? undefined : placed(record.type, record.id);
    if (place !== undefined) found += 1;
    if (place === undefined || (place.offset === record.offset && place.lengthBytes === record.lengthBytes)) continue;
    throw new IntegrityError('packfile', `its index has blob ${record.id} at ${record.offset}, a state at ${place.offset}`, at);
  }
  if (isKnown && found === 0) throw new IntegrityError('packfile', 'it holds none of the blobs that the states place in it', at);
}
