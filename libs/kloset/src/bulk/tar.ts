import { isExactText } from '@wardrobe/kloset-model';
import { asBuffer, concatBytes } from '../bytes/bytes.js';

/** One member of a tar archive. Names and targets are raw bytes. */
export type TarMember = {
  readonly name: Uint8Array;
  readonly type: 'file' | 'link' | 'symlink' | 'directory' | 'fifo';
  readonly target: Uint8Array | null;
  readonly permissions: number;
  readonly uid: bigint;
  readonly gid: bigint;
  readonly user: string;
  readonly group: string;
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
};

const BLOCK_BYTES = 512;
const TYPE_FLAGS = { file: '0', link: '1', symlink: '2', directory: '5', fifo: '6' } as const;
const SECOND_NS = 1_000_000_000n;
const MAX_OCTAL_7 = 0o7777777n;
const MAX_OCTAL_11 = 0o77777777777n;

/** Two zero blocks. */
export const TAR_END = new Uint8Array(BLOCK_BYTES * 2);

/** Zeros that fill the last block of a content. */
export function tarPadding(sizeBytes: number): Uint8Array {
  return new Uint8Array((BLOCK_BYTES - (sizeBytes % BLOCK_BYTES)) % BLOCK_BYTES);
}

/**
 * The header of a member: ustar, preceded by a pax header for all that ustar cannot hold: long or non-ASCII names, nanoseconds, large sizes and ids. Names
 * that are not UTF-8 stand there as they are, announced by `hdrcharset=BINARY`.
 * @source POSIX.1-2017, pax
 */
export function tarHeader(member: TarMember): Uint8Array {
  const name = member.type === 'directory' ? concatBytes([member.name, Buffer.from('/')]) : member.name;
  const records = paxRecords(member, name);
  const header = ustarHeader(member, { name, typeFlag: TYPE_FLAGS[member.type], sizeBytes: member.sizeBytes });
  if (records.length === 0) return header;
  const pax = concatBytes(records);
  const paxHeader = ustarHeader({ ...member, target: null, permissions: 0o644 }, { name: Buffer.from('PaxHeader'), typeFlag: 'x', sizeBytes: pax.length });
  return concatBytes([paxHeader, pax, tarPadding(pax.length), header]);
}

function paxRecords(member: TarMember, name: Uint8Array): Uint8Array[] {
  const records: Uint8Array[] = [];
  const needsBytes = (bytes: Uint8Array): boolean => bytes.length > 100 || bytes.some((byte) => byte >= 0x80);
  const isBinary = !isExactText(name) || (member.target !== null && !isExactText(member.target));
  if (isBinary) records.push(paxRecord('hdrcharset', Buffer.from('BINARY')));
  if (needsBytes(name)) records.push(paxRecord('path', name));
  if (member.target !== null && needsBytes(member.target)) records.push(paxRecord('linkpath', member.target));
  if (member.mtimeNs % SECOND_NS !== 0n || member.mtimeNs < 0n || member.mtimeNs / SECOND_NS > MAX_OCTAL_11)
    records.push(paxRecord('mtime', Buffer.from(decimalSeconds(member.mtimeNs))));
  if (BigInt(member.sizeBytes) > MAX_OCTAL_11) records.push(paxRecord('size', Buffer.from(member.sizeBytes.toString())));
  if (member.uid > MAX_OCTAL_7) records.push(paxRecord('uid', Buffer.from(member.uid.toString())));
  if (member.gid > MAX_OCTAL_7) records.push(paxRecord('gid', Buffer.from(member.gid.toString())));
  for (const [key, value] of [
    ['uname', Buffer.from(member.user)],
    ['gname', Buffer.from(member.group)],
  ] as const) {
    if (value.length > 31 || value.some((byte) => byte >= 0x80)) records.push(paxRecord(key, value));
  }
  return records;
}

/** `LENGTH key=value\n`, where the length counts itself. */
function paxRecord(key: string, value: Uint8Array): Uint8Array {
  const rest = key.length + value.length + 3;
  let length = rest + rest.toString().length;
  length = rest + length.toString().length;
  return concatBytes([Buffer.from(`${length} ${key}=`), value, Buffer.from('\n')]);
}

function decimalSeconds(timeNs: bigint): string {
  const isNegative = timeNs < 0n;
  const absolute = isNegative ? -timeNs : timeNs;
  return `${isNegative ? '-' : ''}${absolute / SECOND_NS}.${(absolute % SECOND_NS).toString().padStart(9, '0')}`;
}

function ustarHeader(member: TarMember, head: { readonly name: Uint8Array; readonly typeFlag: string; readonly sizeBytes: number }): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES);
  const put = (bytes: Uint8Array, at: number, width: number): void => block.set(bytes.subarray(0, width), at);
  const octal = (value: bigint, at: number, width: number): void => {
    const limit = 8n ** BigInt(width - 1) - 1n;
    const held = value < 0n ? 0n : value > limit ? limit : value;
    put(Buffer.from(`${held.toString(8).padStart(width - 1, '0')}\0`), at, width);
  };
  put(head.name, 0, 100);
  octal(BigInt(member.permissions), 100, 8);
  octal(member.uid, 108, 8);
  octal(member.gid, 116, 8);
  octal(BigInt(head.sizeBytes), 124, 12);
  octal(member.mtimeNs / SECOND_NS, 136, 12);
  put(Buffer.from(head.typeFlag), 156, 1);
  if (member.target !== null) put(member.target, 157, 100);
  put(Buffer.from('ustar\x0000'), 257, 8);
  put(Buffer.from(member.user), 265, 31);
  put(Buffer.from(member.group), 297, 31);
  octal(0n, 329, 8);
  octal(0n, 337, 8);
  put(Buffer.from('        '), 148, 8);
  const sum = asBuffer(block).reduce((total, byte) => total + byte, 0);
  put(Buffer.from(`${sum.toString(8).padStart(6, '0')}\0 `), 148, 8);
  return block;
}
