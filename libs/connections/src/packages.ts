import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Connector, InvalidInputError, interfaceMismatch, PermissionError } from '@wardrobe/store-connector';
import { withOurErrors } from './foreign-store.js';

/** A connector that was installed from a package. `digest` covers every file of its folder, and is proven each time before it is loaded. */
export type InstalledConnector = {
  readonly name: string;
  readonly version: string;
  readonly schemes: readonly string[];
  readonly interfaceVersion: string;
  /** Below the folder of connectors. */
  readonly folder: string;
  /** Below `folder`. */
  readonly entry: string;
  /** SHA-256 of the files, in base64. */
  readonly digest: string;
  /** Where it came from, for people. */
  readonly source: string;
};
/** What is installed, and which of those that come along are switched off. */
export type ConnectorRegistry = { readonly installed: readonly InstalledConnector[]; readonly disabled: readonly string[] };

export const REGISTRY_FILE = 'connectors.json';
const NOTHING: ConnectorRegistry = { installed: [], disabled: [] };

/** @throws InvalidInputError, PermissionError the list is there and cannot be read */
export function readRegistry(connectorsFolder: string | null): ConnectorRegistry {
  if (connectorsFolder === null) return NOTHING;
  const file = join(connectorsFolder, REGISTRY_FILE);
  try {
    const found = JSON.parse(readFileSync(file, 'utf8')) as Partial<ConnectorRegistry>;
    if (!Array.isArray(found.installed) || !Array.isArray(found.disabled))
      throw new InvalidInputError(`${file} is no list of connectors: remove it, and add them again`);
    return { installed: found.installed, disabled: found.disabled };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'ENOENT' || code === 'ENOTDIR') return NOTHING;
    if (code === 'EACCES' || code === 'EPERM') throw new PermissionError(file, { cause: error });
    if (error instanceof SyntaxError) throw new InvalidInputError(`${file} is no list of connectors: remove it, and add them again`, { cause: error });
    throw error;
  }
}

/**
 * Loads an installed connector after its files were proven to be those that were installed.
 * @throws InvalidInputError its files changed, it is made for another version of the interface, or it exports no connector
 */
export async function loadInstalled(
  connectorsFolder: string,
  installed: InstalledConnector,
  find: (module: object, name: string) => Connector,
): Promise<Connector> {
  const mismatch = interfaceMismatch(installed);
  if (mismatch !== null) throw new InvalidInputError(mismatch);
  const folder = join(connectorsFolder, installed.folder);
  if (folderDigest(folder) !== installed.digest)
    throw new InvalidInputError(
      `the files of connector '${installed.name}' are not those that were installed: remove it (wardrobe pkg rm ${installed.name}), and add it again`,
    );
  const module = (await import(/* @vite-ignore */ pathToFileURL(join(folder, installed.entry)).href)) as object;
  const connector = find(module, installed.name);
  return { ...connector, name: connector.name, open: (input) => withOurErrors(connector.open(input)) };
}

/** SHA-256 over names, lengths and bytes of all files below a folder, in base64. @throws InvalidInputError something there is neither file nor folder */
export function folderDigest(folder: string): string {
  const hash = createHash('sha256');
  for (const file of filesBelow(folder)) {
    const bytes = readFileSync(file);
    hash.update(`${relative(folder, file).split(sep).join('/')}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('base64');
}

/** In one order on every machine. npm's own lists and links of programs are no part of a package. */
function filesBelow(folder: string): readonly string[] {
  let names: string[];
  try {
    names = readdirSync(folder).sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
  return names
    .filter((name) => name !== '.bin' && name !== '.package-lock.json')
    .flatMap((name) => {
      const path = join(folder, name);
      const found = lstatSync(path);
      if (found.isDirectory()) return filesBelow(path);
      if (!found.isFile()) throw new InvalidInputError(`${path} is no file: a connector's package holds files only`);
      return [path];
    });
}
