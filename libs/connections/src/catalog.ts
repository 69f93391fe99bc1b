import { join } from 'node:path';
import type { OwnStores } from './own-stores.js';
import type { Surroundings } from './surroundings.js';

/** A store as a configuration file names it. `options` without `location`; secrets are among them. */
export type NamedStore = {
  readonly name: string;
  readonly location: string | null;
  readonly options: Readonly<Record<string, string>>;
  readonly from: 'wardrobe' | 'plakar';
  readonly file: string;
};

export type Catalog = {
  /** Ours first, each in the order of its file; plakar's that ours hide are not among them. */
  readonly stores: readonly NamedStore[];
  /** Name of the store that is meant when none is given. */
  readonly default: string | null;
};

/** The file that `wardrobe store` writes. */
export const OWN_FILE = 'stores.yml';

/**
 * Every store with a name: those of our own file, and plakar's. Nothing is written: plakar itself rewrites its files as soon as one is missing.
 * @throws InvalidInputError, PermissionError a file is there and cannot be read
 * @source 04-remote-stores 9.1
 */
export async function readCatalog({ configFolder, plakarFolder }: Surroundings): Promise<Catalog> {
  const { readConfigText, parseStoreFile, parseOldestFile } = await import('./store-file.js');
  const stores = new Map<string, NamedStore>();
  let chosen: string | null = null;
  const read = (from: NamedStore['from'], file: string, parse: typeof parseOldestFile): boolean => {
    const text = readConfigText(file);
    if (text === null) return false;
    const found = parse(text, file);
    for (const [name, { location, ...options }] of found.stores)
      if (!stores.has(name)) stores.set(name, { name, location: location === undefined || location === '' ? null : location, options, from, file });
    chosen ??= found.default;
    return true;
  };
  const current = (text: string, file: string): ReturnType<typeof parseOldestFile> => parseStoreFile(text, { file, section: 'stores' });
  if (configFolder !== null) read('wardrobe', join(configFolder, OWN_FILE), current);
  if (plakarFolder !== null) {
    const files = [['stores.yml', current] as const, ['klosets.yml', current] as const, ['plakar.yml', parseOldestFile] as const];
    for (const [name, parse] of files) if (read('plakar', join(plakarFolder, name), parse)) break;
  }
  return { stores: [...stores.values()], default: chosen };
}

/**
 * Changes our own list of stores: read, changed, written aside with mode 0600 and renamed, so that it is whole at any time.
 * @returns the file's path
 * @throws InvalidInputError, PermissionError
 */
export async function editOwnStores(configFolder: string, change: (stores: OwnStores) => void): Promise<string> {
  return (await import('./own-stores.js')).editOwnFile(join(configFolder, OWN_FILE), change);
}

/**
 * A place to save from (`sources.yml`) or to restore to (`destinations.yml`) that plakar's configuration names; null where it does not.
 * @throws InvalidInputError, PermissionError the file is there and cannot be read
 */
export async function plakarPlace({ plakarFolder }: Surroundings, section: 'sources' | 'destinations', name: string): Promise<string | null> {
  if (plakarFolder === null) return null;
  const { readConfigText, parseStoreFile } = await import('./store-file.js');
  const file = join(plakarFolder, `${section}.yml`);
  const text = readConfigText(file);
  return text === null ? null : (parseStoreFile(text, { file, section }).stores.get(name)?.['location'] ?? null);
}
