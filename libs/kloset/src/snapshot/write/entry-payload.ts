import { GO_MODE, type Mac, nameBytes } from '@wardrobe/kloset-model';
import { encode } from '../../codec/codec.js';
import { V1_0_0 } from '../../codec/version.js';
import { type VfsEntryRecord, vfsEntry } from '../../format/snapshot-entry.js';
import type { SummaryRecord } from '../../format/snapshot-summary.js';
import type { StoreLine } from '../../repository/writer-types.js';
import type { EntryFields } from './entry-records.js';

export const ZERO_MAC = '0'.repeat(64) as Mac;
/** What links, pipes and the like are filed under. */
export const NOT_A_FILE = 'application/x-not-regular-file';

const NOT_REGULAR = 0x8f280000;
const EMPTY = new Uint8Array(0);
const NOTHING_MORE = {
  alternate_data_streams: [],
  security_descriptor: EMPTY,
  file_attributes: 0,
  classifications: [],
  custom_metadata: [],
  tags: [],
} as const;

/** What an entry may have that backups of file systems never do; kept when a snapshot is copied. */
export type MoreFields = Pick<VfsEntryRecord, keyof typeof NOTHING_MORE> & { readonly flags: number };

export type PayloadParts = {
  readonly parent: Uint8Array;
  readonly name: Uint8Array;
  readonly fields: EntryFields;
  readonly object: Mac;
  /** Of a directory; line 1.1 has none in entries. */
  readonly summary: SummaryRecord | null;
  readonly more: MoreFields | null;
};

const typeNames = new Map<string, Uint8Array>();

/** Bytes of an entry's blob, which are also those of its frame in the listing. @source 02-snapshot 3.1 */
export function entryPayload(parts: PayloadParts, form: StoreLine): Uint8Array {
  const { common, content, mtimeNs, sizeBytes, ino, symlinkTarget, xattrNames } = parts.fields;
  const { flags, ...more } = parts.more ?? { ...NOTHING_MORE, flags: 0 };
  const is11 = form === '1.1';
  return encode(vfsEntry, {
    version: V1_0_0,
    parent_path: parts.parent,
    file_info: {
      name: parts.name,
      size: sizeBytes,
      mode: common.goMode,
      mod_time: mtimeNs,
      dev: common.dev,
      ino,
      uid: common.uid,
      gid: common.gid,
      nlink: common.nlink & 0xffff,
      username: common.user,
      groupname: common.group,
      flags,
    },
    summary: is11 ? null : parts.summary,
    symlink_target: symlinkTarget,
    object: parts.object,
    content_type: is11 ? typeBytes(contentTypeOf(parts.fields)) : EMPTY,
    entropy: is11 ? (content?.entropy ?? 0) : 0,
    chunks: is11 ? BigInt(content?.chunks ?? 0) : 0n,
    extended_attributes: xattrNames,
    ...more,
  });
}

/** Full type with parameters; empty for a directory, and for a regular file whose content is nowhere. */
export function contentTypeOf(fields: EntryFields): string {
  return fields.content === null ? bareType(fields.common.goMode) : fields.content.contentType;
}

/** The type of what has no content. */
export function bareType(goMode: number): string {
  return (goMode & GO_MODE.directory) !== 0 || (goMode & NOT_REGULAR) === 0 ? '' : NOT_A_FILE;
}

function typeBytes(contentType: string): Uint8Array {
  const known = typeNames.get(contentType);
  if (known !== undefined) return known;
  const bytes = nameBytes(contentType);
  if (typeNames.size < 1000) typeNames.set(contentType, bytes);
  return bytes;
}
