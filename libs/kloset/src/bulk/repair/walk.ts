import { type Mac, type PackfileId, parentPath, type SnapshotId } from '@wardrobe/kloset-model';
import { scanTree } from '../../btree/scan.js';
import { BYTES_ORDER, type KeyOrder, PATH_ORDER } from '../../btree/tree.js';
import { macFromBytes, macToBytes } from '../../bytes/bytes.js';
import { decode } from '../../codec/codec.js';
import { KlosetError } from '../../errors/errors.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import { xattrItem } from '../../format/snapshot-items.js';
import { object } from '../../format/snapshot-object.js';
import { toObject } from '../../snapshot/content.js';
import { createContext, findDirpack, type SnapshotContext } from '../../snapshot/context.js';
import { dirpackFrames } from '../../snapshot/dirpack.js';
import { readEntry } from '../../snapshot/entry.js';
import { loadHeader } from '../../snapshot/open.js';
import { openTree } from '../../snapshot/source.js';
import type { ObjectInfo, SnapshotHeader } from '../../snapshot/types.js';
import { MacSet } from '../mac-set.js';
import type { Standing, Survey } from './survey.js';

/** What a needed blob is for. */
export type NeedKind = 'header' | 'tree' | 'entry' | 'content' | 'listing' | 'xattr' | 'errors' | 'index';
export type NeedPlace = { readonly kind: NeedKind; readonly path: Uint8Array | null; readonly offset: number; readonly lengthBytes: number };

/** A blob that a snapshot needs and that is not simply available. */
export type Need = {
  readonly type: number;
  readonly id: Mac;
  readonly standing: Standing;
  readonly packfiles: readonly PackfileId[];
  readonly places: NeedPlace[];
  /** It is there and its bytes are damaged. */
  readonly damaged: boolean;
  /** The very bytes, found in a packed listing and proven by their MAC. */
  recovered: Uint8Array | null;
};

/** One snapshot looked through as far as it can be read. */
export type SnapshotWalk = {
  readonly id: SnapshotId;
  readonly header: SnapshotHeader | null;
  /** Packfiles that no state names and that hold what it needs. */
  readonly orphans: ReadonlySet<PackfileId>;
  /** What is neither available nor in usable orphans, by type and id. */
  readonly needs: ReadonlyMap<string, Need>;
};

const ENTRIES_PER_READ = 128;

/** `recover`: bytes of a lost object from elsewhere, so that its chunks are known. */
export type WalkOptions = {
  readonly readContent: boolean;
  readonly recover?:
    | ((walk: { readonly id: SnapshotId; readonly header: SnapshotHeader }, lost: Pick<Need, 'type' | 'id' | 'places'>) => Promise<Uint8Array | null>)
    | undefined;
  readonly signal: AbortSignal | undefined;
};

/** Looks through snapshots; what was found available is not looked at twice. */
export class Walker {
  readonly #clean = new Map<number, MacSet>();
  /** Damaged blobs met, so that a later snapshot learns of them too. */
  readonly #damaged = new Set<string>();
  /** Chunks that lie at risk and were read. */
  readonly #proven = new MacSet();

  constructor(
    readonly survey: Survey,
    readonly options: WalkOptions,
  ) {}

  /** @throws StoreError the line; what is wrong with the data is in the walk */
  async walk(id: SnapshotId): Promise<SnapshotWalk> {
    const collected: Collected = { id, orphans: new Set(), needs: new Map(), context: null };
    this.#need(collected, SNAPSHOT_BLOB.header, id, { kind: 'header', path: null, offset: 0, lengthBytes: 0 });
    let header: SnapshotHeader;
    try {
      header = await loadHeader(this.survey.source, id, { signal: this.options.signal });
    } catch (error) {
      this.#damage(collected, { type: SNAPSHOT_BLOB.header, id, error }, { kind: 'header', path: null, offset: 0, lengthBytes: 0 });
      return { id, header: null, orphans: collected.orphans, needs: collected.needs };
    }
    collected.context = createContext(this.survey.source, header);
    if (header.signed) this.#need(collected, SNAPSHOT_BLOB.signature, id, { kind: 'header', path: null, offset: 0, lengthBytes: 0 });
    await this.#files(collected, collected.context);
    await this.#items(collected, header);
    for (const index of header.indexes) await this.#index(collected, index);
    return { id, header, orphans: collected.orphans, needs: collected.needs };
  }

  async #files(collected: Collected, context: SnapshotContext): Promise<void> {
    let batch: Named[] = [];
    const tree = { rootType: SNAPSHOT_BLOB.vfsRoot, nodeType: SNAPSHOT_BLOB.vfsNode, id: context.header.roots.vfs, order: PATH_ORDER, kind: 'tree' } as const;
    for await (const item of this.#tree(collected, tree)) {
      batch.push(item);
      if (batch.length < ENTRIES_PER_READ) continue;
      await this.#entries(collected, batch);
      batch = [];
    }
    await this.#entries(collected, batch);
  }

  async #entries(collected: Collected, named: readonly Named[]): Promise<void> {
    const fresh = named.filter(({ value }) => !this.#isClean(SNAPSHOT_BLOB.vfsEntry, value));
    const type = SNAPSHOT_BLOB.vfsEntry;
    const objects: Placed[] = [];
    let next = 0;
    for await (const got of this.survey.source.getMany(
      type,
      fresh.map(({ value }) => value),
      { signal: this.options.signal },
    )) {
      const item = fresh[next++];
      if (item === undefined) break;
      const place: NeedPlace = { kind: 'entry', path: item.key, offset: 0, lengthBytes: 0 };
      const isSound = this.#need(collected, type, item.value, place);
      const bytes = 'error' in got ? await this.#recoverEntry(collected, { ...item, error: got.error }, place) : got.bytes;
      const object = bytes === null ? null : this.#objectOf(collected, { bytes, mac: item.value }, place);
      if (object !== null) objects.push({ id: object, path: item.key, kind: 'content', owner: isSound ? item.value : null });
      else if (isSound && bytes !== null) this.#setClean(type, item.value);
    }
    await this.#objects(collected, objects);
  }

  #objectOf(collected: Collected, entry: { readonly bytes: Uint8Array; readonly mac: Mac }, place: NeedPlace): Mac | null {
    try {
      return readEntry(entry.bytes, entry.mac).object;
    } catch (error) {
      this.#damage(collected, { type: SNAPSHOT_BLOB.vfsEntry, id: entry.mac, error }, place);
      return null;
    }
  }

  /** A frame of the parent's packed listing with this MAC is the entry. @source 02-snapshot 2.5 */
  async #recoverEntry(collected: Collected, item: Named & { readonly error: KlosetError }, place: NeedPlace): Promise<Uint8Array | null> {
    this.#damage(collected, { type: SNAPSHOT_BLOB.vfsEntry, id: item.value, error: item.error }, place);
    const need = collected.needs.get(keyOf(SNAPSHOT_BLOB.vfsEntry, item.value));
    if (need === undefined || collected.context === null) return null;
    need.recovered ??= await frameBytes(collected.context, item, this.options.signal);
    return need.recovered;
  }

  /** Objects with their chunks. `owner`: the entry that is proven when the object is. */
  async #objects(collected: Collected, wanted: readonly Placed[]): Promise<void> {
    const type = SNAPSHOT_BLOB.object;
    const fresh = wanted.filter(({ id }) => !this.#isClean(type, id));
    for (const placed of wanted) if (placed.owner !== null && this.#isClean(type, placed.id)) this.#setClean(SNAPSHOT_BLOB.vfsEntry, placed.owner);
    let next = 0;
    for await (const got of this.survey.source.getMany(
      type,
      fresh.map(({ id }) => id),
      { signal: this.options.signal },
    )) {
      const placed = fresh[next++];
      if (placed === undefined) break;
      const place: NeedPlace = { kind: placed.kind, path: placed.path, offset: 0, lengthBytes: 0 };
      const isSound = this.#need(collected, type, placed.id, place);
      const bytes = 'error' in got ? await this.#lostObject(collected, { id: placed.id, error: got.error }, place) : got.bytes;
      const info = bytes === null ? null : this.#decodeObject(collected, { id: placed.id, bytes }, place);
      if (info === null || !(await this.#chunks(collected, info, placed)) || !isSound || 'error' in got) continue;
      this.#setClean(type, placed.id);
      if (placed.owner !== null) this.#setClean(SNAPSHOT_BLOB.vfsEntry, placed.owner);
    }
  }

  async #lostObject(collected: Collected, lost: { readonly id: Mac; readonly error: KlosetError }, place: NeedPlace): Promise<Uint8Array | null> {
    const type = SNAPSHOT_BLOB.object;
    this.#damage(collected, { type, ...lost }, place);
    const { context } = collected;
    return context === null
      ? null
      : ((await this.options.recover?.({ id: collected.id, header: context.header }, { type, id: lost.id, places: [place] })) ?? null);
  }

  #decodeObject(collected: Collected, blob: { readonly id: Mac; readonly bytes: Uint8Array }, place: NeedPlace): ObjectInfo | null {
    try {
      return toObject(decode(object, blob.bytes), blob.id);
    } catch (error) {
      this.#damage(collected, { type: SNAPSHOT_BLOB.object, id: blob.id, error }, place);
      return null;
    }
  }

  /** @returns whether every chunk is available */
  async #chunks(collected: Collected, info: ObjectInfo, placed: Placed): Promise<boolean> {
    let offset = 0;
    let isWhole = true;
    const type = SNAPSHOT_BLOB.chunk;
    const places = info.chunks.map((chunk): NeedPlace => {
      const place = { kind: placed.kind, path: placed.path, offset, lengthBytes: chunk.lengthBytes };
      offset += chunk.lengthBytes;
      return place;
    });
    const atRisk: { readonly mac: Mac; readonly place: NeedPlace }[] = [];
    for (const [number, chunk] of info.chunks.entries()) {
      const place = places[number] as NeedPlace;
      if (this.#need(collected, type, chunk.mac, place)) continue;
      isWhole = false;
      const need = collected.needs.get(keyOf(type, chunk.mac));
      if (need !== undefined && need.standing !== 'gone' && !need.damaged) atRisk.push({ mac: chunk.mac, place });
    }
    if (!this.options.readContent) {
      await this.#prove(collected, atRisk);
      return isWhole;
    }
    let next = 0;
    for await (const got of this.survey.source.getMany(
      type,
      info.chunks.map(({ mac }) => mac),
      { signal: this.options.signal },
    )) {
      const place = places[next++];
      if (place === undefined) break;
      if (!('error' in got)) continue;
      isWhole = false;
      this.#damage(collected, { type, id: got.id, error: got.error }, place);
    }
    return isWhole;
  }

  /** What has to be stored again must be sound: bytes that cannot be read are not at hand. */
  async #prove(collected: Collected, chunks: readonly { readonly mac: Mac; readonly place: NeedPlace }[]): Promise<void> {
    const type = SNAPSHOT_BLOB.chunk;
    const fresh = chunks.filter(({ mac }) => !this.#proven.has(mac));
    let next = 0;
    const ids = fresh.map(({ mac }) => mac);
    for await (const got of this.survey.source.getMany(type, ids, { signal: this.options.signal })) {
      const chunk = fresh[next++];
      if (chunk === undefined) break;
      if ('error' in got) this.#damage(collected, { type, id: got.id, error: got.error }, chunk.place);
      else this.#proven.add(got.id);
    }
  }

  async #items(collected: Collected, header: SnapshotHeader): Promise<void> {
    const { xattrs, errors } = header.roots;
    const { errorRoot, errorNode, errorEntry, xattrRoot, xattrNode, xattrEntry } = SNAPSHOT_BLOB;
    for await (const item of this.#tree(collected, { rootType: errorRoot, nodeType: errorNode, id: errors, order: BYTES_ORDER, kind: 'errors' }))
      await this.#leafBlob(collected, { type: errorEntry, id: item.value }, { kind: 'errors', path: item.key, offset: 0, lengthBytes: 0 });
    for await (const item of this.#tree(collected, { rootType: xattrRoot, nodeType: xattrNode, id: xattrs, order: null, kind: 'xattr' })) {
      const place: NeedPlace = { kind: 'xattr', path: item.key, offset: 0, lengthBytes: 0 };
      const bytes = await this.#leafBlob(collected, { type: xattrEntry, id: item.value }, place);
      if (bytes === null) continue;
      const record = decode(xattrItem, bytes);
      await this.#objects(collected, [{ id: record.object, path: record.path, kind: 'xattr', owner: null }]);
    }
  }

  async #index(collected: Collected, index: { readonly name: string; readonly value: Mac }): Promise<void> {
    const tree = { rootType: SNAPSHOT_BLOB.indexRoot, nodeType: SNAPSHOT_BLOB.indexNode, id: index.value, order: BYTES_ORDER, kind: 'index' } as const;
    for await (const item of this.#tree(collected, tree)) {
      if (index.name === 'dirpack') await this.#objects(collected, [{ id: item.value, path: item.key, kind: 'listing', owner: null }]);
      else if (index.name === 'summary')
        await this.#leafBlob(collected, { type: SNAPSHOT_BLOB.summary, id: item.value }, { kind: 'index', path: item.key, offset: 0, lengthBytes: 0 });
    }
  }

  async #leafBlob(collected: Collected, blob: { readonly type: number; readonly id: Mac }, place: NeedPlace): Promise<Uint8Array | null> {
    this.#need(collected, blob.type, blob.id, place);
    try {
      return await this.survey.source.get(blob.type, blob.id, { signal: this.options.signal });
    } catch (error) {
      this.#damage(collected, { ...blob, error }, place);
      return null;
    }
  }

  /** Items of a tree as far as its nodes can be read; root and nodes are needed too. */
  async *#tree(collected: Collected, tree: WalkedTree): AsyncGenerator<Named> {
    const { signal } = this.options;
    const place = (path: Uint8Array | null): NeedPlace => ({ kind: tree.kind, path, offset: 0, lengthBytes: 0 });
    this.#need(collected, tree.rootType, tree.id, place(null));
    try {
      const opened = await openTree(this.survey.source, tree, { signal });
      const onNode = (id: Mac): void => void this.#need(collected, tree.nodeType, id, place(null));
      for await (const item of scanTree(opened, { signal, onNode })) {
        if ('error' in item) this.#damage(collected, { type: tree.nodeType, id: item.node, error: item.error }, place(item.from));
        else yield item;
      }
    } catch (error) {
      this.#damage(collected, { type: tree.rootType, id: tree.id, error }, place(null));
    }
  }

  /** Notes where a needed blob stands. @returns whether it is available and not known to be damaged */
  #need(collected: Collected, type: number, id: Mac, place: NeedPlace): boolean {
    const key = keyOf(type, id);
    const known = collected.needs.get(key);
    if (known !== undefined) {
      addPlace(known, place);
      return false;
    }
    const { standing, packfiles } = this.survey.standOf(type, id);
    const damaged = this.#damaged.has(key);
    if (standing === 'available' && !damaged) return true;
    if (standing === 'orphan' && !damaged) {
      const [first] = packfiles;
      if (first !== undefined && !packfiles.some((packfile) => collected.orphans.has(packfile))) collected.orphans.add(first);
    } else collected.needs.set(key, { type, id, standing, packfiles, places: [place], damaged, recovered: null });
    return false;
  }

  /** A blob that could not be read, wherever it lies. @throws anything but damage */
  #damage(collected: Collected, blob: { readonly type: number; readonly id: Mac; readonly error: unknown }, place: NeedPlace): void {
    const { error } = blob;
    if (this.options.signal?.aborted === true || !(error instanceof KlosetError) || error.retryable || error.code === 'permission') throw error;
    const key = keyOf(blob.type, blob.id);
    const { standing, packfiles } = this.survey.standOf(blob.type, blob.id);
    if (standing !== 'gone') this.#damaged.add(key);
    const known = collected.needs.get(key);
    const places = known?.places ?? [];
    collected.needs.set(key, { type: blob.type, id: blob.id, standing, packfiles, places, damaged: standing !== 'gone', recovered: known?.recovered ?? null });
    addPlace({ places }, place);
  }

  #isClean(type: number, id: Mac): boolean {
    return this.#clean.get(type)?.has(id) === true;
  }

  #setClean(type: number, id: Mac): void {
    const known = this.#clean.get(type) ?? new MacSet();
    this.#clean.set(type, known);
    known.add(id);
  }
}

type Collected = { readonly id: SnapshotId; readonly orphans: Set<PackfileId>; readonly needs: Map<string, Need>; context: SnapshotContext | null };
type Named = { readonly key: Uint8Array; readonly value: Mac };
type Placed = { readonly id: Mac; readonly path: Uint8Array | null; readonly kind: NeedKind; readonly owner: Mac | null };
type WalkedTree = { readonly rootType: number; readonly nodeType: number; readonly id: Mac; readonly order: KeyOrder | null; readonly kind: NeedKind };

/** Blobs by type and id. */
export function keyOf(type: number, id: Mac): string {
  return `${type}:${id}`;
}

function addPlace({ places }: Pick<Need, 'places'>, place: NeedPlace): void {
  const last = places.at(-1);
  if (last === undefined || last.path !== place.path || last.offset !== place.offset) places.push(place);
}

async function frameBytes(context: SnapshotContext, item: Named, signal: AbortSignal | undefined): Promise<Uint8Array | null> {
  const wanted = macToBytes(item.value);
  try {
    const pack = await findDirpack(context, parentPath(item.key), { signal });
    if (pack === null) return null;
    for await (const frames of dirpackFrames(context, pack, { signal }))
      for (const frame of frames)
        if (macFromBytes(frame.mac) === macFromBytes(wanted) && context.source.mac(frame.payload) === item.value) return frame.payload.slice();
    return null;
  } catch (error) {
    // The listing is the second source: that it fails too adds nothing to what is known already.
    if (error instanceof KlosetError) return null;
    throw error;
  }
}
