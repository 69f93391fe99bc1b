import { NIL_UUID } from '../../bytes/bytes.js';
import { equalBytes, type Mac, nameText, type SnapshotId } from '@wardrobe/kloset-model';
import { scanItems } from '../../btree/scan.js';
import type { Tree } from '../../btree/tree.js';
import { encode } from '../../codec/codec.js';
import { IntegrityError } from '../../errors/errors.js';
import { vfsEntry } from '../../format/snapshot-entry.js';
import { snapshotHeader, type SnapshotHeaderRecord } from '../../format/snapshot-header.js';
import { summary } from '../../format/snapshot-summary.js';
import { readContent, readObject } from '../../snapshot/content.js';
import type { Abortable } from '../../snapshot/source.js';
import { ZERO_MAC } from '../../snapshot/write/entry-payload.js';
import { checkSnapshots } from '../check.js';
import type { ContentMap } from './content-map.js';
import { type EqualCopies, equalFiles, equalXattrs, isSameTree } from './equal-copies.js';
import { type EqualTrees, type PairedItem, pairedItems } from './paired-items.js';
import { SYNCED_FROM } from './provenance.js';
import { entriesAt, onlySource, type RawEntry, type RawError, rawErrors, type RawXattr, xattrsAt } from './raw-snapshot.js';
import { readBack } from './read-back.js';
import { wholeContents } from './whole-contents.js';

export type CompareOptions = Abortable & {
  /** Which content of the target each of the source's became. */
  readonly known: ContentMap;
  /** An earlier snapshot and its proven copy: what is the same on both sides as there is equal and not read. */
  readonly equal: EqualCopies | null;
  /** Both stores have one key: equal MACs are equal blobs. */
  readonly oneKey?: boolean | undefined;
  /** Objects of the target whose contents are read back. */
  readonly readBack: Iterable<Mac>;
  /** Contents of both stores are compared byte by byte, all of them. */
  readonly compareAll?: boolean | undefined;
  readonly onEntries?: ((entries: number) => void) | undefined;
};

const BATCH = 1024;

/**
 * Proves that a snapshot is the same in both stores: header, every entry with every member, errors and attributes, and that the target has all that it names.
 * Contents: what was read from the source was hashed with the target's key, and what is read back from the target must have that hash. The copy need not be
 * published: it is read as its source has it.
 * @throws IntegrityError naming the first difference
 */
export async function compareCopies(copies: EqualCopies, options: CompareOptions): Promise<void> {
  const { ours, theirs } = copies;
  const id = ours.context.header.id;
  const target = theirs.context.source;
  expectSame(id, 'its header', sameHeader(ours.header, theirs.header));
  const comparison: Comparison = { ...copies, id, options, objects: new Map() };
  await compareFiles(comparison);
  if (!isSameTree(options.equal, copies, ({ context }) => context.header.roots.errors))
    await inStep(rawErrors(ours, options), rawErrors(theirs, options), (a: RawError | undefined, b: RawError | undefined) =>
      expectSame(id, 'its list of errors', a !== undefined && b !== undefined && equalBytes(a.name, b.name) && equalBytes(a.error, b.error)),
    );
  if (!isSameTree(options.equal, copies, ({ context }) => context.header.roots.xattrs)) await compareXattrs(comparison);
  for await (const problem of checkSnapshots(target, { snapshots: [id], fast: true, withoutFiles: true, signal: options.signal })) throw problem.error;
  await readBack(target, options.readBack, options);
  for (const [a, b] of comparison.objects) expectSame(id, `the content ${a}`, await sameContent(comparison, { ours: a, theirs: b }));
}

/** `objects`: contents that are to be compared byte by byte. */
type Comparison = EqualCopies & { readonly id: SnapshotId; readonly options: CompareOptions; readonly objects: Map<Mac, Mac> };
type Item = PairedItem & { readonly there: Mac };

/** Items of a tree in both copies, those that are not the same as in the earlier pair. */
async function* differing(
  { id, options }: Comparison,
  trees: { readonly ours: Tree; readonly theirs: Tree; readonly equal: EqualTrees | null },
): AsyncGenerator<readonly Item[]> {
  const there = scanItems(trees.theirs, options);
  const isEqual = (item: PairedItem, mac: Mac): boolean => item.kept === mac || (options.oneKey === true && options.compareAll !== true && item.mac === mac);
  let count = 0;
  for await (const batch of pairedItems(trees.ours, trees.equal, { batch: BATCH, signal: options.signal })) {
    const items: Item[] = [];
    for (const item of batch) {
      const next = await there.next();
      expectSame(id, nameText(item.key), next.done !== true && equalBytes(next.value.key, item.key));
      if (next.done !== true && !isEqual(item, next.value.value)) items.push({ ...item, there: next.value.value });
    }
    count += batch.length;
    options.onEntries?.(count);
    if (items.length > 0) yield items;
  }
  const rest = await there.next();
  expectSame(id, rest.done === true ? '' : nameText(rest.value.key), rest.done === true);
}

async function compareFiles(comparison: Comparison): Promise<void> {
  const { ours, theirs, id, options } = comparison;
  const trees = { ours: await ours.context.files(), theirs: await theirs.context.files(), equal: await equalFiles(options.equal) };
  for await (const items of differing(comparison, trees)) {
    const copies = await entriesAt(
      theirs,
      items.map(({ key, there }) => ({ path: key, mac: there })),
      options,
    );
    const settled = options.equal === null ? new Set<number>() : await sameAsKept(comparison, items, copies);
    const rest = items.flatMap((_item, index) => (settled.has(index) ? [] : [index]));
    const originals = await entriesAt(
      ours,
      rest.map((index) => nameOf(items[index] as Item)),
      options,
    );
    for (const [at, index] of rest.entries()) {
      const [a, b] = [originals[at] as RawEntry, copies[index] as RawEntry];
      expectSame(id, nameText(a.path), sameEntry(a, b, options));
      if (options.compareAll === true && a.record.object !== ZERO_MAC) comparison.objects.set(a.record.object, b.record.object);
    }
    await expectWhole(
      comparison,
      copies.map(({ record }) => record.object),
    );
  }
}

function nameOf({ key, mac }: Item): Omit<RawEntry, 'record'> {
  return { path: key, mac };
}

/** Entries that were written in another form than their equals of the earlier copy, and say the same. */
async function sameAsKept({ options }: Comparison, items: readonly Item[], copies: readonly RawEntry[]): Promise<ReadonlySet<number>> {
  const kept = items.flatMap(({ key, kept: mac }, index) => (mac === null ? [] : [{ index, path: key, mac }]));
  const earlier = options.equal === null ? [] : await entriesAt(options.equal.theirs, kept, options);
  return new Set(kept.flatMap(({ index }, at) => (sameRecord(earlier[at] as RawEntry, copies[index] as RawEntry) ? [index] : [])));
}

async function compareXattrs(comparison: Comparison): Promise<void> {
  const { ours, theirs, id, options } = comparison;
  const trees = { ours: await ours.context.xattrs(), theirs: await theirs.context.xattrs(), equal: await equalXattrs(options.equal) };
  for await (const items of differing(comparison, trees)) {
    const originals = await xattrsAt(
      ours.context.source,
      items.map(({ mac }) => mac),
      options,
    );
    const copies = await xattrsAt(
      theirs.context.source,
      items.map(({ there }) => there),
      options,
    );
    const earlier = await keptXattrs(comparison, items);
    for (const [index, a] of originals.entries()) {
      const b = copies[index] as RawXattr;
      const kept = earlier.get(items[index] as Item);
      const isKept = kept !== undefined && kept.object === b.object && isOneAttribute(kept, b);
      expectSame(id, 'its extended attributes', isKept || sameXattr(a, b, options));
      if (options.compareAll === true) comparison.objects.set(a.object, b.object);
    }
    await expectWhole(
      comparison,
      copies.map(({ object }) => object),
    );
  }
}

async function keptXattrs({ options }: Comparison, items: readonly Item[]): Promise<ReadonlyMap<Item, RawXattr>> {
  const kept = items.filter((item) => item.kept !== null);
  if (options.equal === null) return new Map();
  const ids = kept.map((item) => item.kept as Mac);
  const found = await xattrsAt(options.equal.theirs.context.source, ids, options);
  return new Map(kept.map((item, index) => [item, found[index] as RawXattr]));
}

/** Contents are there with all their chunks, and nothing of them is scheduled for deletion. */
async function expectWhole({ theirs, id, options }: Comparison, objects: readonly Mac[]): Promise<void> {
  const source = theirs.context.source;
  const wanted = new Set(objects.filter((object) => object !== ZERO_MAC));
  const found = await wholeContents({ blobs: source, has: (type, blob) => source.has(type, blob) }, wanted, options);
  for (const object of wanted) expectSame(id, `the content ${object}`, found.has(object));
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
function sameEntry(a: RawEntry, b: RawEntry, { known, oneKey }: CompareOptions): boolean {
  const isOne = oneKey === true && a.record.object === b.record.object && a.record.object !== ZERO_MAC;
  const ours = a.record.object === ZERO_MAC || isOne ? null : known.get(a.record.object);
  if (!isOne && (ours?.object ?? ZERO_MAC) !== b.record.object) return false;
  const size = isOne ? b.record.file_info.size : ours === null ? a.record.file_info.size : BigInt(ours.sizeBytes);
  return equalBytes(a.path, b.path) && equalBytes(bare(a, size), bare(b, b.record.file_info.size));
}

/** Two entries of one store, perhaps in the forms of both lines. */
function sameRecord(a: RawEntry, b: RawEntry): boolean {
  return a.record.object === b.record.object && equalBytes(a.path, b.path) && equalBytes(bare(a, a.record.file_info.size), bare(b, b.record.file_info.size));
}

function bare({ record }: RawEntry, size: bigint): Uint8Array {
  return encode(vfsEntry, {
    ...record,
    file_info: { ...record.file_info, size },
    summary: null,
    object: ZERO_MAC,
    content_type: NOTHING,
    entropy: 0,
    chunks: 0n,
  });
}

const NOTHING = new Uint8Array(0);

function sameXattr(a: RawXattr, b: RawXattr, { known, oneKey }: CompareOptions): boolean {
  const isContent = known.get(a.object)?.object === b.object || (oneKey === true && a.object === b.object);
  return isContent && isOneAttribute(a, b);
}

function isOneAttribute(a: RawXattr, b: RawXattr): boolean {
  return equalBytes(a.path, b.path) && equalBytes(a.name, b.name) && a.type === b.type;
}

async function sameContent(copies: Comparison, object: { readonly ours: Mac; readonly theirs: Mac }): Promise<boolean> {
  const { options } = copies;
  const [source, target] = [copies.ours.context.source, copies.theirs.context.source];
  const ours = pieces(readContent(source, await readObject(source, object.ours, options), options));
  const theirs = pieces(readContent(target, await readObject(target, object.theirs, options), options));
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
