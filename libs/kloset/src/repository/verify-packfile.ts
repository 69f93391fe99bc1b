import type { Mac, PackfileId } from '@wardrobe/kloset-model';
import { macFromBytes } from '../bytes/bytes.js';
import { IntegrityError } from '../errors/errors.js';
import { packfileRecords } from '../packfile/packfile-tail.js';
import type { ReadOptions } from '../store/store.js';
import type { Location } from './blob-reader.js';
import type { Keys } from './keys.js';
import { readPackfileIndex } from './orphans.js';
import { readAgainIfWrong } from './second-reading.js';
import type { PackfileReport } from './types.js';
import { verifyEnvelope } from './verify-envelope.js';

/**
 * `onIndex`: told the plain index; may throw. `form`: the form of names met last, to spare a hash where reading twice costs little; it is kept up to date.
 * Without it both are worked out at once.
 */
type Examined = { readonly id: PackfileId; readonly onIndex: (index: Uint8Array) => void; readonly form?: { name: NameForm } | undefined };
/** The name of a packfile is the MAC of its body; or, from builders in memory, of its plain index and its body. @source 01-store 4.4 */
export type NameForm = 'body' | 'index and body';
const NAME_FORMS: readonly NameForm[] = ['body', 'index and body'];

/** Reads a packfile once from end to end, without holding it; over a line once more before it counts as damaged. @source 01-store 2.1, 4.3, 4.4 */
export function verifyPackfile(keys: Keys, packfile: Examined, options: ReadOptions): Promise<PackfileReport> {
  return readAgainIfWrong(keys.store, options, (again) => verifyOnce(keys, packfile, again));
}

async function verifyOnce(keys: Keys, packfile: Examined, options: ReadOptions): Promise<PackfileReport> {
  const { id, form } = packfile;
  const sizeBytes = await keys.store.sizeBytes('packfile', id, options);
  const { tail, index } = await readPackfileIndex(keys, { id, sizeBytes }, options);
  packfile.onIndex(index);
  const first = form === undefined ? NAME_FORMS : [form.name];
  let nameKnown = (await verifyBytes(keys, { id, sizeBytes, index, forms: first }, options)) !== null;
  if (!nameKnown && form !== undefined) {
    const other = await verifyBytes(keys, { id, sizeBytes, index, forms: NAME_FORMS.filter((name) => name !== form.name) }, options);
    form.name = other ?? form.name;
    nameKnown = other !== null;
  }
  return { id, sizeBytes, blobs: tail.count, nameKnown, packedAtNs: tail.packedAtNs, index: { at: tail.indexAt, lengthBytes: tail.indexBytes } };
}

type Whole = { readonly id: PackfileId; readonly sizeBytes: number; readonly index: Uint8Array; readonly forms: readonly NameForm[] };

/** Which of some forms its name has, or null. @throws IntegrityError its footer is not that of its bytes; DecodeError its header */
async function verifyBytes(keys: Keys, { id, sizeBytes, index, forms }: Whole, options: ReadOptions): Promise<NameForm | null> {
  const names = forms.map((form) => ({ form, mac: keys.algorithm.create() }));
  for (const { form, mac } of names) if (form === 'index and body') mac.update(index);
  const onBody = (body: Uint8Array): void => {
    for (const { mac } of names) mac.update(body);
  };
  await verifyEnvelope(keys, { kind: 'packfile', id, sizeBytes, onBody }, options);
  return names.find(({ mac }) => macFromBytes(mac.digest()) === id)?.form ?? null;
}

/** `placed`: where the states say that a blob lies in this packfile; undefined where they do not say. */
type Placed = { readonly id: PackfileId; readonly isKnown: boolean; readonly placed: (type: number, blob: Mac) => Location | undefined };

/** @throws IntegrityError a state places a blob elsewhere than the packfile's own index does, or none of its blobs is placed in it */
export function checkPlaces(index: Uint8Array, { id, isKnown, placed }: Placed): void {
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
