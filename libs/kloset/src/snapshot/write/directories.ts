import { encode } from '../../codec/codec.js';
import type { Chunker } from '../../chunking/chunker.js';
import { DIRPACK_DIRECTORY, DIRPACK_OTHER } from '../../format/snapshot-dirpack.js';
import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import { summary, type SummaryRecord } from '../../format/snapshot-summary.js';
import type { BlobSink, StoreLine } from '../../repository/writer-types.js';
import type { EntrySet } from './entry-set.js';
import type { ErrorCounts } from './error-counts.js';
import { NumberPages } from './byte-arena.js';
import { MacArray } from './item-lists.js';
import type { OtherForm } from './other-form.js';
import type { PathOrder } from './path-order.js';
import { ContentRoom, contentSink } from './store-content.js';
import { SummaryCounter } from './summary-counter.js';
import { createSummaryShelf, type SummaryShelf } from './summary-shelf.js';

export type DirectoryJob = {
  readonly sink: BlobSink;
  readonly line: StoreLine;
  readonly chunker: Pick<Chunker, 'cut' | 'rule'>;
  readonly entries: EntrySet;
  readonly order: PathOrder;
  readonly errors: ErrorCounts;
  /** Only line 1.0 writes entries in both forms. */
  readonly otherForm: OtherForm | null;
  readonly pause: () => Promise<void>;
};

/** Directories in descending BYTES order of the path, with the MACs that the indexes name. */
export type WrittenDirectories = { readonly nodes: NumberPages; readonly dirpacks: MacArray; readonly summaries: MacArray; readonly top: SummaryRecord };

const ENTRIES_PER_PAUSE = 256;

/** Writes all entries, and of each directory its packed listing and its summary, children before parents. @source 02-snapshot 2.5, 3, 6.4 */
export async function writeDirectories(job: DirectoryJob): Promise<WrittenDirectories> {
  const { byBytes } = job.order;
  const nodes = new NumberPages();
  for (let at = byBytes.length - 1; at >= 0; at--) if (job.entries.isDirectory(byBytes[at] as number)) nodes.push(byBytes[at] as number);
  const written = { nodes, dirpacks: new MacArray(nodes.length), summaries: new MacArray(job.line === '1.1' ? nodes.length : 0) };
  const shelf = createSummaryShelf();
  const run: Run = { job, shelf, room: new ContentRoom(), sinceLastPause: 0 };
  try {
    let top = new SummaryCounter();
    for (let at = 0; at < nodes.length; at++) {
      top = await writeDirectory(run, nodes.get(at), { at, written });
      shelf.put(nodes.get(at), top);
    }
    return { ...written, top: top.record() };
  } finally {
    shelf.close();
  }
}

type Run = { readonly job: DirectoryJob; readonly shelf: SummaryShelf; readonly room: ContentRoom; sinceLastPause: number };

async function writeDirectory(
  run: Run,
  directory: number,
  place: { readonly at: number; readonly written: Omit<WrittenDirectories, 'nodes' | 'top'> },
): Promise<SummaryCounter> {
  const { sink, chunker, entries, order, errors, line } = run.job;
  const counter = new SummaryCounter();
  const listing = contentSink(sink, { chunker, contentType: 'application/octet-stream', entropy: 'none', room: run.room });
  for (const child of order.childrenOf(directory)) {
    if (!entries.has(child)) continue;
    if (entries.isDirectory(child)) addDirectory(run, child, { counter, listing });
    else addEntry(run, child, { counter, listing });
    run.sinceLastPause += 1;
    if (run.sinceLastPause >= ENTRIES_PER_PAUSE) await breathe(run);
  }
  counter.addErrors(errors.of(directory));
  place.written.dirpacks.set(place.at, listing.finish().object);
  const record = counter.record();
  if (line === '1.1') place.written.summaries.set(place.at, sink.put(SNAPSHOT_BLOB.summary, encode(summary, record)));
  putEntry(run, directory, record);
  run.sinceLastPause += 1;
  return counter;
}

type Totals = { readonly counter: SummaryCounter; readonly listing: { push(bytes: Uint8Array): void } };

/** A directory's own entry was put when it was written: here it is only listed. */
function addDirectory({ job, shelf }: Run, child: number, totals: Totals): void {
  const below = shelf.take(child);
  totals.counter.addDirectory(below);
  const payload = job.entries.payload(child, { object: NO_OBJECT, summary: job.line === '1.0' ? below.record() : null }, job.line);
  pushFrame(totals.listing, { kind: DIRPACK_DIRECTORY, payload, mac: job.entries.macBytes(child) });
}

function addEntry(run: Run, child: number, totals: Totals): void {
  const { entries, line } = run.job;
  totals.counter.addEntry(entries.counted(child, line));
  const payload = putEntry(run, child, null);
  pushFrame(totals.listing, { kind: DIRPACK_OTHER, payload, mac: entries.macBytes(child) });
}

/** Stores an entry in the form of the store's line, and keeps its MAC in the place of its object's. The answer is a view, good until the next entry. */
function putEntry({ job }: Run, node: number, record: SummaryRecord | null): Uint8Array {
  const { entries, sink, line } = job;
  const object = entries.macBytes(node);
  const payload = entries.payload(node, { object, summary: record }, line);
  const mac = sink.mac(payload);
  const isNew = !sink.has(SNAPSHOT_BLOB.vfsEntry, mac);
  if (isNew) sink.putAgain(SNAPSHOT_BLOB.vfsEntry, payload, mac);
  job.otherForm?.put(node, object, isNew);
  entries.setMac(node, mac);
  return payload;
}

function pushFrame(listing: { push(bytes: Uint8Array): void }, frame: { readonly kind: number; readonly payload: Uint8Array; readonly mac: Uint8Array }): void {
  FRAME_HEAD[0] = frame.kind;
  FRAME_HEAD.writeUInt32LE(frame.payload.length + frame.mac.length, 1);
  listing.push(FRAME_HEAD);
  listing.push(frame.payload);
  listing.push(frame.mac);
}

const NO_OBJECT = new Uint8Array(32);
/** Kind and length, as in the table of `dirpackFrameHead`; used again for every frame. */
const FRAME_HEAD = Buffer.alloc(5);

async function breathe(run: Run): Promise<void> {
  run.sinceLastPause = 0;
  await run.job.pause();
}
