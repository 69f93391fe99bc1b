declare const brand: unique symbol;
type Branded<T extends string> = string & { readonly [brand]: T };

/** 64 lowercase hex digits: a keyed hash, or a random id of the same shape. */
export type Mac = Branded<'Mac'>;
export type SnapshotId = Mac & { readonly __snapshot?: never };
export type StateId = Mac & { readonly __state?: never };
export type PackfileId = Mac & { readonly __packfile?: never };
/** Canonical lowercase UUID of a repository. */
export type RepositoryId = Branded<'RepositoryId'>;

/** What readers of single-file archives (ptar) call the one state and the one packfile in them. @source 04-remote-stores 8.2 */
export const ARCHIVE_STATE_ID = `0f0e0d0c0b0a09080706050403020100${'0'.repeat(32)}` as StateId;
export const ARCHIVE_PACKFILE_ID = `000102030405060708090a0b0c0d0e0f${'0'.repeat(32)}` as PackfileId;

const HEX64 = /^[0-9a-f]{64}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export function isMac(text: string): text is Mac {
  return HEX64.test(text);
}

/** @throws TypeError when the text is not 64 lowercase hex digits */
export function parseMac(text: string): Mac {
  if (!isMac(text)) throw new TypeError(`not a 64-digit hex id: ${JSON.stringify(text.slice(0, 80))}`);
  return text;
}

/** @throws TypeError when the text is not a canonical lowercase UUID */
export function parseRepositoryId(text: string): RepositoryId {
  if (!UUID.test(text)) throw new TypeError(`not a repository id: ${JSON.stringify(text.slice(0, 80))}`);
  return text as RepositoryId;
}

/** First eight digits, as plakar prints ids. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}
