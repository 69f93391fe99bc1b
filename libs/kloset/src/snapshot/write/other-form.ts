import { SNAPSHOT_BLOB } from '../../format/snapshot-blob-types.js';
import type { BlobSink } from '../../repository/writer-types.js';
import { ByteArena, copyOf } from './byte-arena.js';
import type { EntrySet } from './entry-set.js';

/**
 * The 1.1 encoding of entries whose tree holds them in the form of 1.0: plakar 1.1's next backup takes them for stored. Nothing refers to them, so they must
 * share packfiles with what is referred to, or they would be swept.
 * @source 02-snapshot 9.1
 */
export interface OtherForm {
  /** Called when an entry is written, with the 32 bytes of its object's MAC. Beside a new entry its other form is stored at once; else it waits for `putSome`. */
  put(node: number, object: Uint8Array, isBesideNewEntry: boolean): void;
  /** Called while nodes are written, `times` times in all: stores an even share of what waits. */
  putSome(times: number): void;
  /** Stores what is left. */
  putRest(): void;
}

const MAC_BYTES = 32;
const ITEM_BYTES = MAC_BYTES + 4;

export function createOtherForm(sink: BlobSink, entries: EntrySet): OtherForm {
  const waiting = new ByteArena();
  const places: number[] = [];
  let done = 0;

  function store(node: number, object: Uint8Array): void {
    const payload = entries.payload(node, { object, summary: null }, '1.1');
    const mac = sink.mac(payload);
    if (!sink.has(SNAPSHOT_BLOB.vfsEntry, mac)) sink.put(SNAPSHOT_BLOB.vfsEntry, copyOf(payload), mac);
  }
  function putNext(): void {
    const item = Buffer.from(waiting.view(places[done] as number, ITEM_BYTES));
    done += 1;
    store(item.readUInt32LE(MAC_BYTES), item.subarray(0, MAC_BYTES));
  }
  return {
    put(node, object, isBesideNewEntry) {
      if (isBesideNewEntry) {
        store(node, object);
        return;
      }
      const payload = entries.payload(node, { object, summary: null }, '1.1');
      if (sink.has(SNAPSHOT_BLOB.vfsEntry, sink.mac(payload))) return;
      const item = Buffer.alloc(ITEM_BYTES);
      item.set(object);
      item.writeUInt32LE(node, MAC_BYTES);
      places.push(waiting.append(item));
    },
    putSome(times) {
      const share = Math.ceil((places.length - done) / Math.max(1, times));
      for (let count = 0; count < share && done < places.length; count++) putNext();
    },
    putRest() {
      while (done < places.length) putNext();
    },
  };
}
