import { decode, encode } from '../../codec/codec.js';
import { summary } from '../../format/snapshot-summary.js';
import { SpillFile } from './spill-file.js';
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
  let file: SpilledItems | null = null;
  return {
    put(directory, counter) {
      if (counters.size < limit) counters.set(directory, counter);
      else {
        file ??= new SpilledItems();
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

/** Byte strings with their length before them, one behind the other in a temporary file. */
class SpilledItems {
  readonly #file = new SpillFile();
  #length = 0;

  append(bytes: Uint8Array): number {
    const item = Buffer.alloc(HEAD_BYTES + bytes.length);
    item.writeUInt32LE(bytes.length);
    item.set(bytes, HEAD_BYTES);
    const place = this.#length;
    this.#file.write(item, place);
    this.#length += item.length;
    return place;
  }

  read(place: number): Uint8Array {
    const head = Buffer.alloc(HEAD_BYTES);
    this.#file.read(head, place);
    const bytes = Buffer.alloc(head.readUInt32LE());
    this.#file.read(bytes, place + HEAD_BYTES);
    return bytes;
  }

  close(): void {
    this.#file.close();
  }
}
