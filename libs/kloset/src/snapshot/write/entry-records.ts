import { GO_MODE, type Mac, nameBytes } from '@wardrobe/kloset-model';
import { asBuffer, concatBytes, equalBytes, macFromBytes } from '../../bytes/bytes.js';
import { Interned } from './byte-arena.js';
import { SpillingArena } from './spilling-arena.js';
import type { NewEntry, NewStat } from './types.js';

/** What many entries have in common. */
export type StatClass = Pick<NewStat, 'goMode' | 'dev' | 'uid' | 'gid' | 'nlink' | 'user' | 'group'>;

export type RecordContent = { readonly contentType: string; readonly entropy: number; readonly chunks: number };

/** One entry as it was added. */
export type EntryFields = {
  readonly common: StatClass;
  readonly sizeBytes: bigint;
  readonly mtimeNs: bigint;
  readonly ino: bigint;
  readonly symlinkTarget: Uint8Array;
  readonly xattrNames: readonly Uint8Array[];
  readonly content: RecordContent | null;
};

/**
 * One entry for work that must not make garbage: numbers of interned values, and plain numbers where they are exact. Reused: good until the next one is read.
 * `isWide`: a number is too large for that, ask for `fields`.
 */
export type EntryScan = {
  isWide: boolean;
  common: number;
  sizeBytes: number;
  seconds: number;
  nanoseconds: number;
  ino: number;
  /** Number of the content type, or -1 without content. */
  type: number;
  chunks: number;
  entropy: number;
  /** Number of the list of attribute names, or -1. */
  xattrs: number;
  target: Uint8Array;
};

const MAC_BYTES = 32;
const HAS_CONTENT = 1;
const HAS_TARGET = 2;
const HAS_XATTRS = 4;
const IS_WIDE = 8;
const HAS_LONG_TARGET = 16;
const NS_PER_SECOND = 1_000_000_000n;
const LONGEST_FIXED_BYTES = 128;
/** No file system has longer targets; a foreign snapshot may. */
const LONGEST_TARGET_BYTES = 1 << 16;
const LARGEST = BigInt(Number.MAX_SAFE_INTEGER);
const NOTHING = new Uint8Array(0);

/**
 * Entries packed into about 60 bytes each: what repeats is interned, numbers take what they need. A record starts with 32 bytes for a MAC: the object's while
 * entries are added, the entry's own from the moment it is written. Those beyond the first hundred thousand or so lie in a temporary file.
 */
export class EntryRecords {
  readonly #arena: SpillingArena;
  readonly #classes = new Interned<StatClass>();
  readonly #types = new Interned<string>();
  readonly #xattrLists = new Interned<readonly Uint8Array[]>();
  readonly #longTargets: Uint8Array[] = [];
  readonly #head = Buffer.alloc(LONGEST_FIXED_BYTES);
  #last: { readonly common: StatClass; readonly number: number } | null = null;

  constructor(pagesInMemory?: number) {
    this.#arena = new SpillingArena(pagesInMemory);
  }

  /** Place of the new record. */
  add(entry: NewEntry): number {
    const { content, stat, symlinkTarget, xattrNames } = entry;
    const target = symlinkTarget ?? NOTHING;
    const sizeBytes = content === null ? stat.sizeBytes : BigInt(content.sizeBytes);
    const nanoseconds = ((stat.mtimeNs % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND;
    const seconds = (stat.mtimeNs - nanoseconds) / NS_PER_SECOND;
    const isWide = !isExact(sizeBytes) || !isExact(seconds) || !isExact(stat.ino);
    const head = this.#head;
    if (content === null) head.fill(0, 0, MAC_BYTES);
    else head.write(content.object, 0, 'hex');
    const isLong = target.length > LONGEST_TARGET_BYTES;
    const targetFlag = isLong ? HAS_LONG_TARGET : target.length > 0 ? HAS_TARGET : 0;
    head[MAC_BYTES] = (content === null ? 0 : HAS_CONTENT) | targetFlag | (xattrNames.length > 0 ? HAS_XATTRS : 0) | (isWide ? IS_WIDE : 0);
    let at = putNumber(head, MAC_BYTES + 1, this.#classOf(stat));
    at = isWide ? this.#putWide(at, [sizeBytes, seconds, stat.ino]) : putTriple(head, at, [Number(sizeBytes), Number(seconds), Number(stat.ino)]);
    at = putNumber(head, at, Number(nanoseconds));
    if (content !== null) {
      at = putNumber(head, at, this.#types.number(content.contentType, content.contentType));
      at = putNumber(head, at, content.chunks);
      head.writeDoubleBE(content.entropy, at);
      at += 8;
    }
    if (xattrNames.length > 0) at = putNumber(head, at, this.#xattrListOf(xattrNames));
    if (isLong) at = putNumber(head, at, this.#longTargets.push(target.slice()) - 1);
    else if (target.length > 0) at = putNumber(head, at, target.length);
    const fixed = head.subarray(0, at);
    return this.#arena.append(targetFlag === HAS_TARGET ? concatBytes([fixed, target]) : fixed);
  }

  scan(place: number, into: EntryScan): EntryScan {
    const cursor = this.#cursor(place, MAC_BYTES);
    const flags = cursor.bytes[cursor.at++] as number;
    into.isWide = (flags & IS_WIDE) !== 0;
    into.common = takeNumber(cursor);
    if (into.isWide) cursor.at += 24;
    else {
      into.sizeBytes = unzigzag(takeNumber(cursor));
      into.seconds = unzigzag(takeNumber(cursor));
      into.ino = unzigzag(takeNumber(cursor));
    }
    into.nanoseconds = takeNumber(cursor);
    into.type = -1;
    into.chunks = 0;
    into.entropy = 0;
    if ((flags & HAS_CONTENT) !== 0) {
      into.type = takeNumber(cursor);
      into.chunks = takeNumber(cursor);
      into.entropy = cursor.bytes.readDoubleBE(cursor.at);
      cursor.at += 8;
    }
    into.xattrs = (flags & HAS_XATTRS) === 0 ? -1 : takeNumber(cursor);
    into.target = (flags & HAS_LONG_TARGET) === 0 ? NOTHING : (this.#longTargets[takeNumber(cursor)] as Uint8Array);
    if ((flags & HAS_TARGET) !== 0) {
      const lengthBytes = takeNumber(cursor);
      into.target = cursor.bytes.subarray(cursor.at, cursor.at + lengthBytes);
    }
    return into;
  }

  fields(place: number): EntryFields {
    const scan = this.scan(place, createScan());
    const [sizeBytes, seconds, ino] = scan.isWide ? this.#wide(place) : [BigInt(scan.sizeBytes), BigInt(scan.seconds), BigInt(scan.ino)];
    return {
      common: this.common(scan.common),
      sizeBytes,
      mtimeNs: seconds * NS_PER_SECOND + BigInt(scan.nanoseconds),
      ino,
      symlinkTarget: scan.target,
      xattrNames: scan.xattrs < 0 ? [] : this.xattrNames(scan.xattrs),
      content: scan.type < 0 ? null : { contentType: this.contentType(scan.type), entropy: scan.entropy, chunks: scan.chunks },
    };
  }

  common(number: number): StatClass {
    return this.#classes.value(number);
  }

  contentType(number: number): string {
    return this.#types.value(number);
  }

  xattrNames(number: number): readonly Uint8Array[] {
    return this.#xattrLists.value(number);
  }

  isDirectory(place: number): boolean {
    return (this.#classes.value(takeNumber(this.#cursor(place, MAC_BYTES + 1))).goMode & GO_MODE.directory) !== 0;
  }

  mac(place: number): Mac {
    return macFromBytes(this.macBytes(place));
  }

  /** A view. */
  macBytes(place: number): Uint8Array {
    return this.#arena.view(place, MAC_BYTES);
  }

  /** Gives up everything, with the temporary file. */
  close(): void {
    this.#arena.close();
  }

  setMac(place: number, mac: Mac): void {
    this.#arena.change(place).write(mac, this.#arena.at(place), 'hex');
  }

  #cursor(place: number, offset: number): Cursor {
    return { bytes: this.#arena.page(place), at: this.#arena.at(place) + offset };
  }

  #wide(place: number): readonly [bigint, bigint, bigint] {
    const cursor = this.#cursor(place, MAC_BYTES + 1);
    takeNumber(cursor);
    const { bytes } = cursor;
    return [bytes.readBigInt64BE(cursor.at), bytes.readBigInt64BE(cursor.at + 8), bytes.readBigUInt64BE(cursor.at + 16)];
  }

  #putWide(at: number, [sizeBytes, seconds, ino]: readonly [bigint, bigint, bigint]): number {
    this.#head.writeBigInt64BE(sizeBytes, at);
    this.#head.writeBigInt64BE(seconds, at + 8);
    this.#head.writeBigUInt64BE(ino, at + 16);
    return at + 24;
  }

  #classOf(stat: NewStat): number {
    const last = this.#last;
    if (last !== null && isSameClass(last.common, stat)) return last.number;
    const { goMode, dev, uid, gid, nlink, user, group } = stat;
    const common = { goMode, dev, uid, gid, nlink, user: user.slice(), group: group.slice() };
    const number = this.#classes.number(`${goMode} ${dev} ${uid} ${gid} ${nlink} ${hex(user)} ${hex(group)}`, common);
    this.#last = { common: this.#classes.value(number), number };
    return number;
  }

  #xattrListOf(names: readonly Uint8Array[]): number {
    const own = names.map((name) => name.slice());
    return this.#xattrLists.number(names.map(hex).join(' '), own);
  }
}

export function createScan(): EntryScan {
  return {
    isWide: false,
    common: 0,
    sizeBytes: 0,
    seconds: 0,
    nanoseconds: 0,
    ino: 0,
    type: -1,
    chunks: 0,
    entropy: 0,
    xattrs: -1,
    target: nameBytes(''),
  };
}

type Cursor = { readonly bytes: Buffer; at: number };

function hex(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('hex');
}

function isSameClass(a: StatClass, b: StatClass): boolean {
  const isSameNumbers = a.goMode === b.goMode && a.nlink === b.nlink && a.uid === b.uid && a.gid === b.gid && a.dev === b.dev;
  return isSameNumbers && (a.user === b.user || equalBytes(a.user, b.user)) && (a.group === b.group || equalBytes(a.group, b.group));
}

/** Small enough that twice the number is exact too. */
function isExact(value: bigint): boolean {
  const magnitude = value < 0n ? -value : value;
  return magnitude < LARGEST / 4n;
}

function putTriple(bytes: Uint8Array, start: number, values: readonly [number, number, number]): number {
  let at = start;
  for (const value of values) at = putNumber(bytes, at, value < 0 ? -value * 2 - 1 : value * 2);
  return at;
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

/** Seven bits a byte, the lowest first. */
function putNumber(bytes: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80;
  bytes[at++] = rest;
  return at;
}

function takeNumber(cursor: Cursor): number {
  let value = 0;
  for (let scale = 1; ; scale *= 0x80) {
    const byte = cursor.bytes[cursor.at++] as number;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
}
