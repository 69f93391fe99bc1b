import { type ByteText, byteTextOfString, bytesOfText, exactText, shownText } from './byte-text.js';
import { errnoText } from './system-errors.js';

export type XattrList = { readonly names: readonly ByteText[] } | { readonly error: string };
export type XattrValue = { readonly value: Uint8Array } | { readonly error: string };

/** Extended attributes of names on this machine; links are not followed. Failures are texts for the snapshot's error list. */
export interface XattrReader {
  /** Sorted by bytes. Null: a name that this reader cannot ask about, so that nothing is known of its attributes. */
  list(path: ByteText): XattrList | null;
  get(path: ByteText, name: ByteText): XattrValue;
}

/** The part of the optional native module that is used. It takes and gives text only. */
type NativeModule = { listAttributesSync(path: string): string[]; getAttributeSync(path: string, name: string): Buffer | null };

const NONE: XattrList = { names: [] };

/** Null where the optional native module is not installed. */
export async function systemXattrs(): Promise<XattrReader | null> {
  try {
    return readerOf(await import('@napi-rs/xattr'));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return null;
  }
}

function readerOf(native: NativeModule): XattrReader {
  return {
    list(path) {
      const text = exactText(path);
      if (text === null) return null;
      try {
        const names = native.listAttributesSync(text);
        return names.length === 0 ? NONE : { names: names.map(byteTextOfString).sort() };
      } catch (error) {
        return isUnsupported(error) ? NONE : { error: `xattr.list ${text}: ${reasonOf(error)}` };
      }
    },
    get(path, name) {
      const text = exactText(path);
      const nameText = exactText(name);
      if (text === null || nameText === null) return { error: `xattr.get ${shownText(path)} ${shownText(name)}: the name is not UTF-8` };
      try {
        const value = native.getAttributeSync(text, nameText);
        return value === null ? { error: `xattr.get ${text} ${nameText}: ${errnoText(ENODATA)}` } : { value };
      } catch (error) {
        return { error: `xattr.get ${text} ${nameText}: ${reasonOf(error)}` };
      }
    },
  };
}

const ENODATA = 61;
const ENOTSUP = 95;

/** The module's messages end with the number: `Permission denied (os error 13)`. */
function errnoOfText(error: unknown): number | null {
  if (!(error instanceof Error)) throw error;
  const found = /\(os error (\d+)\)/.exec(error.message);
  return found === null ? null : Number(found[1]);
}

function isUnsupported(error: unknown): boolean {
  return errnoOfText(error) === ENOTSUP;
}

function reasonOf(error: unknown): string {
  const errno = errnoOfText(error);
  if (errno !== null) return errnoText(errno);
  return error instanceof Error ? error.message : String(error);
}

/** For callers that need the bytes of a name. */
export function xattrNameBytes(names: readonly ByteText[]): Uint8Array[] {
  return names.map(bytesOfText);
}
