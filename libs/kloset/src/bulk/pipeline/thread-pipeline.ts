import { randomInt } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { kernelModule } from '@wardrobe/kernel';
import type { PackfileId } from '@wardrobe/kloset-model';
import { cutRule } from '../../chunking/chunker.js';
import { decode } from '../../codec/codec.js';
import { packfileIndexRecord } from '../../format/packfile.js';
import { BLOB_TYPE } from '../../format/state.js';
import type { PlacedBlob, RepositoryWriter } from '../../repository/writer-types.js';
import type { ContentPipeline } from '../backup/content-pipeline.js';
import { DedupSeed } from './dedup-seed.js';
import { IndexRoom, newIndexRoom } from './index-room.js';
import type { FromWorker, WorkerStart } from './protocol.js';
import { Scheduler } from './scheduler.js';
import { startWorker } from './worker-file.js';

export type ThreadOptions = {
  /** Default: one a processor. */
  readonly threads?: number | undefined;
  /** What is about to come, for the size of tables; wrong numbers only cost time or memory. */
  readonly expected?: { readonly totalBytes: number; readonly files: number } | undefined;
};

const NAME_LIMIT = 1e9;

/**
 * Stores contents on threads of their own: each reads, cuts, hashes, compresses, seals and packs in place in its own memory and fills its own packfile. What is
 * known already stands in one table that all of them share.
 */
export async function threadPipeline(writer: RepositoryWriter, options: ThreadOptions = {}): Promise<ContentPipeline> {
  const config = writer.repository.keys.configFile;
  const folder = writer.store.spoolDirectory ?? tmpdir();
  const prefix = `tmp.${randomInt(NAME_LIMIT)}${randomInt(NAME_LIMIT)}-`;
  const handedOver = new Set<string>();
  let scheduler: Scheduler | null = null;
  let bytesRead = 0;
  /** Threads and table are made when there is something to store: often nothing has changed. */
  const running = (): Scheduler => (scheduler ??= begin());

  function begin(): Scheduler {
    const seed = new DedupSeed(writer, expectedBlobs(writer, options));
    const start: Omit<WorkerStart, 'namePrefix' | 'indexRoom'> = {
      role: 'store',
      module: kernelModule(),
      config,
      secret: writer.repository.secret,
      segments: seed.segments,
      packfileMaxBytes: Number(writer.repository.config.packfileMaxSize),
      folder,
      clockOffsetMs: Math.round(writer.environment.nowMs() - Date.now()),
    };
    const threads = options.threads ?? availableParallelism();
    return new Scheduler({
      startWorkers: () =>
        Array.from({ length: threads }, (_, thread) => startWorker({ ...start, namePrefix: `${prefix}${thread}-`, indexRoom: newIndexRoom() })),
      seed,
      addPackfile(packfile) {
        writer.addPackfile(spooled(packfile));
        handedOver.add(packfile.path);
        const blobs = countBlobs(packfile.index);
        if (packfile.index.buffer instanceof SharedArrayBuffer) new IndexRoom(packfile.index.buffer).clear();
        return blobs;
      },
      settle: () => writer.settle(),
    });
  }

  return {
    store: (jobs, storeOptions = {}) => running().store(jobs, storeOptions.signal),
    get bytesRead() {
      return scheduler?.bytesRead ?? bytesRead;
    },
    async finish() {
      await scheduler?.finish();
    },
    async close() {
      if (scheduler === null) return;
      await scheduler.close();
      bytesRead = scheduler.bytesRead;
      // The table of what is stored goes with it: the trees that are written next need memory of their own.
      scheduler = null;
      for (const name of await readdir(folder)) {
        const path = join(folder, name);
        if (name.startsWith(prefix) && !handedOver.has(path)) await rm(path, { force: true });
      }
    },
  };
}

function expectedBlobs(writer: RepositoryWriter, options: ThreadOptions): number {
  const { chunking } = writer.repository.config;
  const rule = cutRule(chunking);
  // The old masks cut about 32 KiB behind the smallest size.
  const averageBytes = chunking.algorithm.toLowerCase() === 'fastcdc' ? rule.minSize + (32 << 10) : rule.normalSize;
  const { totalBytes = 0, files = 0 } = options.expected ?? {};
  return 2 * files + Math.ceil(totalBytes / averageBytes);
}

function spooled(packfile: FromWorker & { kind: 'packfile' }) {
  return { id: packfile.id as PackfileId, path: packfile.path, sizeBytes: packfile.sizeBytes, blobs: placedBlobs(packfile.index) };
}

/** One at a time: a packfile of tiny files has 100,000 of them. */
function* placedBlobs(index: Uint8Array): Generator<PlacedBlob> {
  const { sizeBytes } = packfileIndexRecord;
  for (let at = 0; at < index.length; at += sizeBytes) {
    const record = decode(packfileIndexRecord, index.subarray(at, at + sizeBytes));
    yield { type: record.type, version: record.version, blob: record.id, offset: record.offset, lengthBytes: record.lengthBytes };
  }
}

/** Blobs other than padding: a record begins with its type. */
function countBlobs(index: Uint8Array): number {
  const { sizeBytes } = packfileIndexRecord;
  let count = 0;
  for (let at = 0; at < index.length; at += sizeBytes) if (index[at] !== BLOB_TYPE.padding) count += 1;
  return count;
}
