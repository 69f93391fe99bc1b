import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode, encode } from '../../codec/codec.js';
import { summary } from '../../format/snapshot-summary.js';
import { DiskFullError } from '../../errors/errors.js';
import { SummaryCounter } from './summary-counter.js';

const IN_MEMORY = 8192;

/** Summaries of directories whose parent is still to come. A few thousand stay in memory, the rest lies in a temporary file. */
export interface SummaryShelf {
  put(directory: number, counter: SummaryCounter): void;
  /** Gives a summary back and forgets it. */
  take(directory: number): SummaryCounter;
  close(): void;
}

export function createSummaryShelf(limit = IN_MEMORY): SummaryShelf {
  const counters = new Map<number, SummaryCounter>();
  const spilled = new Map<number, number>();
  let file: SpillFile | null = null;
  return {
    put(directory, counter) {
      if (counters.size < limit) counters.set(directory, counter);
      else {
        file ??= new SpillFile();
        spilled.set(directory, file.append(encode(summary, counter.record())));
      }
    },
    take(directory) {
      const counter = counters.get(directory);
      if (counter !== undefined) {
        counters.delete(directory);
        return counter;
      }
      const place = spilled.get(directory);
      if (place === undefined || file === null) throw new TypeError(`directory ${directory} was not summed up`);
      spilled.delete(directory);
      return SummaryCounter.from(decode(summary, file.read(place)));
    },
    close() {
      file?.close();
      file = null;
    },
  };
}

const HEAD_BYTES = 4;

/** Byte strings with their length before them, appended to a file of this process alone. */
class SpillFile {
  readonly #folder = mkdtempSync(join(tmpdir(), 'wardrobe-summaries-'));
  readonly #file = openSync(join(this.#folder, 'spill'), 'wx+', 0o600);
  #length = 0;

  append(bytes: Uint8Array): number {
    const item = Buffer.alloc(HEAD_BYTES + bytes.length);
    item.writeUInt32LE(bytes.length);
    item.set(bytes, HEAD_BYTES);
    const place = this.#length;
    if (writeSync(this.#file, item, 0, item.length, place) !== item.length) throw new DiskFullError(this.#folder);
    this.#length += item.length;
    return place;
  }

  read(place: number): Uint8Array {
    const head = Buffer.alloc(HEAD_BYTES);
    readSync(this.#file, head, 0, HEAD_BYTES, place);
    const bytes = Buffer.alloc(head.readUInt32LE());
    readSync(this.#file, bytes, 0, bytes.length, place + HEAD_BYTES);
    return bytes;
  }

  close(): void {
    closeSync(this.#file);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
