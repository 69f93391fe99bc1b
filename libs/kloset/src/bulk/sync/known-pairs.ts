import { comparePathOrder, type SnapshotId } from '@wardrobe/kloset-model';
import { KlosetError } from '../../errors/errors.js';
import type { Repository } from '../../repository/types.js';
import type { Abortable } from '../../snapshot/source.js';
import type { SnapshotHeader } from '../../snapshot/types.js';
import { ZERO_MAC } from '../../snapshot/write/entry-payload.js';
import type { ContentMap } from './content-map.js';
import { openRaw, type RawEntry, rawEntries } from './raw-snapshot.js';
import { wholeContents } from './whole-contents.js';

/** A snapshot that both stores have and that is most like `wanted`: of the same source, next to it in time. Null when there is none. */
export function nearestCommon(wanted: SnapshotHeader, common: readonly SnapshotHeader[]): SnapshotHeader | null {
  const distance = ({ timestampNs }: SnapshotHeader): bigint => {
    const between = wanted.timestampNs - timestampNs;
    return between < 0n ? -between : between;
  };
  const isAlike = ({ source }: SnapshotHeader): boolean =>
    source.type === wanted.source.type && source.origin === wanted.source.origin && source.directory.text === wanted.source.directory.text;
  const alike = common.filter(isAlike);
  return alike.reduce<SnapshotHeader | null>((best, header) => (best === null || distance(header) < distance(best) ? header : best), null);
}

/**
 * Learns from a snapshot that both stores have which contents are equal, so that they are not read again. Only metadata is read. A snapshot that cannot be
 * read on either side teaches nothing.
 */
export async function learnPairs(
  stores: { readonly source: Repository; readonly target: Repository },
  id: SnapshotId,
  learn: Abortable & { readonly known: ContentMap },
): Promise<void> {
  try {
    const ours = flat(rawEntries(await openRaw(stores.source, id, learn), learn));
    const theirs = flat(rawEntries(await openRaw(stores.target, id, learn), learn));
    let pairs: Pair[] = [];
    for await (const pair of pairsOf(ours, theirs)) {
      pairs.push(pair);
      if (pairs.length < PAIRS_PER_READ) continue;
      await learnAll(stores.target, pairs, learn);
      pairs = [];
    }
    await learnAll(stores.target, pairs, learn);
  } catch (error) {
    if (!(error instanceof KlosetError)) throw error;
  }
}

type Pair = { readonly ours: RawEntry; readonly theirs: RawEntry };

const PAIRS_PER_READ = 256;

/** Entries of one path, one size and one time, both with a content. */
async function* pairsOf(ours: AsyncIterator<RawEntry>, theirs: AsyncIterator<RawEntry>): AsyncGenerator<Pair> {
  let a = await ours.next();
  let b = await theirs.next();
  while (a.done !== true && b.done !== true) {
    const order = comparePathOrder(a.value.path, b.value.path);
    if (order === 0 && isSameFile(a.value, b.value)) yield { ours: a.value, theirs: b.value };
    const [isBehind, isAhead] = [order <= 0, order >= 0];
    if (isBehind) a = await ours.next();
    if (isAhead) b = await theirs.next();
  }
}

function isSameFile({ record: a }: RawEntry, { record: b }: RawEntry): boolean {
  return a.object !== ZERO_MAC && b.object !== ZERO_MAC && a.file_info.size === b.file_info.size && a.file_info.mod_time === b.file_info.mod_time;
}

async function learnAll(target: Repository, pairs: readonly Pair[], { known, signal }: Abortable & { readonly known: ContentMap }): Promise<void> {
  const unknown = pairs.filter(({ ours }) => known.get(ours.record.object) === null);
  const { view } = target;
  const contents = await wholeContents(
    { blobs: target, has: (type, id) => view.isAvailable(type, id) },
    unknown.map(({ theirs }) => theirs.record.object),
    { signal },
  );
  for (const { ours, theirs } of unknown) {
    const content = contents.get(theirs.record.object);
    if (content !== undefined && BigInt(content.sizeBytes) === theirs.record.file_info.size) known.set(ours.record.object, content);
  }
}

async function* flat<T>(batches: AsyncIterable<readonly T[]>): AsyncGenerator<T> {
  for await (const batch of batches) yield* batch;
}
