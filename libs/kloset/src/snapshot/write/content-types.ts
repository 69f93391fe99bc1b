import { ownNumbers } from '@wardrobe/kernel';
import { type Mac, nameBytes } from '@wardrobe/kloset-model';
import { createTreeShape, persistTree, type TreeShape } from '../../btree/build.js';
import { compareBytes, concatBytes } from '../../bytes/bytes.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import type { BlobSink } from '../../repository/writer-types.js';
import { bareType } from './entry-payload.js';
import type { EntrySet } from './entry-set.js';
import type { PathOrder } from './path-order.js';

const NO_TYPE = 0xffff_ffff;

export type TypeTree = {
  readonly entries: EntrySet;
  readonly order: PathOrder;
  readonly sink: BlobSink;
  readonly pause: () => Promise<void>;
  readonly onLeaf: () => void;
};

/** Index of all entries but directories by `/` + type + path; paths are inserted in descending BYTES order. @source 02-snapshot 2.3, 2.7 */
export function persistContentTypes(tree: TypeTree): Promise<Mac> {
  const { prefixes, prefixOf } = prefixesOf(tree);
  const ordered = isUnambiguous(prefixes) ? rankByPrefix(tree.order, prefixOf, prefixes.length) : rankByKey(tree, prefixes, prefixOf);
  return persistTree(ordered.shape, {
    sink: tree.sink,
    types: { root: SNAPSHOT_BLOB.indexRoot, node: SNAPSHOT_BLOB.indexNode },
    keyOf(rank) {
      const node = ordered.nodeOf[rank] as number;
      return keyOf(tree.entries, node, prefixes[prefixOf[node] as number] as Uint8Array);
    },
    valueOf: (rank) => tree.entries.macBytes(ordered.nodeOf[rank] as number),
    pause: tree.pause,
    onLeaf: tree.onLeaf,
  });
}

type Ranked = { readonly shape: TreeShape; readonly nodeOf: Uint32Array };

function keyOf(entries: EntrySet, node: number, prefix: Uint8Array): Uint8Array {
  return concatBytes([prefix, entries.paths.pathView(node)]);
}

/** `/` and the type up to the first semicolon, sorted as they sort before a path; and which of them each entry has. */
function prefixesOf({ entries }: TypeTree): { readonly prefixes: readonly Uint8Array[]; readonly prefixOf: Uint32Array } {
  const found = new Map<string, number>();
  const byType = new Map<string, number>();
  const prefixOf = ownNumbers(entries.paths.size).fill(NO_TYPE);
  for (let node = 0; node < entries.paths.size; node++) {
    if (!entries.has(node) || entries.isDirectory(node)) continue;
    const contentType = entries.storedType(node) ?? bareType(entries.fields(node).common.goMode);
    if (contentType === '' && entries.storedType(node) === null) continue;
    let prefix = byType.get(contentType);
    if (prefix === undefined) {
      const mime = contentType.split(';', 1)[0] ?? '';
      prefix = found.get(mime) ?? found.size;
      found.set(mime, prefix);
      byType.set(contentType, prefix);
    }
    prefixOf[node] = prefix;
  }
  const slash = Uint8Array.of(0x2f);
  const named = [...found.keys()].map((mime, number) => ({ number, prefix: nameBytes(`/${mime}`), sortKey: concatBytes([nameBytes(`/${mime}`), slash]) }));
  named.sort((a, b) => compareBytes(a.sortKey, b.sortKey));
  const place = new Uint32Array(named.length);
  named.forEach(({ number }, at) => {
    place[number] = at;
  });
  for (let node = 0; node < prefixOf.length; node++) if (prefixOf[node] !== NO_TYPE) prefixOf[node] = place[prefixOf[node] as number] as number;
  return { prefixes: named.map(({ prefix }) => prefix), prefixOf };
}

/** No type with a slash behind it begins another: then all keys of one stand together. */
function isUnambiguous(prefixes: readonly Uint8Array[]): boolean {
  return prefixes.every((prefix, at) => {
    const next = prefixes[at + 1];
    return next === undefined || next[prefix.length] !== 0x2f || compareBytes(next.subarray(0, prefix.length), prefix) !== 0;
  });
}

function rankByPrefix(order: PathOrder, prefixOf: Uint32Array, prefixCount: number): Ranked {
  const ends = new Uint32Array(prefixCount + 1);
  for (const prefix of prefixOf) if (prefix !== NO_TYPE) ends[prefix] = (ends[prefix] as number) + 1;
  for (let prefix = 1; prefix < prefixCount; prefix++) ends[prefix] = (ends[prefix] as number) + (ends[prefix - 1] as number);
  const nodeOf = ownNumbers(prefixCount === 0 ? 0 : (ends[prefixCount - 1] as number));
  const shape = createTreeShape();
  for (let at = order.byBytes.length - 1; at >= 0; at--) {
    const node = order.byBytes[at] as number;
    const prefix = prefixOf[node] as number;
    if (prefix === NO_TYPE) continue;
    const rank = (ends[prefix] as number) - 1;
    ends[prefix] = rank;
    nodeOf[rank] = node;
    shape.insert(rank);
  }
  return { shape, nodeOf };
}

/** For types that nobody detects, such as `text` beside `text/plain`: by the whole key, of equal keys the one inserted first. */
function rankByKey({ entries, order }: TypeTree, prefixes: readonly Uint8Array[], prefixOf: Uint32Array): Ranked {
  const keyed = Array.from(order.byBytes)
    .reverse()
    .filter((node) => prefixOf[node] !== NO_TYPE)
    .map((node) => ({ node, key: keyOf(entries, node, prefixes[prefixOf[node] as number] as Uint8Array) }));
  const sorted = [...keyed].sort((a, b) => compareBytes(a.key, b.key));
  const unique = sorted.filter((item, at) => at === 0 || compareBytes((sorted[at - 1] as typeof item).key, item.key) !== 0);
  const ranks = new Map(unique.map((item, rank) => [item.node, rank]));
  const shape = createTreeShape();
  for (const { node } of keyed) {
    const rank = ranks.get(node);
    if (rank !== undefined) shape.insert(rank);
  }
  return { shape, nodeOf: Uint32Array.from(unique, (item) => item.node) };
}
