import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { InvalidInputError } from '@wardrobe/store-connector';
import { Document, isMap, parseDocument } from 'yaml';
import { FILE_VERSION, parseStoreFile, readConfigText, type StoreFile } from './store-file.js';

/** What may be changed of our own list of stores. Comments and the order of the file stay. */
export type OwnStores = StoreFile & {
  /** Sets the named options; the store is made where it is not there. */
  set(name: string, options: Readonly<Record<string, string>>): void;
  unset(name: string, options: readonly string[]): void;
  remove(name: string): void;
  /** The store that is meant when none is given; null: none. */
  setDefault(name: string | null): void;
};

/** Does what `editOwnStores` says. */
export function editOwnFile(file: string, change: (stores: OwnStores) => void): string {
  const text = readConfigText(file) ?? '';
  const before = parseStoreFile(text, { file, section: 'stores' });
  const document = writable(text, before);
  const remove = (path: readonly string[]): void => void document.deleteIn(path);
  change({
    ...before,
    set: (name, options) => {
      for (const [option, value] of Object.entries(options)) document.setIn(['stores', name, option], value);
    },
    unset: (name, options) => {
      for (const option of options) remove(['stores', name, option]);
    },
    remove: (name) => remove(['stores', name]),
    setDefault: (name) => (name === null ? remove(['default']) : document.setIn(['default'], name)),
  });
  const after = document.toString({ lineWidth: 0 });
  // What is written must say what was meant.
  parseStoreFile(after, { file, section: 'stores' });
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeWhole(file, after);
  return file;
}

/** The document to change: of the current form; a file of the older one is taken over into it. */
function writable(text: string, before: StoreFile): Document {
  const document = parseDocument(text, { schema: 'core' });
  if (isMap(document.contents) && document.get('version') === FILE_VERSION) {
    if (!isMap(document.get('stores', true))) document.set('stores', document.createNode({}));
    return document;
  }
  const stores = Object.fromEntries([...before.stores].map(([name, options]) => [name, { ...options }]));
  return new Document({ version: FILE_VERSION, ...(before.default === null ? {} : { default: before.default }), stores });
}

function writeWhole(file: string, text: string): void {
  const aside = `${file}.${process.pid}.partial`;
  try {
    writeFileSync(aside, text, { mode: 0o600 });
    chmodSync(aside, 0o600);
    renameSync(aside, file);
  } catch (error) {
    rmSync(aside, { force: true });
    throw new InvalidInputError(`${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
