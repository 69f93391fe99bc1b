import { macToBytes } from '../../bytes/bytes.js';
import type { Abortable } from '../../snapshot/source.js';
import type { ChunkInfo, ObjectInfo } from '../../snapshot/types.js';
import { MADE_FLAG, MADE_RECORD, type ReadAnswer } from './read-protocol.js';
import { type Asked, itemsFor, type WantedBlob } from './readers.js';

/** What a file costs beside its bytes, as so many bytes. */
const FILE_COST_BYTES = 16 << 10;

/** The calls that set what belongs to a file; null: nothing is to be set. */
export type AttributeCalls = { readonly owner: readonly [number, number] | null; readonly mode: number | null; readonly seconds: number };
/** `directory`: the path of its open directory; `object` null: an empty file. */
export type FileToMake = {
  readonly directory: Uint8Array;
  readonly name: Uint8Array;
  readonly replace: boolean;
  readonly createMode: number;
  readonly calls: AttributeCalls;
  readonly object: ObjectInfo | null;
};

/** Has whole files made by threads. */
export interface FileMakers {
  readonly isStarted: boolean;
  /** Of a file. */
  readonly largestBytes: number;
  /** Files that are given at a time: up to so many bytes. `underWay`: so many such batches may wait for their end, and bytes in all of them. */
  readonly batches: { readonly sizeBytes: number; readonly underWay: number; readonly bytesUnderWay: number };
  /** Starts the threads before the first question. */
  start(): void;
  /**
   * Makes files, many at a time; for each, whether it was made. Of one that was not, nothing is left: the ordinary way tells what is wrong with it. When it
   * has ended no thread is at work on any of them.
   */
  make(files: readonly FileToMake[], options: Abortable): Promise<readonly boolean[]>;
}

/** A chunk and its place in the file. */
export type Placed = { readonly chunk: ChunkInfo; readonly to: number };

/** Shares files out, neighbours together, so that threads meet in few directories. `limits`: of a share. @throws as `make`, once all have ended */
export async function makeInShares(
  files: readonly FileToMake[],
  limits: { readonly files: number; readonly bytes: number },
  make: (share: readonly FileToMake[]) => Promise<ReadAnswer>,
): Promise<readonly boolean[]> {
  const shares = [...sharesOf(files, limits)];
  const answers = await Promise.allSettled(shares.map(make));
  return answers.flatMap((answer, number) => {
    if (answer.status === 'rejected') throw answer.reason;
    return (shares[number] ?? []).map((_, at) => answer.value.lengths[at] === 0);
  });
}

function* sharesOf(files: readonly FileToMake[], limits: { readonly files: number; readonly bytes: number }): Generator<readonly FileToMake[]> {
  let share: FileToMake[] = [];
  let cost = 0;
  for (const file of files) {
    share.push(file);
    cost += FILE_COST_BYTES + (file.object?.sizeBytes ?? 0);
    if (share.length < limits.files && cost < limits.bytes) continue;
    yield share;
    share = [];
    cost = 0;
  }
  if (share.length > 0) yield share;
}

/** A question to a thread, and what is handed over with it. `placeOf`: where a chunk's stored bytes lie, in a packfile on this machine or in `stored`. */
export function makeRequest(
  files: readonly FileToMake[],
  from: { readonly placeOf: (chunk: ChunkInfo) => WantedBlob; readonly stored: SharedArrayBuffer | null },
): [Asked, ArrayBuffer[]] {
  const made = new ArrayBuffer(files.length * MADE_RECORD.sizeBytes);
  const directories = new Map<Uint8Array, number>();
  const wanted: WantedBlob[] = [];
  for (const [index, file] of files.entries()) {
    const chunks = placed(file.object);
    for (const { chunk, to } of chunks) wanted.push({ ...from.placeOf(chunk), to, plainBytes: chunk.lengthBytes });
    const directory = directories.get(file.directory) ?? directories.size;
    directories.set(file.directory, directory);
    writeRecord(new DataView(made, index * MADE_RECORD.sizeBytes, MADE_RECORD.sizeBytes), file, { directory, blobs: chunks.length });
  }
  const { files: packfiles, items } = itemsFor(wanted);
  const names = new Uint8Array(Buffer.concat(files.map(({ name }) => name)));
  const paths = [...directories.keys()].map((path) => new Uint8Array(path));
  return [{ kind: 'make', files: packfiles, items, directories: paths, names, made, stored: from.stored }, [items, made]];
}

/** The MAC of one chunk is the MAC of the whole when there are no others. */
export function isProvenByChunk(filled: readonly ChunkInfo[], object: ObjectInfo): boolean {
  return filled.length === 1 && filled[0]?.mac === object.contentMac;
}

function placed(object: ObjectInfo | null): readonly Placed[] {
  let to = 0;
  return (object?.chunks ?? []).flatMap((chunk) => {
    to += chunk.lengthBytes;
    return chunk.lengthBytes > 0 ? [{ chunk, to: to - chunk.lengthBytes }] : [];
  });
}

function writeRecord(view: DataView, file: FileToMake, at: { readonly directory: number; readonly blobs: number }): void {
  const { object, calls } = file;
  const filled = (object?.chunks ?? []).filter((chunk) => chunk.lengthBytes > 0);
  const isToProve = object !== null && !isProvenByChunk(filled, object);
  const flags = (file.replace ? MADE_FLAG.replace : 0) | (calls.owner === null ? 0 : MADE_FLAG.owner) | (isToProve ? MADE_FLAG.prove : 0);
  view.setUint32(MADE_RECORD.directory, at.directory, true);
  view.setUint32(MADE_RECORD.nameBytes, file.name.length, true);
  view.setUint32(MADE_RECORD.blobs, at.blobs, true);
  view.setUint32(MADE_RECORD.createMode, file.createMode, true);
  view.setInt32(MADE_RECORD.mode, calls.mode ?? -1, true);
  view.setUint32(MADE_RECORD.flags, flags, true);
  view.setUint32(MADE_RECORD.uid, calls.owner?.[0] ?? 0, true);
  view.setUint32(MADE_RECORD.gid, calls.owner?.[1] ?? 0, true);
  view.setFloat64(MADE_RECORD.seconds, calls.seconds, true);
  if (object !== null) new Uint8Array(view.buffer, view.byteOffset + MADE_RECORD.contentMac, 32).set(macToBytes(object.contentMac));
}
