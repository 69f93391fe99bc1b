import { GO_MODE, type Mac, nameText } from '@wardrobe/kloset-model';
import { InvalidInputError } from '../../errors/errors.js';
import type { SummaryRecord } from '../../format/snapshot-summary.js';
import type { StoreLine } from '../../repository/writer-types.js';
import { NumberPages } from './byte-arena.js';
import { entryPayload, isDirectoryMode, type MoreFields } from './entry-payload.js';
import { type EntryFields, EntryRecords } from './entry-records.js';
import { PathTable, ROOT } from './path-table.js';
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
  readonly #records = new EntryRecords();
  readonly #places = new NumberPages();
  readonly #more = new Map<number, MoreFields>();
  count = 0;

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
    return this.has(node) && isDirectoryMode(this.#records.goMode(this.#places.get(node)));
  }

  fields(node: number): EntryFields {
    return this.#records.fields(this.#places.get(node));
  }

  /** MAC of the entry's object (zeros: none), or of the entry when it was written. */
  mac(node: number): Mac {
    return this.#records.mac(this.#places.get(node));
  }

  setMac(node: number, mac: Mac): void {
    this.#records.setMac(this.#places.get(node), mac);
  }

  payload(node: number, what: { readonly object: Mac; readonly summary: SummaryRecord | null }, form: StoreLine): Uint8Array {
    const parent = this.paths.path(this.paths.parent(node));
    return entryPayload({ parent, name: this.paths.name(node), fields: this.fields(node), more: this.#more.get(node) ?? null, ...what }, form);
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
