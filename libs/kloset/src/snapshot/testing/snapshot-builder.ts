import { randomBytes } from 'node:crypto';
import { baseName, type EntryTypeName, goModeOf, type Mac, nameBytes, parentPath, percentEncodePath, type SnapshotId } from '@wardrobe/kloset-model';
import { BYTES_ORDER, PATH_ORDER } from '../../btree/tree.js';
import { concatBytes, macFromBytes, macToBytes, NIL_UUID } from '../../bytes/bytes.js';
import { encode } from '../../codec/codec.js';
import { DIRPACK_DIRECTORY, DIRPACK_OTHER, dirpackFrameHead } from '../../format/snapshot-dirpack.js';
import { type VfsEntryRecord, vfsEntry } from '../../format/snapshot-entry.js';
import { snapshotHeader } from '../../format/snapshot-header.js';
import { errorItem, xattrItem } from '../../format/snapshot-items.js';
import { object } from '../../format/snapshot-object.js';
import { summary, type SummaryRecord } from '../../format/snapshot-summary.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import { type BlobSink, writeTree } from './tree-writer.js';

/** One thing to put into a made-up snapshot. Parents that are not named are made. */
export type BuildEntry = {
  readonly path: Uint8Array | string;
  readonly type?: EntryTypeName;
  readonly content?: Uint8Array | string;
  /** Instead of `content`: an object that is in the sink already. */
  readonly stored?: { readonly id: Mac; readonly chunks: number; readonly sizeBytes: number };
  readonly target?: Uint8Array | string;
  readonly permissions?: number;
  readonly mtimeNs?: bigint;
  readonly uid?: bigint;
  readonly gid?: bigint;
  readonly ino?: bigint;
  readonly nlink?: number;
  readonly xattrs?: Readonly<Record<string, string>>;
};
export type BuildOptions = {
  /** Which line's form: summaries inside directories (1.0), or content facts in entries and a summary index (1.1). */
  readonly form: '1.0' | '1.1';
  /** Backup root; default `/`. */
  readonly root?: string;
  /** Default: random. */
  readonly id?: SnapshotId;
  readonly timestampNs?: bigint;
  readonly errors?: Readonly<Record<string, string>>;
  /** Leave the packed listings out, as old stores do. */
  readonly withoutDirpack?: boolean;
  /** What is stored, and listed, instead of the entry of a leaf. */
  readonly entry?: (record: VfsEntryRecord) => VfsEntryRecord;
  /** Entries that the tree names and nothing stores: v1.1 on top of a v1.0 parent. */
  readonly withoutEntryBlob?: (path: string) => boolean;
  /** Longest chunk; default 1 MiB. */
  readonly chunkBytes?: number;
  readonly tags?: readonly string[];
};

const V1 = 65536;
const ZERO = '0'.repeat(64) as Mac;
const EMPTY = new Uint8Array(0);
const bytesOf = (value: Uint8Array | string): Uint8Array => (typeof value === 'string' ? nameBytes(value) : value);

type Node = { readonly path: Uint8Array; readonly spec: BuildEntry; readonly children: Node[] };
type Written = { readonly payload: Uint8Array; readonly mac: Mac; readonly summary: SummaryRecord | null };
type Build = {
  readonly sink: BlobSink;
  readonly options: BuildOptions;
  readonly trees: Record<'files' | 'dirpacks' | 'summaries' | 'types', { key: Uint8Array; value: Mac }[]>;
};

/** Writes a whole snapshot and returns its id. For tests and benchmarks: sizes and counts are right, entropies and content types are not measured. */
export function buildSnapshot(sink: BlobSink, entries: readonly BuildEntry[], options: BuildOptions): SnapshotId {
  const build: Build = { sink, options, trees: { files: [], dirpacks: [], summaries: [], types: [] } };
  const top = writeNode(build, plant(entries));
  const { root, node } = { root: SNAPSHOT_BLOB.indexRoot, node: SNAPSHOT_BLOB.indexNode };
  const index = (items: { key: Uint8Array; value: Mac }[]): Mac => writeTree(sink, { root, node, order: BYTES_ORDER }, items);
  const indexes = [{ name: nameBytes('content-type'), type: nameBytes('btree'), value: index(build.trees.types) }];
  if (options.withoutDirpack !== true) indexes.push({ name: nameBytes('dirpack'), type: nameBytes('btree'), value: index(build.trees.dirpacks) });
  if (options.form === '1.1') indexes.push({ name: nameBytes('summary'), type: nameBytes('btree'), value: index(build.trees.summaries) });
  const roots = {
    root: writeTree(sink, { root: SNAPSHOT_BLOB.vfsRoot, node: SNAPSHOT_BLOB.vfsNode, order: PATH_ORDER }, build.trees.files),
    xattrs: writeXattrs(build, entries),
    errors: writeErrors(build),
  };
  return writeHeader(build, { roots, indexes, summary: top.summary ?? emptySummary() });
}

/** The tree of nodes below `/`, parents made up. */
function plant(entries: readonly BuildEntry[]): Node {
  const nodes = new Map<string, Node>();
  const node = (path: Uint8Array, spec: BuildEntry): Node => {
    const key = percentEncodePath(path);
    const known = nodes.get(key);
    if (known !== undefined) return known;
    const made: Node = { path, spec, children: [] };
    nodes.set(key, made);
    if (path.length > 1) node(parentPath(path), { path: parentPath(path), type: 'directory' }).children.push(made);
    return made;
  };
  for (const entry of [...entries].sort((a, b) => BYTES_ORDER(bytesOf(a.path), bytesOf(b.path)))) node(bytesOf(entry.path), entry);
  return node(nameBytes('/'), { path: '/', type: 'directory' });
}

function writeNode(build: Build, node: Node): Written {
  const isDirectory = (node.spec.type ?? 'file') === 'directory';
  const written = isDirectory ? writeDirectory(build, node) : writeLeaf(build, node);
  if (build.options.withoutEntryBlob?.(Buffer.from(node.path).toString('utf8')) !== true) build.sink.put(SNAPSHOT_BLOB.vfsEntry, written.payload);
  build.trees.files.push({ key: node.path, value: written.mac });
  return written;
}

function writeDirectory(build: Build, node: Node): Written {
  const total = emptySummary();
  const frames: Uint8Array[] = [];
  for (const child of node.children.sort((a, b) => BYTES_ORDER(baseName(a.path), baseName(b.path)))) {
    const written = writeNode(build, child);
    countChild(total, child, written.summary);
    const kind = written.summary === null ? DIRPACK_OTHER : DIRPACK_DIRECTORY;
    frames.push(encode(dirpackFrameHead, { kind, length: written.payload.length + 32 }), written.payload, macToBytes(written.mac));
  }
  build.trees.dirpacks.push({ key: node.path, value: writeObject(build, concatBytes(frames), 'application/octet-stream').id });
  if (build.options.form === '1.1') build.trees.summaries.push({ key: node.path, value: build.sink.put(SNAPSHOT_BLOB.summary, encode(summary, total)) });
  const payload = encode(vfsEntry, entryRecord(build, node, { object: null, summary: total }));
  return { payload, mac: build.sink.mac(payload), summary: total };
}

function writeLeaf(build: Build, node: Node): Written {
  const isFile = (node.spec.type ?? 'file') === 'file';
  const content = isFile ? (node.spec.stored ?? writeObject(build, bytesOf(node.spec.content ?? ''), 'text/plain')) : null;
  const record = entryRecord(build, node, { object: content, summary: null });
  const payload = encode(vfsEntry, build.options.entry?.(record) ?? record);
  const mac = build.sink.mac(payload);
  build.trees.types.push({ key: concatBytes([nameBytes(isFile ? '/text/plain' : '/application/x-not-regular-file'), node.path]), value: mac });
  return { payload, mac, summary: null };
}

function entryRecord(
  build: Build,
  node: Node,
  made: { readonly object: { readonly id: Mac; readonly chunks: number } | null; readonly summary: SummaryRecord | null },
): VfsEntryRecord {
  const { spec, path } = node;
  const is11 = build.options.form === '1.1';
  const type = spec.type ?? 'file';
  const isDirectory = type === 'directory';
  return {
    version: V1,
    parent_path: parentPath(path),
    file_info: {
      name: baseName(path),
      size: isDirectory ? 4096n : BigInt(spec.stored?.sizeBytes ?? bytesOf(spec.content ?? spec.target ?? '').length),
      mode: goModeOf(type, spec.permissions ?? (isDirectory ? 0o755 : type === 'symlink' ? 0o777 : 0o644)),
      mod_time: spec.mtimeNs ?? 1_700_000_000_000_000_000n,
      dev: 1n,
      ino: spec.ino ?? 0n,
      uid: spec.uid ?? 0n,
      gid: spec.gid ?? 0n,
      nlink: spec.nlink ?? 1,
      username: EMPTY,
      groupname: EMPTY,
      flags: 0,
    },
    summary: is11 ? null : made.summary,
    symlink_target: bytesOf(spec.target ?? ''),
    object: made.object?.id ?? ZERO,
    content_type: is11 && !isDirectory ? nameBytes(type === 'file' ? 'text/plain' : 'application/x-not-regular-file') : EMPTY,
    entropy: 0,
    chunks: is11 ? BigInt(made.object?.chunks ?? 0) : 0n,
    alternate_data_streams: [],
    security_descriptor: EMPTY,
    file_attributes: 0,
    extended_attributes: Object.keys(spec.xattrs ?? {})
      .sort()
      .map(nameBytes),
    classifications: [],
    custom_metadata: [],
    tags: [],
  };
}

function writeObject(build: Build, content: Uint8Array, contentType: string): { readonly id: Mac; readonly chunks: number } {
  const step = build.options.chunkBytes ?? 1 << 20;
  const chunks: { version: number; contentMAC: Mac; length: number; entropy: number; flags: number }[] = [];
  for (let start = 0; start === 0 || start < content.length; start += step) {
    const bytes = content.slice(start, start + step);
    chunks.push({ version: V1, contentMAC: build.sink.put(SNAPSHOT_BLOB.chunk, bytes), length: bytes.length, entropy: 0, flags: 0 });
  }
  const record = { version: V1, contentMAC: build.sink.mac(content), chunks, content_type: nameBytes(contentType), entropy: 0, flags: 0 };
  return { id: build.sink.put(SNAPSHOT_BLOB.object, encode(object, record)), chunks: chunks.length };
}

function writeXattrs(build: Build, entries: readonly BuildEntry[]): Mac {
  const items = entries.flatMap((entry) =>
    Object.entries(entry.xattrs ?? {}).map(([name, value]) => {
      const path = bytesOf(entry.path);
      const record = {
        version: V1,
        path,
        name: nameBytes(name),
        size: BigInt(nameBytes(value).length),
        type: 0,
        object: writeObject(build, nameBytes(value), 'text/plain').id,
      };
      return { key: concatBytes([path, nameBytes(`${name}:`)]), value: build.sink.put(SNAPSHOT_BLOB.xattrEntry, encode(xattrItem, record)) };
    }),
  );
  return writeTree(build.sink, { root: SNAPSHOT_BLOB.xattrRoot, node: SNAPSHOT_BLOB.xattrNode, order: PATH_ORDER }, items);
}

function writeErrors(build: Build): Mac {
  const items = Object.entries(build.options.errors ?? {}).map(([path, error]) => {
    const record = { version: V1, name: nameBytes(path), error: nameBytes(error) };
    return { key: nameBytes(path), value: build.sink.put(SNAPSHOT_BLOB.errorEntry, encode(errorItem, record)) };
  });
  return writeTree(build.sink, { root: SNAPSHOT_BLOB.errorRoot, node: SNAPSHOT_BLOB.errorNode, order: BYTES_ORDER }, items);
}

type HeaderParts = {
  readonly roots: { readonly root: Mac; readonly xattrs: Mac; readonly errors: Mac };
  readonly indexes: readonly { readonly name: Uint8Array; readonly type: Uint8Array; readonly value: Mac }[];
  readonly summary: SummaryRecord;
};

function writeHeader(build: Build, parts: HeaderParts): SnapshotId {
  const { options } = build;
  const is11 = options.form === '1.1';
  const id = options.id ?? macFromBytes(randomBytes(32));
  const word = nameBytes(is11 ? '' : 'default');
  const pair = (key: string, value: string): { key: Uint8Array; value: Uint8Array } => ({ key: nameBytes(key), value: nameBytes(value) });
  const header = {
    version: V1,
    identifier: id,
    timestamp: options.timestampNs ?? 1_700_000_000_000_000_000n,
    duration: 1_000_000_000n,
    identity: { identifier: NIL_UUID, public_key: null },
    name: nameBytes('default'),
    category: word,
    environment: word,
    perimeter: word,
    job: word,
    replicas: 1,
    dataset: is11 ? EMPTY : null,
    data_classes: is11 ? [] : null,
    classifications: [],
    tags: (options.tags ?? []).map(nameBytes),
    context: [
      pair('Hostname', 'builder'),
      pair('Username', 'test'),
      pair('OperatingSystem', 'linux'),
      pair('MachineID', 'machine'),
      pair('Client', is11 ? 'plakar/v1.1.4' : 'plakar/v1.0.6'),
    ],
    sources: [
      {
        importer: { type: nameBytes('fs'), origin: nameBytes('builder'), directory: nameBytes(options.root ?? '/') },
        context: [],
        root: parts.roots,
        indexes: parts.indexes,
        summary: parts.summary,
      },
    ],
  };
  return build.sink.put(SNAPSHOT_BLOB.header, encode(snapshotHeader, header), id);
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function emptySummary(): { directory: Mutable<SummaryRecord['directory']>; below: Mutable<SummaryRecord['below']> } {
  return { directory: { ...summary.zero.directory }, below: { ...summary.zero.below } };
}

const COUNTERS = ['directories', 'files', 'symlinks', 'pipes', 'size', 'children'] as const;

function countChild(total: ReturnType<typeof emptySummary>, child: Node, below: SummaryRecord | null): void {
  const { directory } = total;
  directory.children += 1n;
  if (below !== null) {
    directory.directories += 1n;
    for (const counter of COUNTERS) total.below[counter] += below.directory[counter] + below.below[counter];
    return;
  }
  const type = child.spec.type ?? 'file';
  if (type === 'symlink') directory.symlinks += 1n;
  else if (type === 'fifo') directory.pipes += 1n;
  else directory.files += 1n;
  directory.size += BigInt(child.spec.stored?.sizeBytes ?? bytesOf(child.spec.content ?? '').length);
}
