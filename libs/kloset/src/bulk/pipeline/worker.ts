import { closeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { loadAccelerator, useKernelModule } from '@wardrobe/kernel';
import { KlosetError } from '../../errors/errors.js';
import { concatBytes } from '../../bytes/bytes.js';
import { collectGarbage } from '@wardrobe/store-connector';
import { garbageWatch } from '../../bytes/garbage-watch.js';
import { type DeriveStart, serveKey } from '../derive-on-thread.js';
import type { FileResult } from '../backup/content-pipeline.js';
import { BlobStore } from './blob-store.js';
import { ContentWriter, type Stream } from './content-writer.js';
import { IndexRoom } from './index-room.js';
import { packResults } from './packed-results.js';
import { EARLY_READY, type EarlyStart } from './early-protocol.js';
import type { ReaderStart } from './read-protocol.js';
import { serveReads } from './read-worker.js';
import { type FromWorker, GARBAGE_BYTES, type ToWorker, type WorkerStart } from './protocol.js';

/** Entry of the threads that store contents, read blobs, prove packfiles or derive a key. Everything in here is synchronous: one message is one piece of work. */
function serve(port: NonNullable<typeof parentPort>, start: WorkerStart): void {
  useKernelModule(start.module);
  const post = (message: FromWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);
  const room = new IndexRoom(start.indexRoom);
  const blobs = new BlobStore(start, (packfile) => post({ kind: 'packfile', ...packfile, index: room.put(packfile.index) ?? packfile.index.slice() }));
  const writer = new ContentWriter(blobs);
  const streams = new Map<number, Stream>();
  let isOver = false;

  port.on('message', (message: ToWorker) => {
    if (isOver) return;
    try {
      handle(message);
      const packfiles = blobs.takeReliance();
      if (packfiles.length > 0) post({ kind: 'reliance', packfiles });
      if (message.kind === 'finish') post({ kind: 'finished', stored: blobs.stored });
    } catch (error) {
      isOver = true;
      post({
        kind: 'failure',
        code: error instanceof KlosetError ? error.code : null,
        message: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    }
  });

  function handle(message: ToWorker): void {
    if (message.kind === 'files') storeFiles(message);
    else if (message.kind === 'stream') advance(message);
    else if (message.kind === 'range') post({ kind: 'range', id: message.id, isSame: writer.storeRange(message.path, message.chunks) });
    else if (message.kind === 'drop') drop(message.id);
    else if (message.kind === 'segment') blobs.table.addSegment(message.segment);
    else if (message.kind === 'pack') post({ kind: 'packed', bodyBytes: blobs.pack(message) });
    else {
      blobs.endContents();
      letGoOfTable(start);
    }
  }

  function storeFiles(message: ToWorker & { kind: 'files' }): void {
    const before = writer.bytesRead;
    const results = packResults(storeAll(writer, message));
    post({ kind: 'files', id: message.id, results, bytes: writer.bytesRead - before }, [results.records]);
  }

  function advance(message: ToWorker & { kind: 'stream' }): void {
    const before = writer.bytesRead;
    const opened = message.path === null ? streams.get(message.id) : writer.open(message.path);
    if (opened === undefined) throw new Error(`no stream ${message.id}`);
    if ('error' in opened) {
      post({ kind: 'stream', id: message.id, result: opened, chunks: null, bytes: 0 });
      return;
    }
    streams.set(message.id, opened);
    const { result, chunks } = writer.advance(opened, message);
    if (result !== null) drop(message.id);
    post({ kind: 'stream', id: message.id, result, chunks: chunks.length === 0 ? null : concatBytes(chunks), bytes: writer.bytesRead - before });
  }

  function drop(id: number): void {
    const stream = streams.get(id);
    if (stream !== undefined) closeSync(stream.handle);
    streams.delete(id);
  }
}

function storeAll(writer: ContentWriter, { paths, ends }: ToWorker & { kind: 'files' }): FileResult[] {
  let from = 0;
  return Array.from(ends, (end) => {
    const path = paths.subarray(from, end);
    from = end;
    return writer.storeFile(path);
  });
}

/** Memory that threads share is free once none of them holds it. */
function letGoOfTable(start: WorkerStart): void {
  start.segments = [];
  collectGarbage();
}

if (parentPort === null) throw new Error('this is the entry of a thread');
begin(parentPort, workerData as Start);

type Start = WorkerStart | ReaderStart | DeriveStart | EarlyStart;

function begin(port: NonNullable<typeof parentPort>, start: Start): void {
  if (start.role === 'read' || start.role === 'store') port.on('message', garbageWatch(start.role === 'read' ? start.garbageBytes : GARBAGE_BYTES));
  if (start.role === 'early') waitForStart(port, start);
  else if (start.role === 'read') serveReads(port, start);
  else if (start.role === 'derive') serveKey(port, start);
  else serve(port, start);
}

/** The first message tells what the thread is for. What takes long and hangs on nothing is done before. */
function waitForStart(port: NonNullable<typeof parentPort>, { module }: EarlyStart): void {
  useKernelModule(module);
  loadAccelerator();
  const onStart = (start: Start): void => {
    begin(port, start);
    port.off('message', onStart);
  };
  port.on('message', onStart);
  port.postMessage(EARLY_READY);
}
