import { randomInt } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { kernelModule } from '@wardrobe/kernel';
import type { PackfileId } from '@wardrobe/kloset-model';
import { collectGarbage } from '@wardrobe/store-connector';
import { cutRule } from '../../chunking/chunker.js';
import { packfileIndexRecord } from '../../format/packfile.js';
import { BLOB_TYPE } from '../../format/state.js';
import type { BlobPackers, PackfileTicket, RepositoryWriter } from '../../repository/writer-types.js';
import type { ContentPipeline } from '../backup/content-pipeline.js';
import { DedupSeed } from './dedup-seed.js';
import { IndexRoom, newIndexRoom } from './index-room.js';
import type { PackfileMessage, WorkerStart } from './protocol.js';
import { Scheduler } from './scheduler.js';
import { ThreadPacker, type ThreadPackerParts } from './thread-packer.js';
import { startWorker } from './worker-file.js';

export type ThreadOptions = {
  /** Default: one a processor. */
  readonly threads?: number | undefined;
  /** What is about to come, for the size of tables; wrong numbers only cost time or memory. */
  readonly expected?: { readonly totalBytes: number; readonly files: number } | undefined;
};

const NAME_LIMIT = 1e9;
const PACKERS = 2;
/** What a thread has room for in any case. */
const MIN_LIMIT_BYTES = 64 << 10;

/**
 * Stores contents on threads of their own: each reads, cuts, hashes, compresses, seals and packs in place in its own memory and fills its own packfile. What is
 * known already stands in one table that all of them share.
 */
export async function threadPipeline(writer: RepositoryWriter, options: ThreadOptions = {}): Promise<ContentPipeline> {
  const config = writer.repository.keys.configFile;
  const folder = writer.store.spoolDirectory ?? tmpdir();
  const prefix = `tmp.${randomInt(NAME_LIMIT)}${randomInt(NAME_LIMIT)}-`;
  const packfileMaxBytes = Number(writer.repository.config.packfileMaxSize);
  const handedOver = new Set<string>();
  let packers: BlobPackers | null = null;
  let scheduler: Scheduler | null = null;
  let bytesRead = 0;
  /** Threads and table are made when there is something to store: often nothing has changed. */
  const running = (): Scheduler => (scheduler ??= begin());

  /** Returns the number of its blobs, padding left out. */
  function takeIn(packfile: PackfileMessage, ticket?: PackfileTicket): number {
    writer.addPackfile({ id: packfile.id as PackfileId, path: packfile.path, sizeBytes: packfile.sizeBytes, index: packfile.index, ticket });
    handedOver.add(packfile.path);
    const blobs = countBlobs(packfile.index);
    if (packfile.index.buffer instanceof SharedArrayBuffer) new IndexRoom(packfile.index.buffer).clear();
    return blobs;
  }

  function begin(): Scheduler {
    const seed = new DedupSeed(writer, expectedBlobs(writer, options));
    const start: Omit<WorkerStart, 'namePrefix' | 'indexRoom'> = {
      role: 'store',
      module: kernelModule(),
      config,
      secret: writer.repository.secret,
      segments: seed.segments,
      packfileMaxBytes,
      folder,
      clockOffsetMs: Math.round(writer.environment.nowMs() - Date.now()),
    };
    const threads = options.threads ?? availableParallelism();
    return new Scheduler({
      startWorkers: () =>
        Array.from({ length: threads }, (_, thread) => startWorker({ ...start, namePrefix: `${prefix}${thread}-`, indexRoom: newIndexRoom() })),
      seed,
      addPackfile: (packfile) => takeIn(packfile),
      settle: () => writer.settle(),
    });
  }

  async function intoPackers(): Promise<BlobPackers | null> {
    if (scheduler === null || scheduler.threads < PACKERS) return null;
    const limitBytes = Math.max(writer.repository.config.chunking.maxSize, MIN_LIMIT_BYTES);
    // The table of what is stored goes with the rest: trees need memory of their own.
    packers = packersOf(await scheduler.release(PACKERS), { limitBytes, packfileMaxBytes, onPackfile: takeIn });
    collectGarbage();
    return packers;
  }

  return {
    store: (jobs, storeOptions = {}) => running().store(jobs, storeOptions.signal),
    get bytesRead() {
      return scheduler?.bytesRead ?? bytesRead;
    },
    finish: async () => scheduler?.finish(),
    intoPackers,
    async close() {
      if (scheduler === null) return;
      await packers?.close();
      await scheduler.close();
      bytesRead = scheduler.bytesRead;
      scheduler = null;
      await removeLeft(folder, prefix, handedOver);
    },
  };
}

async function removeLeft(folder: string, prefix: string, handedOver: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (name.startsWith(prefix) && !handedOver.has(path)) await rm(path, { force: true });
  }
}

/** One for what goes to data packfiles, one for all else. */
function packersOf(workers: readonly Worker[], parts: Omit<ThreadPackerParts, 'worker'>): BlobPackers {
  const [data, metadata] = workers.map((worker) => new ThreadPacker({ worker, ...parts }));
  if (data === undefined || metadata === undefined) throw new TypeError(`${workers.length} threads are too few`);
  return { data, metadata, close: () => Promise.all([data.close(), metadata.close()]).then(() => undefined) };
}

function expectedBlobs(writer: RepositoryWriter, options: ThreadOptions): number {
  const { chunking } = writer.repository.config;
  const rule = cutRule(chunking);
  // The old masks cut about 32 KiB behind the smallest size.
  const averageBytes = chunking.algorithm.toLowerCase() === 'fastcdc' ? rule.minSize + (32 << 10) : rule.normalSize;
  const { totalBytes = 0, files = 0 } = options.expected ?? {};
  return 2 * files + Math.ceil(totalBytes / averageBytes);
}

/** Blobs other than padding: a record begins with its type. */
function countBlobs(index: Uint8Array): number {
  const { sizeBytes } = packfileIndexRecord;
  let count = 0;
  for (let at = 0; at < index.length; at += sizeBytes) if (index[at] !== BLOB_TYPE.padding) count += 1;
  return count;
}
