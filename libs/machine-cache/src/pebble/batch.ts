import { ByteReader } from '../byte-reader.js';
import { damaged, unsupported } from '../cache-error.js';
import { type Entry, KIND } from './merged-entries.js';

const HAS_VALUE: ReadonlySet<number> = new Set([KIND.set, KIND.rangeDelete, KIND.sizedDelete]);
const NO_VALUE: ReadonlySet<number> = new Set([KIND.delete, KIND.singleDelete]);

/**
 * Calls `onEntry` for each entry of one log record, in order.
 * @throws CacheReadError the count differs from the entries, or a kind is not known
 * @source 03 A5
 */
export function readBatch(record: Uint8Array, onEntry: (entry: Entry) => void): void {
  const reader = new ByteReader(record, 'batch');
  const first = reader.u64();
  const count = reader.u32();
  let index = 0;
  while (reader.remaining > 0) {
    const kind = reader.u8();
    const key = reader.prefixed();
    if (kind === KIND.logData) continue;
    if (!HAS_VALUE.has(kind) && !NO_VALUE.has(kind)) throw unsupported(`unsupported entry of kind ${kind} in a log`);
    const value = HAS_VALUE.has(kind) ? reader.prefixed() : new Uint8Array();
    onEntry({ kind, key, value, sequence: first + index });
    index++;
  }
  if (index !== count) throw damaged(`batch: ${count} entries announced, ${index} found`);
}
