import { type ConnectorRegistry, loadInstalled, readRegistry } from './packages.js';
import type { Surroundings } from './surroundings.js';
import { type Connector, InvalidInputError, interfaceMismatch, PermissionError, type StoreLocation } from '@wardrobe/store-connector';

/** A connector that comes along: what has to be known of it before it is loaded. */
export type BuiltInConnector = { readonly name: string; readonly schemes: readonly string[]; readonly load: () => Promise<object> };

/** Loaded when a store of theirs is opened, and not before: nobody loads an SSH client to read a folder. */
export const BUILT_IN_CONNECTORS: readonly BuiltInConnector[] = [
  { name: 'fs', schemes: ['fs'], load: () => import('@wardrobe/connector-fs') },
  { name: 's3', schemes: ['s3'], load: () => import('@wardrobe/connector-s3') },
  { name: 'sftp', schemes: ['sftp'], load: () => import('@wardrobe/connector-sftp') },
  { name: 'http', schemes: ['http', 'https'], load: () => import('@wardrobe/connector-http') },
  { name: 'ptar', schemes: ['ptar', 'ptar+http', 'ptar+https'], load: () => import('@wardrobe/connector-ptar') },
];

/** Kinds of stores that are a file or folder of this machine. */
export function isLocal({ scheme }: StoreLocation): boolean {
  return scheme === 'fs' || scheme === 'ptar';
}

/** Every scheme that can be opened, for messages. */
export function knownSchemes(): readonly string[] {
  return BUILT_IN_CONNECTORS.flatMap(({ schemes }) => schemes);
}

/**
 * The connector for a scheme: an installed one before one that comes along.
 * @throws InvalidInputError nobody knows the scheme, or the connector is made for another version of the interface
 */
export async function connectorFor(scheme: string, { connectorsFolder }: Pick<Surroundings, 'connectorsFolder'>): Promise<Connector> {
  const { installed, disabled } = registryOf(connectorsFolder);
  const chosen = installed.find(({ schemes }) => schemes.includes(scheme));
  if (chosen !== undefined && connectorsFolder !== null) return loadInstalled(connectorsFolder, chosen, connectorIn);
  const built = BUILT_IN_CONNECTORS.find(({ schemes }) => schemes.includes(scheme));
  if (built === undefined) throw unknownScheme(scheme);
  if (disabled.includes(built.name))
    throw new InvalidInputError(`the connector '${built.name}' was removed here: bring it back with: wardrobe pkg add ${built.name}`);
  return connectorIn(await built.load(), built.name);
}

/** What this account may not read, it has not installed: a home of somebody else keeps nobody from a store. */
function registryOf(connectorsFolder: string | null): ConnectorRegistry {
  try {
    return readRegistry(connectorsFolder);
  } catch (error) {
    if (error instanceof PermissionError) return readRegistry(null);
    throw error;
  }
}

function unknownScheme(scheme: string): InvalidInputError {
  const lower = scheme.toLowerCase();
  const hint =
    lower !== scheme && knownSchemes().includes(lower)
      ? `write '${lower}' in lower case`
      : `known are ${knownSchemes().join(', ')}; others are added with: wardrobe pkg add`;
  return new InvalidInputError(`no connector opens stores of the kind '${scheme}': ${hint}. A folder of that name is reached as ./${scheme}:…`);
}

/** The connector that a package exports under any name. @throws InvalidInputError there is none, or it does not fit */
export function connectorIn(module: object, name: string): Connector {
  const found = Object.values(module).find(isConnector);
  if (found === undefined) throw new InvalidInputError(`the package of connector '${name}' exports no connector: it is of another program, or incomplete`);
  const mismatch = interfaceMismatch(found);
  if (mismatch !== null) throw new InvalidInputError(mismatch);
  return found;
}

function isConnector(value: unknown): value is Connector {
  if (typeof value !== 'object' || value === null) return false;
  const { name, schemes, open, options, interfaceVersion } = value as Partial<Connector>;
  return typeof name === 'string' && typeof open === 'function' && Array.isArray(schemes) && Array.isArray(options) && typeof interfaceVersion === 'string';
}
