import { byteName, childPath, compareBytes, entryTypeOf, equalBytes, isPlainName, nameText } from '@wardrobe/kloset-model';
import { asBuffer } from '../bytes/bytes.js';
import { decode, type Infer } from '../codec/codec.js';
import * as mp from '../codec/msgpack.js';
import { only } from '../codec/msgpack-map.js';
import { DIRPACK_DIRECTORY } from '../format/snapshot-dirpack.js';
import { fileInfo, vfsEntry } from '../format/snapshot-entry.js';
import type { EntryForm } from './children.js';
import type { SnapshotContext } from './context.js';
import { type DirpackFrame, type FrameReader, proveFrame, readChildFrame } from './dirpack.js';
import type { ByteName, EntryType, ListedEntry } from './types.js';

/** Of an entry what a listing shows; the rest is proven to be well formed and passed over. Texts of neighbours are mostly the same. */
const listedRecord = () =>
  only(vfsEntry, {
    parent_path: mp.recurring(mp.str),
    file_info: only(fileInfo, {
      name: mp.view,
      size: mp.i64,
      mode: mp.u32,
      mod_time: mp.recurring(mp.timestamp),
      username: mp.recurring(mp.str),
      groupname: mp.recurring(mp.str),
    }),
    symlink_target: mp.view,
  });
type ListedCodec = ReturnType<typeof listedRecord>;
type ListedRecord = Infer<ListedCodec>;

/** The form for one walk. */
export function listedEntries(): EntryForm<ListedEntry> {
  const codec = listedRecord();
  const [users, groups] = [lastText(), lastText()];
  return { reader: (context, directory) => new ListingReader(context, { codec, directory: byteName(directory), users, groups }) };
}

/** What the entries of a directory share. */
type Common = { readonly codec: ListedCodec; readonly directory: ByteName; readonly users: TextOf; readonly groups: TextOf };

class ListingReader implements FrameReader<ListedEntry> {
  readonly #context: SnapshotContext;
  readonly #common: Common;
  #last: Uint8Array | null = null;
  /** Bytes that were compared with the directory's. */
  #parent: Uint8Array | null = null;

  constructor(context: SnapshotContext, common: Common) {
    this.#context = context;
    this.#common = common;
  }

  read(frame: DirpackFrame): ListedEntry {
    const { codec, directory } = this.#common;
    proveFrame(this.#context, frame);
    const record = decode(codec, frame.payload, { kind: 'vfs-entry' });
    const { name, mode } = record.file_info;
    const isExpected =
      this.#isHere(record.parent_path) &&
      isPlainName(name) &&
      (this.#last === null || compareBytes(this.#last, name) < 0) &&
      (frame.kind === DIRPACK_DIRECTORY) === (entryTypeOf(mode) === 'directory');
    // Rare: what is wrong with it, if anything, is told by reading all of it.
    const entry = isExpected ? new PackedEntry(this.#common, record) : readChildFrame(this.#context, { directory: directory.bytes, last: this.#last }, frame);
    this.#last = name;
    return entry;
  }

  #isHere(parent: Uint8Array): boolean {
    if (parent === this.#parent) return true;
    if (!equalBytes(parent, this.#common.directory.bytes)) return false;
    this.#parent = parent;
    return true;
  }
}

/** An entry of a packed listing; names and texts are made when they are asked for. */
class PackedEntry implements ListedEntry {
  readonly #common: Common;
  readonly #record: ListedRecord;
  readonly type: EntryType;

  constructor(common: Common, record: ListedRecord) {
    this.#common = common;
    this.#record = record;
    this.type = entryTypeOf(record.file_info.mode);
  }

  get name(): ByteName {
    const { name } = this.#record.file_info;
    return { bytes: name, text: quickText(name) };
  }

  get path(): ByteName {
    return new ChildPath(this.#common.directory, this.#record.file_info.name);
  }

  get goMode(): number {
    return this.#record.file_info.mode;
  }

  get user(): string {
    return this.#common.users(this.#record.file_info.username);
  }

  get group(): string {
    return this.#common.groups(this.#record.file_info.groupname);
  }

  get sizeBytes(): bigint {
    const { size } = this.#record.file_info;
    return size < 0n ? 0n : size;
  }

  get mtimeNs(): bigint {
    return this.#record.file_info.mod_time;
  }

  get symlinkTarget(): ByteName | null {
    return this.#record.symlink_target.length === 0 ? null : byteName(this.#record.symlink_target);
  }
}

/** The path of a name in a directory. No character of bad UTF-8 reaches over a slash, so the texts can be joined. */
class ChildPath implements ByteName {
  readonly #directory: ByteName;
  readonly #name: Uint8Array;
  readonly text: string;

  constructor(directory: ByteName, name: Uint8Array) {
    this.#directory = directory;
    this.#name = name;
    this.text = `${directory.text === '/' ? '' : directory.text}/${quickText(name)}`;
  }

  get bytes(): Uint8Array {
    return childPath(this.#directory.bytes, this.#name);
  }
}

type TextOf = (bytes: Uint8Array) => string;

/** As `nameText`, made anew only for other bytes than the last time. */
function lastText(): TextOf {
  let known: Uint8Array | null = null;
  let text = '';
  return (bytes) => {
    if (bytes !== known) {
      known = bytes;
      text = nameText(bytes);
    }
    return text;
  };
}

/** As `nameText`; plain ASCII, which most names are, is far cheaper this way. */
function quickText(name: Uint8Array): string {
  for (let i = 0; i < name.length; i++) if ((name[i] as number) >= 0x80) return nameText(name);
  return asBuffer(name).toString('latin1');
}
