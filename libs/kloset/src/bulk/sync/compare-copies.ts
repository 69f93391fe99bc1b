import { NIL_UUID } from '../../bytes/bytes.js';
import { equalBytes, type Mac, nameText, type SnapshotId } from '@wardrobe/kloset-model';
import { encode } from '../../codec/codec.js';
import { IntegrityError } from '../../errors/errors.js';
import { vfsEntry } from '../../format/snapshot-entry.js';
import { snapshotHeader, type SnapshotHeaderRecord } from '../../format/snapshot-header.js';
import { summary } from '../../format/snapshot-summary.js';
import { readContent, readObject } from '../../snapshot/content.js';
import { readBack } from './read-back.js';
import type { Abortable, SnapshotSource } from '../../snapshot/source.js';
import { ZERO_MAC } from '../../snapshot/write/entry-payload.js';
import { checkSnapshots } from '../check.js';
import type { ContentMap } from './content-map.js';
import { onlySource, openRaw, type RawEntry, rawEntries, type RawError, rawErrors, type RawXattr, rawXattrs } from './raw-snapshot.js';
import { SYNCED_FROM } from './sync-types.js';

export type CompareOptions = Abortable & {
  /** Which content of the target each of the source's became. */
  readonly known: ContentMap;
  /** Objects of the target whose contents are read back. */
  readonly readBack: Iterable<Mac>;
  /** Contents of both stores are compared byte by byte, all of them. */
  readonly compareAll?: boolean | undefined;
  readonly onEntries?: ((entries: number) => void) | undefined;
};

/**
 * Proves that a snapshot is the same in both stores: header, every entry with every member, errors and attributes, and that the target has all that it names.
 * Contents: what was read from the source was hashed with the target's key, and what is read back from the target must have that hash.
 * @throws IntegrityError naming the first difference
 */
export async function compareCopies(
  stores: { readonly source: SnapshotSource; readonly target: SnapshotSource },
  id: SnapshotId,
  options: CompareOptions,
): Promise<void> {
  const ours = await openRaw(stores.source, id, options);
  const theirs = await openRaw(stores.target, id, options);
  expectSame(id, 'its header', sameHeader(ours.header, theirs.header));
  const objects = new Map<Mac, Mac>();
  const compared = { count: 0 };
  await inStep(rawEntries(ours, options), rawEntries(theirs, options), (a: RawEntry | undefined, b: RawEntry | undefined) => {
    const path = nameText((a ?? b)?.path ?? new Uint8Array(0));
    expectSame(id, path, a !== undefined && b !== undefined && sameEntry(a, b, options.known));
    compared.count += 1;
    if (compared.count % 256 === 0) options.onEntries?.(compared.count);
    if (options.compareAll === true && a !== undefined && b !== undefined && a.record.object !== ZERO_MAC) objects.set(a.record.object, b.record.object);
  });
  await inStep(rawErrors(ours, options), rawErrors(theirs, options), (a: RawError | undefined, b: RawError | undefined) =>
    expectSame(id, 'its list of errors', a !== undefined && b !== undefined && equalBytes(a.name, b.name) && equalBytes(a.error, b.error)),
  );
  await inStep(rawXattrs(ours, options), rawXattrs(theirs, options), (a: RawXattr | undefined, b: RawXattr | undefined) => {
    expectSame(id, 'its extended attributes', a !== undefined && b !== undefined && sameXattr(a, b, options.known));
    if (options.compareAll === true && a !== undefined && b !== undefined) objects.set(a.object, b.object);
  });
  for await (const problem of checkSnapshots(stores.target, { snapshots: [id], fast: true, signal: options.signal })) throw problem.error;
  await readBack(stores.target, options.readBack, options);
  for (const [a, b] of objects) expectSame(id, `the content ${a}`, await sameContent(stores, { ours: a, theirs: b }, options));
}

function expectSame(id: SnapshotId, what: string, isSame: boolean): void {
  if (!isSame) throw new IntegrityError(`the copy of snapshot ${id}`, `${what} is not as in the original`, { kind: 'snapshot', file: id });
}

/** Everything but what names trees, who signed, and where it was copied from. */
function sameHeader(a: SnapshotHeaderRecord, b: SnapshotHeaderRecord): boolean {
  const rest = (header: SnapshotHeaderRecord): Uint8Array => {
    const { importer, context } = onlySource(header);
    const none = ZERO_MAC;
    return encode(snapshotHeader, {
      ...header,
      identity: { identifier: NIL_UUID, public_key: null },
      dataset: header.dataset ?? new Uint8Array(0),
      data_classes: header.data_classes ?? [],
      context: (header.context ?? []).filter(({ key }) => nameText(key) !== SYNCED_FROM),
      sources: [{ importer, context, root: { root: none, xattrs: none, errors: none }, indexes: [], summary: summary.zero }],
    });
  };
  return equalBytes(rest(a), rest(b));
}

/** All members but those in which the lines differ; a size as the content has it. */
function sameEntry(a: RawEntry, b: RawEntry, known: ContentMap): boolean {
  const ours = a.record.object === ZERO_MAC ? null : known.get(a.record.object);
  if ((ours?.object ?? ZERO_MAC) !== b.record.object) return false;
  const bare = ({ record }: RawEntry, size: bigint): Uint8Array =>
    encode(vfsEntry, { ...record, file_info: { ...record.file_info, size }, summary: null, object: ZERO_MAC, content_type: NOTHING, entropy: 0, chunks: 0n });
  const size = ours === null ? a.record.file_info.size : BigInt(ours.sizeBytes);
  return equalBytes(a.path, b.path) && equalBytes(bare(a, size), bare(b, b.record.file_info.size));
}

const NOTHING = new Uint8Array(0);

function sameXattr(a: RawXattr, b: RawXattr, known: ContentMap): boolean {
  return equalBytes(a.path, b.path) && equalBytes(a.name, b.name) && a.type === b.type && known.get(a.object)?.object === b.object;
}

async function sameContent(
  stores: { readonly source: SnapshotSource; readonly target: SnapshotSource },
  object: { readonly ours: Mac; readonly theirs: Mac },
  options: Abortable,
): Promise<boolean> {
  const ours = pieces(readContent(stores.source, await readObject(stores.source, object.ours, options), options));
  const theirs = pieces(readContent(stores.target, await readObject(stores.target, object.theirs, options), options));
  for (;;) {
    const a = await ours.peek();
    const b = await theirs.peek();
    if (a === null || b === null) return a === b;
    const length = Math.min(a.length, b.length);
    if (!equalBytes(a.subarray(0, length), b.subarray(0, length))) return false;
    ours.skip(length);
    theirs.skip(length);
  }
}

/** A stream that is taken in pieces of any length. */
function pieces(stream: AsyncIterable<Uint8Array>): { peek(): Promise<Uint8Array | null>; skip(lengthBytes: number): void } {
  const iterator = stream[Symbol.asyncIterator]();
  let current: Uint8Array = NOTHING;
  return {
    async peek() {
      while (current.length === 0) {
        const next = await iterator.next();
        if (next.done === true) return null;
        current = next.value;
      }
      return current;
    },
    skip(lengthBytes) {
      current = current.subarray(lengthBytes);
    },
  };
}

/** Items of two lists side by side; undefined where one is shorter. */
async function inStep<T>(
  ours: AsyncIterable<readonly T[]>,
  theirs: AsyncIterable<readonly T[]>,
  compare: (a: T | undefined, b: T | undefined) => void,
): Promise<void> {
  const [a, b] = [items(ours), items(theirs)];
  for (;;) {
    const [left, right] = [await a.next(), await b.next()];
    if (left.done === true && right.done === true) return;
    compare(left.done === true ? undefined : left.value, right.done === true ? undefined : right.value);
  }
}

async function* items<T>(batches: AsyncIterable<readonly T[]>): AsyncGenerator<T> {
  for await (const batch of batches) yield* batch;
}
