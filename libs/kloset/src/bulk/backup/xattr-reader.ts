import { closeSync, constants, openSync } from 'node:fs';
import { type ByteText, bytesOfText, byteTextOfString, exactText, nameOf, parentOf, shownText } from './byte-text.js';
import { errnoOf as systemErrno } from '../local-error.js';
import { errnoText } from './system-errors.js';

export type XattrList = { readonly names: readonly ByteText[] } | { readonly error: string };
export type XattrValue = { readonly value: Uint8Array } | { readonly error: string };

/** Extended attributes of names on this machine; links are not followed. Failures are texts for the snapshot's error list. */
export interface XattrReader {
  /** Sorted by bytes. Null: a name that cannot be asked about on this system, so that nothing is known of its attributes. */
  list(path: ByteText): XattrList | null;
  get(path: ByteText, name: ByteText): XattrValue;
}

/** The part of the optional native module that is used. It takes and gives text only. */
export type NativeXattrs = { listAttributesSync(path: string): string[]; getAttributeSync(path: string, name: string): Buffer | null };

const NONE: XattrList = { names: [] };
const ENODATA = 61;
const ENOTSUP = 95;

/** Null where the optional native module is not installed. */
export async function systemXattrs(): Promise<XattrReader | null> {
  try {
    return xattrReader(await import('@napi-rs/xattr'));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return null;
  }
}

/**
 * What the native module can be asked for: anything whose own name is UTF-8, whatever the folders above it, and every folder. A file with another name cannot be
 * named to it, and one attribute with such a name hides all of its file's: that is an error of the snapshot.
 */
export function xattrReader(native: NativeXattrs): XattrReader {
  return {
    list(path) {
      return reached(path, null, (text) => {
        try {
          const names = native.listAttributesSync(text);
          return names.length === 0 ? NONE : { names: names.map(byteTextOfString).sort() };
        } catch (error) {
          return errnoOf(error) === ENOTSUP ? NONE : { error: `xattr.list ${shownText(path)}: ${reasonOf(error)}` };
        }
      });
    },
    get(path, name) {
      const what = `xattr.get ${shownText(path)} ${shownText(name)}`;
      const unreachable = { error: `${what}: the name is not UTF-8` };
      const nameText = exactText(name);
      if (nameText === null) return unreachable;
      return reached<XattrValue>(path, unreachable, (text) => {
        try {
          const value = native.getAttributeSync(text, nameText);
          return value === null ? { error: `${what}: ${errnoText(ENODATA)}` } : { value };
        } catch (error) {
          return { error: `${what}: ${reasonOf(error)}` };
        }
      });
    },
  };
}

const OPEN_FOLDER = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** Does something with a text that leads to a path; where there is none, `otherwise`. Linux leads through an open folder. */
function reached<T>(path: ByteText, otherwise: T, act: (text: string) => T): T {
  const text = exactText(path);
  if (text !== null) return act(text);
  if (process.platform !== 'linux') return otherwise;
  const name = exactText(nameOf(path));
  let folder: number;
  try {
    folder = openSync(bytesOfText(name === null ? path : parentOf(path)) as Buffer, OPEN_FOLDER);
  } catch (error) {
    if (systemErrno(error) === null) throw error;
    return otherwise;
  }
  try {
    return act(`/proc/self/fd/${folder}/${name ?? '.'}`);
  } finally {
    closeSync(folder);
  }
}

/** The module's messages end with the number: `Permission denied (os error 13)`. */
function errnoOf(error: unknown): number | null {
  if (!(error instanceof Error)) throw error;
  const found = /\(os error (\d+)\)/.exec(error.message);
  return found === null ? null : Number(found[1]);
}

function reasonOf(error: unknown): string {
  const errno = errnoOf(error);
  if (errno !== null) return errnoText(errno);
  if (!(error instanceof Error)) return String(error);
  return error.message.startsWith('Invalid attribute') ? 'the name of an attribute is not UTF-8, and none of its attributes can be read' : error.message;
}
