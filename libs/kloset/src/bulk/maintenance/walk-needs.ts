import { type Mac, nameText, type SnapshotId } from '@wardrobe/kloset-model';
import { scanItems } from '../../btree/scan.js';
import { macFromBytes, macToBytes, NIL_UUID } from '../../bytes/bytes.js';
import { decode } from '../../codec/codec.js';
import { macWords } from '../../codec/word-reader.js';
import { DecodeError, KlosetError, NotFoundError } from '../../errors/errors.js';
import { isOfTheLine } from './line-failure.js';
import { blobTypeName, SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import { type SnapshotHeaderRecord, snapshotHeader } from '../../format/snapshot-header.js';
import { createContext } from '../../snapshot/context.js';
import { dirpackFrames, readFrame } from '../../snapshot/dirpack.js';
import { readHeader } from '../../snapshot/header.js';
import { readObject } from '../../snapshot/content.js';
import { type SnapshotSource, snapshotSource } from '../../snapshot/source.js';
import type { Repository } from '../../repository/types.js';
import { type LiveBlobs, MISSING, REACHED_BEFORE } from './live-blobs.js';
import { entryReference, nodeReferences, objectReferences, rootReference } from './references.js';
import { readRows, type RowSource } from './row-reader.js';

/** A snapshot that could not be read to its ends: its first failure, and how many there were. */
export type NeedsProblem = { readonly snapshot: SnapshotId; readonly error: KlosetError; readonly failures: number };
export type WalkedSnapshot = { readonly id: SnapshotId; readonly hostname: string; readonly problem: NeedsProblem | null };

type Kind = {
  readonly type: number;
  /** Tells uses of one blob type apart: nodes of several indexes look alike. */
  readonly flag: number;
  /** What the blob's ids stand for; null for blobs that name nothing and are not read. */
  readonly visit: ((bytes: Uint8Array, reach: Reach) => void) | null;
  /** That it is absent is no failure: everything it leads to is reached in another way. */
  readonly isRedundant?: boolean;
};
type Reach = (kind: Kind, id: Uint8Array) => void;

const leaf = (type: number): Kind => ({ type, flag: 0, visit: null });
const CHUNK = leaf(SNAPSHOT_BLOB.chunk);
const ERROR_ENTRY = leaf(SNAPSHOT_BLOB.errorEntry);
const SUMMARY = leaf(SNAPSHOT_BLOB.summary);
const OBJECT: Kind = { type: SNAPSHOT_BLOB.object, flag: 0, visit: (bytes, reach) => objectReferences(bytes, (id) => reach(CHUNK, id)) };
const ENTRY: Kind = { type: SNAPSHOT_BLOB.vfsEntry, flag: 0, visit: (bytes, reach) => entryReference(bytes, (id) => reach(OBJECT, id)) };
/** The tree names the same entries: one that is absent here is found, or missed, there. */
const LISTED_ENTRY: Kind = { ...ENTRY, isRedundant: true };
const XATTR: Kind = { type: SNAPSHOT_BLOB.xattrEntry, flag: 0, visit: (bytes, reach) => entryReference(bytes, (id) => reach(OBJECT, id)) };

function tree(types: { readonly root: number; readonly node: number; readonly flag: number }, value: Kind): Kind {
  const node: Kind = {
    type: types.node,
    flag: types.flag,
    visit: (bytes, reach) =>
      nodeReferences(
        bytes,
        (id) => reach(node, id),
        (id) => reach(value, id),
      ),
  };
  return { type: types.root, flag: types.flag, visit: (bytes, reach) => rootReference(bytes, (id) => reach(node, id)) };
}

const FILES = tree({ root: SNAPSHOT_BLOB.vfsRoot, node: SNAPSHOT_BLOB.vfsNode, flag: 0 }, ENTRY);
const ERRORS = tree({ root: SNAPSHOT_BLOB.errorRoot, node: SNAPSHOT_BLOB.errorNode, flag: 0 }, ERROR_ENTRY);
const XATTRS = tree({ root: SNAPSHOT_BLOB.xattrRoot, node: SNAPSHOT_BLOB.xattrNode, flag: 0 }, XATTR);
const index = (flag: number, value: Kind): Kind => tree({ root: SNAPSHOT_BLOB.indexRoot, node: SNAPSHOT_BLOB.indexNode, flag }, value);
const INDEXES: ReadonlyMap<string, Kind> = new Map([
  ['content-type', index(2, LISTED_ENTRY)],
  ['dirpack', index(4, OBJECT)],
  ['summary', index(8, SUMMARY)],
]);

/** Copies handed to one pass of reading. */
const BATCH = 1 << 14;

/**
 * Walks snapshots one after the other and marks in `live` everything they name, from the header down to the chunks, which are not read. What an earlier
 * snapshot reached is not read again: equal sub-trees cost one look-up. `hidden`: blobs of orphans count.
 */
export class NeedsWalk {
  readonly #source: RowSource;
  readonly #snapshots: SnapshotSource;
  /** Blobs read so far. */
  blobs = 0;

  constructor(
    readonly live: LiveBlobs,
    repository: Repository,
    options: {
      readonly signal?: AbortSignal | undefined;
      readonly blobs?: SnapshotSource | undefined;
      readonly onBlobs?: ((count: number) => void) | undefined;
    },
  ) {
    this.#snapshots = options.blobs ?? snapshotSource(repository, repository);
    this.#source = { repository, blobs: this.#snapshots, signal: options.signal };
    this.#onBlobs = options.onBlobs ?? (() => undefined);
  }

  readonly #onBlobs: (count: number) => void;

  /** `number`: what `LiveBlobs` names the snapshot by. */
  async walk(id: SnapshotId, number: number): Promise<WalkedSnapshot> {
    const run = new SnapshotRun(this.live, id, number);
    let hostname = '';
    try {
      run.reach(leaf(SNAPSHOT_BLOB.header), macToBytes(id));
      const bytes = await this.#snapshots.get(SNAPSHOT_BLOB.header, id, { signal: this.#source.signal });
      const record = decode(snapshotHeader, bytes, { kind: 'snapshot', file: id });
      hostname = hostnameOf(record);
      startAt(run, record, id);
      await this.#follow(run);
      if (run.missingEntries.size > 0) {
        await this.#recoverEntries(run, bytes);
        await this.#follow(run);
      }
    } catch (error) {
      if (this.#source.signal?.aborted === true || !(error instanceof KlosetError) || isOfTheLine(error)) throw error;
      run.fail(error);
    }
    for (const missing of run.missingEntries) run.fail(new NotFoundError('blob', missing));
    return { id, hostname, problem: run.problem() };
  }

  async #follow(run: SnapshotRun): Promise<void> {
    for (let next = run.take(BATCH); next !== null; next = run.take(BATCH)) {
      this.#source.signal?.throwIfAborted();
      const { visit } = next.kind;
      if (visit === null) continue;
      await readRows(
        this.#source,
        { live: this.live, handles: next.handles },
        {
          onBlob: (place, bytes) => {
            this.blobs += 1;
            run.guarded(place.id, () => visit(bytes, run.reach));
          },
          onError: (_place, error) => run.fail(error),
        },
      );
      this.#onBlobs(this.blobs);
    }
  }

  /** Entries that nothing stores (v1.1 on top of a v1.0 parent) stand in the packed listings of their directories. @source 02-snapshot 2.5, 9.1 */
  async #recoverEntries(run: SnapshotRun, headerBytes: Uint8Array): Promise<void> {
    const signal = this.#source.signal;
    const context = createContext(this.#snapshots, readHeader(headerBytes, run.id));
    const listings = await context.dirpacks();
    if (listings === null) return;
    for await (const { value } of scanItems(listings, { signal })) {
      if (run.missingEntries.size === 0) return;
      const pack = await readObject(this.#snapshots, value, { signal });
      for await (const frames of dirpackFrames(context, pack, { signal })) {
        for (const frame of frames) {
          if (!run.missingEntries.has(macFromBytes(frame.mac))) continue;
          const entry = readFrame(context, frame);
          run.missingEntries.delete(entry.mac);
          if (entry.object !== null) run.reach(OBJECT, macToBytes(entry.object));
        }
      }
    }
  }
}

function hostnameOf(record: SnapshotHeaderRecord): string {
  const named = (record.context ?? []).find((pair) => nameText(pair.key) === 'Hostname' && pair.value.length > 0);
  return named === undefined ? '' : nameText(named.value);
}

/** Puts everything that a header names on the list. @throws DecodeError a snapshot with parts that this program does not know */
function startAt(run: SnapshotRun, record: SnapshotHeaderRecord, id: SnapshotId): void {
  run.reach({ ...leaf(SNAPSHOT_BLOB.signature), isRedundant: record.identity.identifier === NIL_UUID }, macToBytes(id));
  if ((record.sources ?? []).length === 0) throw new DecodeError(`snapshot ${id}`, 'its header names no source', { kind: 'snapshot', file: id });
  for (const source of record.sources ?? []) {
    run.reach(FILES, macToBytes(source.root.root));
    run.reach(ERRORS, macToBytes(source.root.errors));
    run.reach(XATTRS, macToBytes(source.root.xattrs));
    for (const { name, type, value } of source.indexes ?? []) {
      const kind = nameText(type) === 'btree' ? INDEXES.get(nameText(name)) : undefined;
      if (kind === undefined)
        throw new DecodeError(`snapshot ${id}`, `it has an index ${nameText(name)} that this program does not know`, { kind: 'snapshot', file: id });
      run.reach(kind, macToBytes(value));
    }
  }
}

/** What is still to read of one snapshot. */
class SnapshotRun {
  readonly missingEntries = new Set<Mac>();
  readonly #pending = new Map<Kind, number[]>();
  #firstError: KlosetError | null = null;
  #failures = 0;

  constructor(
    readonly live: LiveBlobs,
    readonly id: SnapshotId,
    readonly number: number,
  ) {}

  readonly reach: Reach = (kind, id) => {
    const handle = this.live.reach(kind.type, macWords(id), { snapshot: this.number, flag: kind.flag });
    if (handle === REACHED_BEFORE) return;
    if (handle !== MISSING) {
      if (kind.visit === null) return;
      const list = this.#pending.get(kind);
      if (list === undefined) this.#pending.set(kind, [handle]);
      else list.push(handle);
    } else if (kind === ENTRY) this.missingEntries.add(macFromBytes(id));
    else if (kind.isRedundant !== true) this.fail(new NotFoundError('blob', `${macFromBytes(id)} (${blobTypeName(kind.type)})`));
  };

  /** The next blobs of one kind. */
  take(limit: number): { readonly kind: Kind; readonly handles: readonly number[] } | null {
    for (const [kind, list] of this.#pending) {
      const handles = list.length <= limit ? list : list.splice(list.length - limit);
      if (handles === list) this.#pending.delete(kind);
      return { kind, handles };
    }
    return null;
  }

  guarded(id: Mac, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof KlosetError)) throw error;
      this.fail(error instanceof DecodeError ? new DecodeError(error.what, `${error.detail} (blob ${id})`, error.place, { cause: error }) : error);
    }
  }

  fail(error: KlosetError): void {
    this.#firstError ??= error;
    this.#failures += 1;
  }

  problem(): NeedsProblem | null {
    return this.#firstError === null ? null : { snapshot: this.id, error: this.#firstError, failures: this.#failures };
  }
}
