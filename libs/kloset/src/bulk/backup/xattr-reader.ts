import { type ByteText, byteTextOfString, exactText, shownText } from './byte-text.js';
import { type RawXattrs, readRawXattrs } from './raw-xattrs.js';
import { errnoText } from './system-errors.js';

export type XattrList = { readonly names: readonly ByteText[] } | { readonly error: string };
export type XattrValue = { readonly value: Uint8Array } | { readonly error: string };

/** Extended attributes of names on this machine; links are not followed. Failures are texts for the snapshot's error list. */
export interface XattrReader {
  /** Told of the paths that will be asked for next: some can only be asked for together. */
  prepare?(paths: readonly ByteText[]): void;
  /** Sorted by bytes. Null: a name that cannot be asked about on this system, so that nothing is known of its attributes. */
  list(path: ByteText): XattrList | null;
  get(path: ByteText, name: ByteText): XattrValue;
}

/** The part of the optional native module that is used. It takes and gives text only. */
type NativeModule = { listAttributesSync(path: string): string[]; getAttributeSync(path: string, name: string): Buffer | null };

const NONE: XattrList = { names: [] };
const ENODATA = 61;
const ENOTSUP = 95;

/** Null where the optional native module is not installed. */
export async function systemXattrs(): Promise<XattrReader | null> {
  try {
    return new SystemXattrs(await import('@napi-rs/xattr'));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return null;
  }
}

class SystemXattrs implements XattrReader {
  readonly #native: NativeModule;
  /** Of the paths prepared last that are beyond the native module. */
  #raw: ReadonlyMap<ByteText, RawXattrs> = new Map();

  constructor(native: NativeModule) {
    this.#native = native;
  }

  prepare(paths: readonly ByteText[]): void {
    const odd = paths.filter((path) => exactText(path) === null);
    this.#raw = (odd.length > 0 ? readRawXattrs(odd) : null) ?? new Map();
  }

  list(path: ByteText): XattrList | null {
    const text = exactText(path);
    if (text === null) return listOf(path, this.#raw.get(path));
    try {
      const names = this.#native.listAttributesSync(text);
      return names.length === 0 ? NONE : { names: names.map(byteTextOfString).sort() };
    } catch (error) {
      if (errnoOf(error) === ENOTSUP) return NONE;
      // The names of its attributes are not text.
      const raw = isOddName(error) ? (readRawXattrs([path]) ?? new Map()) : new Map();
      this.#raw = new Map([...this.#raw, ...raw]);
      return listOf(path, this.#raw.get(path)) ?? { error: `xattr.list ${text}: ${reasonOf(error)}` };
    }
  }

  get(path: ByteText, name: ByteText): XattrValue {
    const raw = this.#raw.get(path);
    const what = `xattr.get ${shownText(path)} ${shownText(name)}`;
    if (raw !== undefined) return 'values' in raw ? rawValue(raw.values.get(name), what) : { error: `${what}: ${raw.error}` };
    const [text, nameText] = [exactText(path), exactText(name)];
    if (text === null || nameText === null) return { error: `${what}: the name is not UTF-8` };
    try {
      const value = this.#native.getAttributeSync(text, nameText);
      return value === null ? { error: `${what}: ${errnoText(ENODATA)}` } : { value };
    } catch (error) {
      return { error: `${what}: ${reasonOf(error)}` };
    }
  }
}

function listOf(path: ByteText, raw: RawXattrs | undefined): XattrList | null {
  if (raw === undefined) return null;
  return 'error' in raw ? { error: `xattr.list ${shownText(path)}: ${raw.error}` } : { names: [...raw.values.keys()].sort() };
}

function rawValue(value: XattrValue | undefined, what: string): XattrValue {
  if (value === undefined) return { error: `${what}: ${errnoText(ENODATA)}` };
  return 'error' in value ? { error: `${what}: ${value.error}` } : value;
}

/** The module's messages end with the number: `Permission denied (os error 13)`. */
function errnoOf(error: unknown): number | null {
  if (!(error instanceof Error)) throw error;
  const found = /\(os error (\d+)\)/.exec(error.message);
  return found === null ? null : Number(found[1]);
}

function isOddName(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Invalid attribute');
}

function reasonOf(error: unknown): string {
  const errno = errnoOf(error);
  if (errno !== null) return errnoText(errno);
  return error instanceof Error ? error.message : String(error);
}
