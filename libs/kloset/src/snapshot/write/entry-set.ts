import { GO_MODE, type Mac, nameText } from '@wardrobe/kloset-model';
import { macFromBytes } from '../../bytes/bytes.js';
import { InvalidInputError } from '../../errors/errors.js';
import type { SummaryRecord } from '../../format/snapshot-summary.js';
import type { StoreLine } from '../../repository/writer-types.js';
import { NumberPages } from './byte-arena.js';
import { EntryEncoder } from './entry-encoder.js';
import { bareType, contentTypeOf, entryPayload, type MoreFields } from './entry-payload.js';
import { createScan, type EntryFields, EntryRecords } from './entry-records.js';
import { PathTable, ROOT } from './path-table.js';
import type { CountedEntry } from './summary-counter.js';
import type { NewEntry, NewStat } from './types.js';

/** No entry at a path: it is only the parent of one, or has an error or an attribute. */
const NONE = 0xffffffff;
const EMPTY = new Uint8Array(0);
const MADE_UP: NewStat = {
  sizeBytes: 0n,
  goMode: (GO_MODE.directory | 0o750) >>> 0,
  mtimeNs: 0n,
  dev: 0n,
  ino: 0n,
  uid: 0n,
  gid: 0n,
  nlink: 0,
  user: EMPTY,
  group: EMPTY,
};

/** The entries of a snapshot by the number of their path. */
export class EntrySet {
  readonly paths = new PathTable();
  readonly #records: EntryRecords;
  readonly #places = new NumberPages();
  readonly #more = new Map<number, MoreFields>();
  readonly #scan = createScan();
  readonly #encoders = { '1.0': new EntryEncoder(), '1.1': new EntryEncoder() };
  #parent = -1;
  #parentBytes: Uint8Array = EMPTY;
  count = 0;

  constructor(pagesInMemory?: number) {
    this.#records = new EntryRecords(pagesInMemory);
  }

  /** Number of a path, whether an entry is there or not. */
  enter(path: Uint8Array): number {
    const node = this.paths.enter(path);
    while (this.#places.length < this.paths.size) this.#places.push(NONE);
    return node;
  }

  /** The first entry of a path counts. */
  add(entry: NewEntry): void {
    const node = this.enter(entry.path);
    if (this.has(node)) return;
    this.#places.set(node, this.#records.add(entry));
    if (entry.more !== undefined && entry.more !== null) this.#more.set(node, entry.more);
    this.count += 1;
  }

  has(node: number): boolean {
    return this.#places.get(node) !== NONE;
  }

  isDirectory(node: number): boolean {
    return this.has(node) && this.#records.isDirectory(this.#places.get(node));
  }

  fields(node: number): EntryFields {
    return this.#records.fields(this.#places.get(node));
  }

  /** The type of an entry's content, cut at the semicolon by nobody; null without content. */
  storedType(node: number): string | null {
    const { type } = this.#records.scan(this.#places.get(node), this.#scan);
    return type < 0 ? null : this.#records.contentType(type);
  }

  /** What a summary counts of an entry that is no directory. */
  counted(node: number, line: StoreLine): CountedEntry {
    const scan = this.#records.scan(this.#places.get(node), this.#scan);
    if (scan.isWide) return countedFields(this.fields(node), line);
    const { goMode } = this.#records.common(scan.common);
    const hasContent = scan.type >= 0;
    return {
      goMode,
      sizeBytes: line === '1.1' && !hasContent ? 0 : Math.max(0, scan.sizeBytes),
      mtimeSeconds: scan.seconds,
      entropy: scan.entropy,
      contentType: hasContent ? this.#records.contentType(scan.type) : bareType(goMode),
      chunks: hasContent ? scan.chunks : null,
    };
  }

  /** MAC of the entry's object (zeros: none), or of the entry when it was written. */
  mac(node: number): Mac {
    return this.#records.mac(this.#places.get(node));
  }

  /** A view. */
  macBytes(node: number): Uint8Array {
    return this.#records.macBytes(this.#places.get(node));
  }

  /** Gives up what was collected. */
  close(): void {
    this.#records.close();
  }

  setMac(node: number, mac: Mac): void {
    this.#records.setMac(this.#places.get(node), mac);
  }

  /** Bytes of an entry in one form: a view that the next call for that form writes over. `object`: 32 bytes. */
  payload(node: number, what: { readonly object: Uint8Array; readonly summary: SummaryRecord | null }, form: StoreLine): Uint8Array {
    const parent = this.#parentPath(node);
    const name = this.paths.name(node);
    const more = this.#more.get(node) ?? null;
    const scan = this.#records.scan(this.#places.get(node), this.#scan);
    if (more === null && !scan.isWide) return this.#encoders[form].encode({ records: this.#records, scan, parent, name, ...what }, form);
    return entryPayload({ parent, name, fields: this.fields(node), more, object: macFromBytes(what.object), summary: what.summary }, form);
  }

  #parentPath(node: number): Uint8Array {
    const parent = this.paths.parent(node);
    if (parent !== this.#parent) {
      this.#parent = parent;
      this.#parentBytes = this.paths.path(parent);
    }
    return this.#parentBytes;
  }

  /** Makes up the directories that entries lie in and nobody added. Nothing can be added afterwards. @throws InvalidInputError a parent is no directory. @source 02-snapshot 3.2 */
  complete(): void {
    if (this.#places.length === 0) this.enter(Uint8Array.of(0x2f));
    let known = -1;
    for (let node = 0; node < this.paths.size; node++) {
      if (!this.has(node) && node !== ROOT) continue;
      for (let parent = this.paths.parent(node); parent !== known; parent = this.paths.parent(parent)) {
        if (this.has(parent)) {
          if (!this.isDirectory(parent)) throw new InvalidInputError(`${nameText(this.paths.path(parent))} has entries below it and is no directory`);
          known = parent;
          break;
        }
        this.#places.set(parent, this.#records.add({ path: EMPTY, stat: MADE_UP, symlinkTarget: null, content: null, xattrNames: [] }));
        if (parent === ROOT) break;
      }
    }
    this.paths.seal();
  }
}

function countedFields(fields: EntryFields, line: StoreLine): CountedEntry {
  const size = line === '1.1' && fields.content === null ? 0n : fields.sizeBytes;
  return {
    goMode: fields.common.goMode,
    sizeBytes: Math.max(0, Number(size)),
    mtimeSeconds: wholeSeconds(fields.mtimeNs),
    entropy: fields.content?.entropy ?? 0,
    contentType: contentTypeOf(fields),
    chunks: fields.content?.chunks ?? null,
  };
}

/** Rounded down, as a number where that is exact. */
function wholeSeconds(timeNs: bigint): number | bigint {
  const second = 1_000_000_000n;
  const seconds = (timeNs - (((timeNs % second) + second) % second)) / second;
  return Number.isSafeInteger(Number(seconds)) ? Number(seconds) : seconds;
}
