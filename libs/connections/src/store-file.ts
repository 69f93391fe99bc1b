import { readFileSync, statSync } from 'node:fs';
import { InvalidInputError, PermissionError } from '@wardrobe/store-connector';
import { isAlias, isMap, isScalar, parseDocument, Scalar, type YAMLMap } from 'yaml';

/** Stores by name, each a flat map of texts, as a configuration file has them. */
export type StoreEntries = ReadonlyMap<string, Readonly<Record<string, string>>>;
export type StoreFile = { readonly stores: StoreEntries; readonly default: string | null };

const LIMIT_BYTES = 1 << 20;
export const FILE_VERSION = 'v1.0.0';
/** Marks the default store in the older form. */
const IS_DEFAULT = '.isDefault';

/** The text of a configuration file, null where there is none. @throws PermissionError, InvalidInputError it is no such file */
export function readConfigText(file: string): string | null {
  try {
    if (statSync(file).size > LIMIT_BYTES) throw new InvalidInputError(`${file} is no list of stores: it is larger than 1 MiB`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    if (code === 'EACCES' || code === 'EPERM') throw new PermissionError(file, { cause: error });
    if (error instanceof Error && code !== 'invalid-input') throw new InvalidInputError(`${file} cannot be read: ${error.message}`, { cause: error });
    throw error;
  }
}

/**
 * Stores, sources or destinations of one file: `version: v1.0.0` with the map under `section`, or, without that version, the bare map at the top. Values are
 * their text as written, `null` is empty.
 * @throws InvalidInputError with a sentence that names file and place, and never a value
 * @source 04-remote-stores 9.1
 */
export function parseStoreFile(text: string, { file, section }: { readonly file: string; readonly section: string }): StoreFile {
  const document = parseDocument(text, { schema: 'failsafe', logLevel: 'silent', prettyErrors: false });
  const [problem] = document.errors;
  if (problem !== undefined) throw new InvalidInputError(`${file} cannot be read as YAML, near character ${problem.pos[0]}: ${problem.code}`);
  const top = document.contents;
  if (top === null || (isScalar(top) && textOf(top) === '')) return { stores: new Map(), default: null };
  if (!isMap(top)) throw new InvalidInputError(`${file} is no list of stores`);
  if (textAt(top, 'version') !== FILE_VERSION) return olderForm(top, file);
  const chosen = textAt(top, 'default');
  return { stores: storesOf(top.get(section, true), file), default: chosen === '' ? null : chosen };
}

/** The file before there were three: `repositories`, and `default-repo`. */
export function parseOldestFile(text: string, file: string): StoreFile {
  const { contents } = parseDocument(text, { schema: 'failsafe', logLevel: 'silent', prettyErrors: false });
  if (!isMap(contents)) return { stores: new Map(), default: null };
  return { stores: storesOf(contents.get('repositories', true), file), default: textAt(contents, 'default-repo') };
}

function olderForm(top: YAMLMap, file: string): StoreFile {
  const stores = new Map(storesOf(top, file));
  let chosen: string | null = null;
  for (const [name, entry] of stores) {
    const { [IS_DEFAULT]: mark, ...options } = entry;
    if (mark !== undefined) stores.set(name, options);
    if (mark === 'true') chosen = name;
  }
  return { stores, default: chosen };
}

function storesOf(node: unknown, file: string): StoreEntries {
  if (node === undefined || node === null || (isScalar(node) && textOf(node) === '')) return new Map();
  if (!isMap(node)) throw new InvalidInputError(`${file} is no list of stores that this program can read: names with options are expected`);
  const stores = new Map<string, Readonly<Record<string, string>>>();
  for (const { key, value } of node.items) {
    const name = nameOf(key, file);
    if (!isMap(value)) throw new InvalidInputError(`${file}: '${name}' is no map of options`);
    // No prototype: an option may be called as anything.
    const options: Record<string, string> = Object.create(null) as Record<string, string>;
    for (const item of value.items) {
      const option = nameOf(item.key, file);
      if (item.value !== null && !isScalar(item.value))
        throw new InvalidInputError(`${file}: '${option}' of '${name}' is ${isAlias(item.value) ? 'an alias' : 'nested'}; a text is expected`);
      options[option] = item.value === null ? '' : textOf(item.value);
    }
    stores.set(name, { ...options });
  }
  return stores;
}

function nameOf(key: unknown, file: string): string {
  if (!isScalar(key)) throw new InvalidInputError(`${file}: a name there is no text`);
  return textOf(key);
}

function textAt(map: YAMLMap, key: string): string | null {
  const node = map.get(key, true);
  return node === undefined || node === null || !isScalar(node) ? null : textOf(node);
}

/** A scalar as written; a bare `null` or `~` is empty. */
function textOf(scalar: Scalar): string {
  const text = typeof scalar.value === 'string' ? scalar.value : String(scalar.value ?? '');
  const bare = scalar.type === undefined || scalar.type === Scalar.PLAIN;
  return bare && /^(?:null|Null|NULL|~)$/.test(text) ? '' : text;
}
