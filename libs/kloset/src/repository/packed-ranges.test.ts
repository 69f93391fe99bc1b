import { randomFillSync } from 'node:crypto';
import type { PackfileId } from '@wardrobe/kloset-model';
import { seededRandom } from '@wardrobe/testing';
import { describe, expect, it, vi } from 'vitest';
import { NotFoundError, StoreError } from '../errors/errors.js';
import type { ReadOptions } from '../store/store.js';
import { packedRanges, type RangeStore } from './packed-ranges.js';

const MIB = 1 << 20;
const PACK = 'ab'.repeat(32) as PackfileId;
const OTHER = 'cd'.repeat(32) as PackfileId;

type Asked = { readonly start: number; readonly end: number; readonly signal: AbortSignal | undefined; fail(error: Error): void };

/** A store over a line: answers when it is told, or at once. */
class LineStore implements RangeStore {
  readonly asked: Asked[] = [];
  isHeld = false;
  readonly #files: ReadonlyMap<string, Uint8Array>;

  constructor(files: readonly (readonly [PackfileId, Uint8Array])[]) {
    this.#files = new Map(files);
  }

  line() {
    return { requests: 0, retries: 0, bytesRead: 0, bytesWritten: 0, meanLatencyMs: null };
  }

  async sizeBytes(_kind: string, id: string): Promise<number> {
    return this.#files.get(id)?.length ?? Promise.reject(new NotFoundError('packfile', id as PackfileId));
  }

  readRange(_kind: string, id: string, ...[start, lengthBytes, options = {}]: [number, number, ReadOptions?]): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const end = start + lengthBytes;
      const answer = (): void => {
        const file = this.#files.get(id);
        if (file === undefined) reject(new NotFoundError('packfile', id as PackfileId));
        else if (end > file.length) reject(new StoreError(`it has ${file.length} bytes`));
        else resolve(file.slice(start, end));
      };
      options.signal?.addEventListener('abort', () => reject(options.signal?.reason as Error), { once: true });
      this.asked.push({ start, end, signal: options.signal, fail: reject });
      if (!this.isHeld) answer();
    });
  }

  get askedBytes(): number {
    return this.asked.reduce((sum, { start, end }) => sum + end - start, 0);
  }
}

function noise(lengthBytes: number): Uint8Array {
  return randomFillSync(new Uint8Array(lengthBytes));
}

const turns = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

describe('ranges of packfiles over a line', () => {
  it('are what the store holds, in whatever order they are asked for', async () => {
    const random = seededRandom(7);
    const files = [
      [PACK, noise(3 * MIB + 17)],
      [OTHER, noise(200_000)],
    ] as const;
    const store = new LineStore(files);
    const ranges = packedRanges(store);
    for (let turn = 0; turn < 2000; turn += 1) {
      const [id, bytes] = files[turn % 7 === 0 ? 1 : 0] as (typeof files)[0];
      const offset = Math.floor(random.next() * bytes.length);
      const lengthBytes = Math.min(bytes.length - offset, Math.floor(random.next() * (turn % 50 === 0 ? 2 * MIB : 5000)));
      const got = await ranges.read(id, { offset, lengthBytes }, { alone: turn % 3 === 0 });
      expect(Buffer.compare(got, bytes.subarray(offset, offset + lengthBytes))).toBe(0);
    }
  });

  it('that follow each other are under way before anybody wants them, never beyond the end of the file', async () => {
    const bytes = noise(4 * MIB + 1000);
    const store = new LineStore([[PACK, bytes]]);
    const ranges = packedRanges(store);
    const step = 64 << 10;
    let waited = 0;
    for (let offset = 0; offset < bytes.length; offset += step) {
      const before = store.asked.length;
      await ranges.read(PACK, { offset, lengthBytes: Math.min(step, bytes.length - offset) }, {});
      if (store.asked.slice(before).some(({ start }) => start === offset)) waited += 1;
      await turns();
    }
    expect(waited).toBeLessThan(5);
    expect(Math.max(...store.asked.map(({ end }) => end))).toBe(bytes.length);
    expect(store.askedBytes).toBe(bytes.length);
  });

  it('far from each other are asked for exactly', async () => {
    const store = new LineStore([[PACK, noise(32 * MIB)]]);
    const ranges = packedRanges(store);
    for (let at = 0; at < 100; at += 1) await ranges.read(PACK, { offset: at * 300_000, lengthBytes: 1000 }, {});
    await turns();
    expect(store.askedBytes).toBe(100 * 1000);
  });

  it('of which nobody takes more are not read ahead without bound', async () => {
    const store = new LineStore([[PACK, noise(64 * MIB)]]);
    const ranges = packedRanges(store);
    const taken = 4 * MIB;
    for (let offset = 0; offset < taken; offset += MIB) await ranges.read(PACK, { offset, lengthBytes: MIB }, {});
    await turns();
    expect(store.askedBytes - taken).toBeGreaterThan(0);
    expect(store.askedBytes - taken).toBeLessThanOrEqual(10 * MIB);
  });

  it('asked for alone bring their neighbours before them: no request for those', async () => {
    const store = new LineStore([[PACK, noise(MIB)]]);
    const ranges = packedRanges(store);
    await ranges.read(PACK, { offset: 600_000, lengthBytes: 500 }, { alone: true });
    await ranges.read(PACK, { offset: 599_000, lengthBytes: 900 }, { alone: true });
    await ranges.read(PACK, { offset: 520_000, lengthBytes: 300 }, { alone: true });
    expect(store.asked).toHaveLength(1);
  });

  it('end at once when they are aborted, with all that was read ahead', async () => {
    const store = new LineStore([[PACK, noise(16 * MIB)]]);
    const ranges = packedRanges(store);
    for (let offset = 0; offset < 2 * MIB; offset += MIB / 4) await ranges.read(PACK, { offset, lengthBytes: MIB / 4 }, {});
    await turns();
    store.isHeld = true;
    const stop = new AbortController();
    const reason = new Error('stopped');
    const before = store.asked.length;
    const last = store.asked[before - 1]?.end ?? 0;
    await ranges.read(PACK, { offset: 2 * MIB, lengthBytes: MIB }, {});
    await turns();
    expect(store.asked.length).toBeGreaterThan(before);
    const reading = ranges.read(PACK, { offset: last, lengthBytes: MIB }, { signal: stop.signal });
    stop.abort(reason);
    await expect(reading).rejects.toBe(reason);
    expect(store.asked.slice(before).every(({ signal }) => signal?.aborted)).toBe(true);
    // Another reader of the same bytes is none of its business.
    store.isHeld = false;
    await expect(ranges.read(PACK, { offset: last, lengthBytes: MIB }, {})).resolves.toHaveLength(MIB);
  });

  it('do not fail for bytes that were only read along', async () => {
    const bytes = noise(MIB);
    const store = new LineStore([[PACK, bytes]]);
    const ranges = packedRanges(store);
    store.isHeld = true;
    const reading = ranges.read(PACK, { offset: 600_000, lengthBytes: 500 }, { alone: true });
    store.isHeld = false;
    store.asked[0]?.fail(new StoreError('it cannot be read there'));
    expect(Buffer.compare(await reading, bytes.subarray(600_000, 600_500))).toBe(0);
    expect(store.asked[1]).toMatchObject({ start: 600_000, end: 600_500 });
  });

  it('fail as the store fails: a line that broke, bytes beyond the end, a packfile that is not there', async () => {
    const store = new LineStore([[PACK, noise(1000)]]);
    const ranges = packedRanges(store);
    await expect(ranges.read(PACK, { offset: 900, lengthBytes: 200 }, { alone: true })).rejects.toThrow('it has 1000 bytes');
    await expect(ranges.read(OTHER, { offset: 0, lengthBytes: 200 }, {})).rejects.toBeInstanceOf(NotFoundError);
    store.isHeld = true;
    const reading = ranges.read(PACK, { offset: 0, lengthBytes: 200 }, {});
    const broken = new StoreError('the line broke', { fault: 'line', retryable: true });
    store.asked.at(-1)?.fail(broken);
    await expect(reading).rejects.toBe(broken);
  });

  it('come from the store again when they are to be fresh, or all is forgotten', async () => {
    const store = new LineStore([[PACK, noise(1000)]]);
    const ranges = packedRanges(store);
    const read = (fresh: boolean) => ranges.read(PACK, { offset: 0, lengthBytes: 100 }, { fresh });
    await read(false);
    await read(false);
    expect(store.asked).toHaveLength(1);
    await read(true);
    expect(store.asked).toHaveLength(2);
    await read(false);
    expect(store.asked).toHaveLength(3);
    ranges.forget();
    await read(false);
    expect(store.asked).toHaveLength(4);
  });

  it('are not held once nobody reads any more', async () => {
    vi.useFakeTimers();
    try {
      const store = new LineStore([[PACK, noise(1000)]]);
      const ranges = packedRanges(store);
      await ranges.read(PACK, { offset: 0, lengthBytes: 100 }, {});
      vi.advanceTimersByTime(6000);
      await ranges.read(PACK, { offset: 0, lengthBytes: 100 }, {});
      expect(store.asked).toHaveLength(2);
      ranges.forget();
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('ranges of packfiles of a store on this machine', () => {
  it('are asked for as they are', async () => {
    const inner = new LineStore([[PACK, noise(MIB)]]);
    const store: RangeStore = { readRange: (...range) => inner.readRange(...range), sizeBytes: (kind, id) => inner.sizeBytes(kind, id) };
    const ranges = packedRanges(store);
    for (let offset = 0; offset < MIB; offset += MIB / 8) await ranges.read(PACK, { offset, lengthBytes: 1000 }, { alone: true });
    expect(inner.asked.map(({ start, end }) => end - start)).toEqual(new Array(8).fill(1000));
  });
});
