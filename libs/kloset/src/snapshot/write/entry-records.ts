import type { Mac } from '@wardrobe/kloset-model';
import { asBuffer, equalBytes, macFromBytes } from '../../bytes/bytes.js';
import { ByteArena, Interned } from './byte-arena.js';
import type { NewEntry, NewStat } from './types.js';

/** What many entries have in common. */
export type StatClass = Pick<NewStat, 'goMode' | 'dev' | 'uid' | 'gid' | 'nlink' | 'user' | 'group'>;

export type RecordContent = { readonly contentType: string; readonly entropy: number; readonly chunks: number };

/** One entry as it was added; `mac` is apart. */
export type EntryFields = {
  readonly common: StatClass;
  readonly sizeBytes: bigint;
  readonly mtimeNs: bigint;
  readonly ino: bigint;
  readonly symlinkTarget: Uint8Array;
  readonly xattrNames: readonly Uint8Array[];
  readonly content: RecordContent | null;
};

const MAC_BYTES = 32;
const HAS_CONTENT = 1;
const HAS_TARGET = 2;
const HAS_XATTRS = 4;
const NS_PER_SECOND = 1_000_000_000n;
const LONGEST_FIXED_BYTES = 96;

/**
 * Entries packed into about 60 bytes each: what repeats is interned, numbers take what they need. A record starts with 32 bytes for a MAC: the object's while
 * entries are added, the entry's own from the moment it is written.
 */
export class EntryRecords {
  readonly #arena = new ByteArena();
  readonly #classes = new Interned<StatClass>();
  readonly #types = new Interned<string>();
  readonly #xattrLists = new Interned<readonly Uint8Array[]>();
  readonly #scratch = new Uint8Array(LONGEST_FIXED_BYTES);
  readonly #view = new DataView(this.#scratch.buffer);
  #last: { readonly common: StatClass; readonly number: number } | null = null;

  /** Place of the new record. */
  add(entry: NewEntry): number {
    const { content, stat, symlinkTarget, xattrNames } = entry;
    const hasTarget = symlinkTarget !== null && symlinkTarget.length > 0;
    const head = this.#scratch;
    if (content === null) head.fill(0, 0, MAC_BYTES);
    else asBuffer(head).write(content.object, 0, 'hex');
    head[MAC_BYTES] = (content === null ? 0 : HAS_CONTENT) | (hasTarget ? HAS_TARGET : 0) | (xattrNames.length > 0 ? HAS_XATTRS : 0);
    let at = MAC_BYTES + 1;
    at = putVarint(head, at, BigInt(this.#classOf(stat)));
    at = putVarint(head, at, zigzag(content === null ? stat.sizeBytes : BigInt(content.sizeBytes)));
    const nanoseconds = ((stat.mtimeNs % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND;
    at = putVarint(head, at, zigzag((stat.mtimeNs - nanoseconds) / NS_PER_SECOND));
    at = putVarint(head, at, nanoseconds);
    at = putVarint(head, at, stat.ino);
    if (content !== null) {
      at = putVarint(head, at, BigInt(this.#types.number(content.contentType, content.contentType)));
      at = putVarint(head, at, BigInt(content.chunks));
      this.#view.setFloat64(at, content.entropy);
      at += 8;
    }
    if (xattrNames.length > 0) at = putVarint(head, at, BigInt(this.#xattrListOf(xattrNames)));
    if (hasTarget) at = putVarint(head, at, BigInt(symlinkTarget.length));
    const place = this.#arena.reserve(at + (hasTarget ? symlinkTarget.length : 0));
    this.#arena.page(place).set(head.subarray(0, at), this.#arena.at(place));
    if (hasTarget) this.#arena.page(place).set(symlinkTarget, this.#arena.at(place) + at);
    return place;
  }

  fields(place: number): EntryFields {
    const cursor = { bytes: this.#arena.page(place), at: this.#arena.at(place) + MAC_BYTES };
    const flags = cursor.bytes[cursor.at++] as number;
    const common = this.#classes.value(Number(takeVarint(cursor)));
    const sizeBytes = unzigzag(takeVarint(cursor));
    const seconds = unzigzag(takeVarint(cursor));
    const mtimeNs = seconds * NS_PER_SECOND + takeVarint(cursor);
    const ino = takeVarint(cursor);
    const content = (flags & HAS_CONTENT) === 0 ? null : this.#takeContent(cursor);
    const xattrNames = (flags & HAS_XATTRS) === 0 ? [] : this.#xattrLists.value(Number(takeVarint(cursor)));
    const targetBytes = (flags & HAS_TARGET) === 0 ? 0 : Number(takeVarint(cursor));
    return { common, sizeBytes, mtimeNs, ino, content, xattrNames, symlinkTarget: cursor.bytes.subarray(cursor.at, cursor.at + targetBytes) };
  }

  goMode(place: number): number {
    const cursor = { bytes: this.#arena.page(place), at: this.#arena.at(place) + MAC_BYTES + 1 };
    return this.#classes.value(Number(takeVarint(cursor))).goMode;
  }

  mac(place: number): Mac {
    return macFromBytes(this.#arena.view(place, MAC_BYTES));
  }

  setMac(place: number, mac: Mac): void {
    asBuffer(this.#arena.page(place)).write(mac, this.#arena.at(place), 'hex');
  }

  #takeContent(cursor: Cursor): RecordContent {
    const contentType = this.#types.value(Number(takeVarint(cursor)));
    const chunks = Number(takeVarint(cursor));
    const entropy = asBuffer(cursor.bytes).readDoubleBE(cursor.at);
    cursor.at += 8;
    return { contentType, chunks, entropy };
  }

  #classOf(stat: NewStat): number {
    const last = this.#last;
    if (last !== null && isSameClass(last.common, stat)) return last.number;
    const { goMode, dev, uid, gid, nlink, user, group } = stat;
    const common = { goMode, dev, uid, gid, nlink, user: user.slice(), group: group.slice() };
    const number = this.#classes.number(`${goMode} ${dev} ${uid} ${gid} ${nlink} ${asBuffer(user).toString('hex')} ${asBuffer(group).toString('hex')}`, common);
    this.#last = { common, number };
    return number;
  }

  #xattrListOf(names: readonly Uint8Array[]): number {
    const key = names.map((name) => asBuffer(name).toString('hex')).join(' ');
    return this.#xattrLists.number(
      key,
      names.map((name) => name.slice()),
    );
  }
}

type Cursor = { readonly bytes: Uint8Array; at: number };

function isSameClass(a: StatClass, b: StatClass): boolean {
  return (
    a.goMode === b.goMode &&
    a.nlink === b.nlink &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.dev === b.dev &&
    equalBytes(a.user, b.user) &&
    equalBytes(a.group, b.group)
  );
}

function zigzag(value: bigint): bigint {
  return value < 0n ? -value * 2n - 1n : value * 2n;
}

function unzigzag(value: bigint): bigint {
  return value % 2n === 0n ? value / 2n : -(value + 1n) / 2n;
}

const EXACT = BigInt(Number.MAX_SAFE_INTEGER);

/** Seven bits a byte, the lowest first. */
function putVarint(bytes: Uint8Array, start: number, value: bigint): number {
  let at = start;
  let high = value;
  for (; high > EXACT; high >>= 7n) bytes[at++] = Number(high & 0x7fn) | 0x80;
  let rest = Number(high);
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80;
  bytes[at++] = rest;
  return at;
}

function takeVarint(cursor: Cursor): bigint {
  let value = 0;
  let scale = 1;
  for (let count = 0; count < 7; count++, scale *= 0x80) {
    const byte = cursor.bytes[cursor.at++] as number;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return BigInt(value);
  }
  let exact = BigInt(value);
  for (let shift = 49n; ; shift += 7n) {
    const byte = cursor.bytes[cursor.at++] as number;
    exact += BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return exact;
  }
}
