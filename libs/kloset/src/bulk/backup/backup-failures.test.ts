import { execFileSync } from 'node:child_process';
import { createCipheriv } from 'node:crypto';
import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { nameBytes } from '@wardrobe/kloset-model';
import { seededRandom, temporaryFolder } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DiskFullError, LockedError, StoreError } from '../../errors/errors.js';
import { openRepository } from '../../repository/repository.js';
import { openWriter } from '../../repository/writer.js';
import { faultyStore } from '../../snapshot/testing/index.js';
import type { WritableStore } from '../../store/store.js';
import { fsStore } from '@wardrobe/connector-fs';
import { memoryStore } from '@wardrobe/connector-memory';
import { backup } from './backup.js';
import { contentOf, entriesOf, errorsOf, freshRepository, problemsOf } from './testing/backup-kit.js';
import type { XattrReader } from './xattr-reader.js';

let folder: string;

beforeAll(async () => {
  folder = await temporaryFolder('backup-failures');
});

afterAll(() => void execFileSync('rm', ['-rf', folder]));

const request = (root: string) => ({ paths: [nameBytes(root)], origin: 'workshop' });

/** Looks at attributes last, so that a test can do something between lstat and open. */
function betweenLookAndRead(act: (path: string) => void): XattrReader {
  return {
    list(path) {
      act(path);
      return { names: [] };
    },
    get: () => ({ error: 'never asked' }),
  };
}

function plantFiles(root: string, files: number, lengthBytes: number): void {
  const random = seededRandom(11);
  mkdirSync(root, { recursive: true });
  for (let i = 0; i < files; i++)
    writeFileSync(
      `${root}/${i}`,
      Uint8Array.from({ length: lengthBytes }, () => random.next() * 256),
    );
}

/** As an account that may read nothing by force; root would be allowed everything. */
async function withoutPrivileges<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(65534);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

describe('files that cannot be saved', () => {
  test('are errors of the snapshot in the words of plakar, and the rest is saved', async () => {
    const root = `${folder}/denied`;
    mkdirSync(`${root}/closed`, { recursive: true });
    mkdirSync(`${root}/listed`);
    for (const name of ['closed/x', 'listed/y', 'secret', 'fine']) writeFileSync(`${root}/${name}`, name);
    chmodSync(folder, 0o755);
    chmodSync(`${root}/secret`, 0);
    chmodSync(`${root}/closed`, 0o311);
    chmodSync(`${root}/listed`, 0o644);
    const repository = await freshRepository(memoryStore(), { line: '1.0' });
    const told: string[] = [];
    const summary = await withoutPrivileges(() => backup(repository, request(root), { onError: (_path, message) => told.push(message) }));
    const expected = {
      [`${root}/secret`]: `open ${root}/secret: permission denied`,
      [`${root}/closed`]: `open ${root}/closed: permission denied`,
      [`${root}/listed/y`]: `lstat ${root}/listed/y: permission denied`,
    };
    expect(await errorsOf(repository, summary.snapshot)).toEqual(expected);
    expect(told.sort()).toEqual(Object.values(expected).sort());
    expect(summary).toMatchObject({ files: 1, directories: 3, errors: 3 });
    const entries = await entriesOf(repository, summary.snapshot, root);
    // An unreadable directory is there and empty; a file without content has no entry.
    expect([...entries.keys()].map((path) => path.slice(root.length))).toEqual(['', '/closed', '/fine', '/listed']);
    expect(await problemsOf(repository, summary.snapshot)).toEqual([]);
  });

  test('vanish, change their kind or grow while they are read', async () => {
    const root = `${folder}/moving`;
    plantFiles(root, 4, 1000);
    const act = (path: string): void => {
      if (path.endsWith('/0')) rmSync(path);
      if (path.endsWith('/1')) {
        rmSync(path);
        execFileSync('mkfifo', [path]);
      }
      if (path.endsWith('/2')) {
        renameSync(path, `${path}.aside`);
        execFileSync('ln', ['-s', `${path}.aside`, path]);
      }
      if (path.endsWith('/3')) writeFileSync(path, 'longer than before'.repeat(1000));
    };
    const repository = await freshRepository(memoryStore(), { line: '1.1' });
    const summary = await backup(repository, request(root), { xattrReader: betweenLookAndRead(act) });
    expect(await errorsOf(repository, summary.snapshot)).toEqual({
      [`${root}/0`]: `open ${root}/0: no such file or directory`,
      [`${root}/1`]: `open ${root}/1: no regular file any more`,
      [`${root}/2`]: `open ${root}/2: too many levels of symbolic links`,
    });
    const entries = await entriesOf(repository, summary.snapshot);
    expect(entries.get(`${root}/3`)?.sizeBytes).toBe(18_000n);
    expect((await contentOf(repository, summary.snapshot, entries.get(`${root}/3`))).length).toBe(18_000);
    // What was read is not what lstat saw: the next run reads it again.
    expect((await backup(repository, request(root))).unchanged).toBe(0);
  });
});

describe('a run that does not come to its end', () => {
  test('leaves what it stored for the next one, no snapshot and no lock, when it is told to stop', async () => {
    const root = `${folder}/stopped`;
    plantFiles(root, 60, 100_000);
    const store = memoryStore();
    const repository = await freshRepository(store, { line: '1.0' });
    const abort = new AbortController();
    const reason = new Error('enough');
    const checkpoints: unknown[] = [];
    const run = backup(repository, request(root), {
      signal: abort.signal,
      pipeline: async (writer) => {
        const { threadlessPipeline } = await import('./threadless-pipeline.js');
        const pipeline = threadlessPipeline(writer);
        return {
          ...pipeline,
          get bytesRead() {
            return pipeline.bytesRead;
          },
          store: async (jobs, options) => {
            await pipeline.store(jobs.slice(0, 40));
            abort.abort(reason);
            return pipeline.store(jobs, options);
          },
        };
      },
      onCheckpoint: (result, why) => checkpoints.push([why, result.state === null]),
      onNote: (note) => checkpoints.push(note),
    });
    await expect(run).rejects.toBe(reason);
    expect(checkpoints).toEqual([['interrupted', false]]);
    await repository.refresh();
    expect([repository.view.live.length, store.items.lock.size, store.items.state.size]).toEqual([0, 0, 1]);
    const before = storedBytes(store);
    expect(before).toBeGreaterThan(40 * 100_000);
    const summary = await backup(repository, request(root));
    expect(summary).toMatchObject({ files: 60, errors: 0 });
    expect(storedBytes(store) - before).toBeLessThan(21 * 100_000 + 500_000);
    expect(await problemsOf(repository, summary.snapshot)).toEqual([]);
  });

  test('publishes what there is every hour', async () => {
    const root = `${folder}/slow`;
    for (let i = 0; i < 5; i++) plantFiles(`${root}/${i}`, 3, 5000);
    const store = memoryStore();
    const repository = await freshRepository(store, { line: '1.0' });
    let nowMs = Date.now() - 10 * 3_600_000;
    const checkpoints: string[] = [];
    const summary = await backup(repository, request(root), {
      environment: { nowMs: () => nowMs },
      // An hour by default; a clock that runs away further would make the lock stale.
      checkpointMs: 300_000,
      xattrReader: betweenLookAndRead(() => {
        nowMs += 20_000;
      }),
      onCheckpoint: (_result, why) => {
        checkpoints.push(why);
        expect(repository.view.live).toEqual([]);
      },
    });
    expect(checkpoints).toEqual(['hourly']);
    expect(repository.view.live.map(({ id }) => id)).toEqual([summary.snapshot]);
    expect(summary.durationMs).toBe(21 * 20_000);
    expect(await problemsOf(repository, summary.snapshot)).toEqual([]);
  });

  test.each([1, 2])('publishes every hour what there is of a single file that takes longer, and the next run builds upon it (threads: %i)', async (threads) => {
    const root = `${folder}/one-${threads}`;
    mkdirSync(root);
    const sizeBytes = (threads === 1 ? 40 : 88) << 20;
    const stream = createCipheriv('aes-256-ctr', Buffer.alloc(32, threads), Buffer.alloc(16));
    writeFileSync(`${root}/huge`, stream.update(Buffer.alloc(sizeBytes)));
    const store = fsStore(`${folder}/store-${threads}`) as WritableStore;
    const repository = await freshRepository(store, { line: '1.0' });
    const abort = new AbortController();
    const reason = new Error('the machine went down');
    const seen: number[] = [];
    const run = backup(repository, request(root), {
      threads,
      signal: abort.signal,
      checkpointMs: 1,
      onCheckpoint({ blobs, state }, why) {
        if (why !== 'hourly' || state === null || blobs < 20) return;
        seen.push(blobs);
        abort.abort(reason);
      },
    });
    await expect(run).rejects.toBe(reason);
    expect(seen.length).toBe(1);
    const again = await openRepository(store);
    expect(again.view.live).toEqual([]);
    expect(again.view.counts.locations).toBeGreaterThan(20);
    let writtenBytes = 0;
    const before = new Set([...again.view.packfiles()].map(({ id }) => id));
    const summary = await backup(again, request(root), { threads });
    for await (const { id, sizeBytes: bytes } of store.list('packfile')) if (!before.has(id)) writtenBytes += bytes;
    expect(writtenBytes).toBeLessThan(sizeBytes - (10 << 20));
    expect(await problemsOf(again, summary.snapshot)).toEqual([]);
  });

  test.each(['error', 'full', 'late', 'short', 'dead'] as const)(
    'fails when a call to the store goes wrong (%s), and nothing is half visible',
    async (kind) => {
      const root = `${folder}/faults`;
      plantFiles(root, 8, 20_000);
      const counted = faultyStore(memoryStore());
      await backup(await freshRepository(counted.store, { line: '1.0' }), request(root));
      const random = seededRandom(kind.length);
      const creating = faultyStore(memoryStore());
      await freshRepository(creating.store, { line: '1.0' });
      for (let round = 0; round < 8; round++) {
        const inner = memoryStore();
        await freshRepository(inner, { line: '1.0' });
        const at = creating.calls + Math.floor(random.next() * (counted.calls - creating.calls));
        const faulty = faultyStore(inner, { at: at - creating.calls, kind });
        const outcome = await attempt(faulty.store, root);
        const fresh = await openRepository(inner, {});
        // Whoever was told of a failure may find the snapshot whole (the last word got lost), never in part; whoever was told of success finds it.
        const seen = fresh.view.live.map(({ id }) => id);
        expect(seen.length).toBeLessThanOrEqual(1);
        if (outcome === null) expect(seen.length).toBe(1);
        else expect(outcome instanceof StoreError || outcome instanceof DiskFullError).toBe(true);
        for (const id of seen) expect(await problemsOf(fresh, id)).toEqual([]);
        inner.items.lock.clear();
        const again = await backup(fresh, request(root));
        expect(await problemsOf(fresh, again.snapshot)).toEqual([]);
      }
    },
  );

  test('does not begin while maintenance holds the store', async () => {
    const root = `${folder}/locked`;
    plantFiles(root, 1, 10);
    const repository = await freshRepository(memoryStore(), { line: '1.0' });
    const holder = await openWriter(repository, { lock: 'exclusive' });
    await expect(backup(repository, request(root))).rejects.toBeInstanceOf(LockedError);
    await holder.close();
    expect((await backup(repository, request(root))).files).toBe(1);
  });
});

async function attempt(store: Parameters<typeof openRepository>[0], root: string): Promise<unknown> {
  try {
    await backup(await openRepository(store, {}), request(root));
    return null;
  } catch (error) {
    return error;
  }
}

function storedBytes(store: ReturnType<typeof memoryStore>): number {
  return [...store.items.packfile.values()].reduce((sum, { length }) => sum + length, 0);
}
