import { parseMac, type PackfileId, type SnapshotId, type StateId } from '@wardrobe/kloset-model';
import { type BuildEntry, buildSnapshot, createStoreWriter, type StoreWriter, storeObject } from '@wardrobe/kloset/testing';
import { textGenerator } from './content.js';

/** Stores for the benchmarks. Each is the same at every run: all bytes come from a fixed seed (the snapshot ids too). */
export type Generated = { readonly snapshot: SnapshotId; readonly bytes: number };

type Shape = { readonly passphrase?: string; readonly line?: '1.0' | '1.1' };

const START_NS = 1_700_000_000_000_000_000n;
const HOUR_NS = 3_600_000_000_000n;
const SECOND_NS = 1_000_000_000n;

function nextId(writer: StoreWriter): SnapshotId & StateId {
  return parseMac(Buffer.from(writer.random.bytes(32)).toString('hex')) as SnapshotId & StateId;
}

/** One directory `/data` of many files, their contents shared among a thousand small ones, with sizes and times in no order. */
export async function largeDirectory(root: string, options: Shape & { readonly entries: number }): Promise<Generated> {
  const line = options.line ?? '1.1';
  const writer = await createStoreWriter(root, { ...options, line, seed: `directory ${options.entries}` });
  const text = textGenerator('directory contents');
  const contents = Array.from({ length: 1000 }, (_, index) => storeObject(writer, [text(1 + ((index * 37) % 4096))]));
  const digits = String(options.entries).length;
  const entries: BuildEntry[] = Array.from({ length: options.entries }, (_, index) => ({
    path: `/data/file-${String(index).padStart(digits, '0')}.${['txt', 'jpg', 'log', 'conf'][writer.random.between(0, 3)]}`,
    stored: contents[writer.random.between(0, contents.length - 1)] as (typeof contents)[number],
    mtimeNs: START_NS + BigInt(writer.random.u32()) * 1_000_000n,
    uid: 1000n,
    gid: 1000n,
  }));
  const snapshot = nextId(writer);
  buildSnapshot(writer, entries, { form: line, id: snapshot });
  writer.writeState(snapshot, START_NS);
  return { snapshot, bytes: writer.bytesWritten };
}

/** A few small files in one snapshot. */
export async function smallStore(root: string, options: Shape & { readonly snapshots?: number } = {}): Promise<Generated> {
  const line = options.line ?? '1.1';
  const writer = await createStoreWriter(root, { ...options, line, seed: 'small' });
  let snapshot = nextId(writer);
  for (let index = 0; index < (options.snapshots ?? 4); index += 1) {
    snapshot = nextId(writer);
    buildSnapshot(
      writer,
      [
        { path: '/srv/a.txt', content: `content ${index}` },
        { path: '/srv/b/c.txt', content: 'other' },
      ],
      { form: line, id: snapshot },
    );
    writer.writeState(snapshot, START_NS + BigInt(index) * HOUR_NS);
  }
  return { snapshot, bytes: writer.bytesWritten };
}

/** One file `/data/large.bin`, half of its chunks text and half random bytes, about 1 MiB each. */
export async function largeFile(root: string, options: Shape & { readonly sizeBytes: number }): Promise<Generated> {
  const line = options.line ?? '1.1';
  const writer = await createStoreWriter(root, { ...options, line, seed: `file ${options.sizeBytes}` });
  const stored = storeObject(writer, pieces(writer, options.sizeBytes));
  const snapshot = nextId(writer);
  buildSnapshot(writer, [{ path: '/data/large.bin', stored }], { form: line, id: snapshot });
  writer.writeState(snapshot, START_NS);
  return { snapshot, bytes: writer.bytesWritten };
}

function* pieces(writer: StoreWriter, sizeBytes: number): Generator<Uint8Array> {
  const text = textGenerator('file text');
  for (let done = 0, index = 0; done < sizeBytes; index += 1) {
    const lengthBytes = Math.min(sizeBytes - done, writer.random.between(512 << 10, 1536 << 10));
    yield index % 2 === 0 ? text(lengthBytes) : writer.random.bytes(lengthBytes);
    done += lengthBytes;
  }
}

/** Types of blobs in the share a store of mid-sized files has. */
const CLAIMED_TYPES = [9, 9, 9, 7, 12, 12, 12, 11];

/**
 * Many states, each with one real snapshot in a packfile of its own and claims of further blobs in it and in two more small packfiles. The claims are whole
 * location entries that no blob stands behind: opening and merging cannot tell.
 */
export async function manyStates(root: string, options: Shape & { readonly states: number; readonly locationsPerState: number }): Promise<Generated> {
  const line = options.line ?? '1.0';
  const writer = await createStoreWriter(root, { ...options, line, seed: 'states', paddingBytes: 64 });
  let snapshot = nextId(writer);
  for (let index = 0; index < options.states; index += 1) {
    snapshot = nextId(writer);
    const packfiles: PackfileId[] = [];
    for (let extra = 0; extra < 2; extra += 1) {
      writer.put(9, writer.random.bytes(64));
      const closed = writer.closePackfile();
      if (closed !== null) packfiles.push(closed);
    }
    buildSnapshot(writer, [{ path: '/srv/a.txt', content: `content ${index}` }], { form: line, id: snapshot, timestampNs: START_NS + BigInt(index) * HOUR_NS });
    const own = writer.closePackfile();
    if (own !== null) packfiles.push(own);
    claimMore(writer, packfiles, options.locationsPerState - writer.claimed);
    writer.writeState(snapshot, START_NS + BigInt(index) * HOUR_NS);
  }
  return { snapshot, bytes: writer.bytesWritten };
}

function claimMore(writer: StoreWriter, packfiles: readonly PackfileId[], count: number): void {
  let offset = 0;
  for (let index = 0; index < count; index += 1) {
    const blob = parseMac(Buffer.from(writer.random.bytes(32)).toString('hex'));
    const lengthBytes = writer.random.between(300, 200_000);
    const packfile = packfiles[index % packfiles.length] as PackfileId;
    writer.claim({ type: CLAIMED_TYPES[index % CLAIMED_TYPES.length] as number, blob, packfile, offset, lengthBytes });
    offset += lengthBytes;
  }
}

/** Many snapshots of the same two files at odd times, one in each hour, a hundred in each state. */
export async function manySnapshots(root: string, options: Shape & { readonly snapshots: number }): Promise<Generated> {
  const line = options.line ?? '1.1';
  const writer = await createStoreWriter(root, { ...options, line, seed: 'snapshots' });
  let snapshot = nextId(writer);
  for (let index = 0; index < options.snapshots; index += 1) {
    snapshot = nextId(writer);
    const timestampNs = START_NS + BigInt(index) * HOUR_NS + BigInt(writer.random.between(0, 3599)) * SECOND_NS;
    buildSnapshot(
      writer,
      [
        { path: '/srv/a.txt', content: 'a' },
        { path: '/srv/b.txt', content: 'b' },
      ],
      { form: line, id: snapshot, timestampNs },
    );
    if (index % 100 === 99 || index === options.snapshots - 1) writer.writeState(snapshot, timestampNs);
  }
  return { snapshot, bytes: writer.bytesWritten };
}
