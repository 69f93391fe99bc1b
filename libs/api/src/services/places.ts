import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { StoreRow } from '@wardrobe/db';
import { checkOptions, type Connector, formatStoreLocation, KlosetError, parseStoreLocation, type StoreLocation } from '@wardrobe/store-connector';
import { mayLieAt } from '../engine/addresses.js';
import { ApiError } from '../errors/api-error.js';
import type { Deps } from './deps.js';
import { allowedFolder } from './locations.js';

/** Where a store lies, checked: `location` in the one form that is kept and compared. Options may be secrets: they go to the store's thread and the sealer. */
export type StorePlace = { readonly location: string; readonly options: StoreOptions; readonly connectorsFolder: string };
export type StoreOptions = Readonly<Record<string, string>>;

/**
 * A store's place as the console may open it. What lies on this machine (folders, archives, files that options name) lies below the allowed folders; an
 * address on the network has no password in it and is not one of those at which a cloud hands out credentials.
 * @throws ApiError invalid-input, forbidden, not-found, permission
 */
export async function allowedPlace(deps: Pick<Deps, 'config' | 'dataDirectory'>, text: string, options: StoreOptions = {}): Promise<StorePlace> {
  const connectorsFolder = join(deps.dataDirectory, 'connectors');
  const trimmed = text.trim();
  if (trimmed.startsWith('@'))
    throw new ApiError('invalid-input', 'A name of a store belongs to the command line of one machine.', 'Give the location that it stands for.');
  const location = trimmed.startsWith('file://') ? { scheme: 'fs', rest: trimmed } : said(() => parseStoreLocation(trimmed));
  if (location.scheme === 'fs') {
    const folder = await allowedFolder(deps, trimmed);
    const [name] = Object.keys(options);
    if (name !== undefined) throw new ApiError('invalid-input', `A store in a folder has no option '${name}'.`, 'Leave it out.');
    return { location: folder, options: {}, connectorsFolder };
  }
  const connector = await loaded(location.scheme, connectorsFolder);
  const checked = said(() => checkOptions(connector.name, connector.options, options));
  for (const { name, kind } of connector.options) {
    const file = checked[name];
    if (kind === 'file' && file !== undefined && options[name] !== undefined) await allowedFolder(deps, file);
  }
  if (location.scheme === 'ptar')
    return { location: formatStoreLocation({ ...location, rest: await allowedFolder(deps, location.rest) }), options, connectorsFolder };
  await expectAllowedHost(location, options);
  return { location: formatStoreLocation(location), options, connectorsFolder };
}

/** The same for a store that is kept: roots may have changed, and so may what a name stands for. */
export async function placeOf(deps: Deps, store: StoreRow): Promise<StorePlace> {
  return allowedPlace(deps, store.location, openOptions(deps, store));
}

export function sealOptions(deps: Pick<Deps, 'sealer'>, options: StoreOptions, repositoryId: string): Uint8Array | null {
  if (Object.keys(options).length === 0) return null;
  return deps.sealer.seal(Buffer.from(JSON.stringify(options), 'utf8'), optionsName(repositoryId));
}

/** @throws ApiError the options do not open with this key file */
export function openOptions(deps: Pick<Deps, 'sealer'>, store: StoreRow): StoreOptions {
  if (store.sealedOptions === null) return {};
  try {
    return JSON.parse(Buffer.from(deps.sealer.open(store.sealedOptions, optionsName(store.repositoryId))).toString('utf8')) as StoreOptions;
  } catch (error) {
    throw new ApiError(
      'store',
      `The kept options of ${store.name} do not fit the key file of this console.`,
      'Put the right key file back, or give the options anew in the settings of the store.',
      { cause: error },
    );
  }
}

/** What sealed options are bound to. */
function optionsName(repositoryId: string): string {
  return `store-options:${repositoryId}`;
}

/** Connectors are loaded when a store of their kind is named, and not before. */
async function loaded(scheme: string, connectorsFolder: string): Promise<Connector> {
  const { connectorFor } = await import('@wardrobe/connections');
  try {
    return await connectorFor(scheme, { connectorsFolder });
  } catch (error) {
    throw mistake(error);
  }
}

/** What is said while a form is filled in; each connection is looked at again as it is made. */
async function expectAllowedHost({ rest }: StoreLocation, options: StoreOptions): Promise<void> {
  const authority = rest.split('/')[0] ?? '';
  if (/^[^@]*:[^@]*@/.test(authority))
    throw new ApiError('invalid-input', 'The location of a store holds no password: it is shown.', 'Give the password as an option.');
  const endpoint = options['endpoint']?.replace(/^[a-z]+:\/\//i, '').split('/')[0];
  const jumps = (options['jump'] ?? '').split(',').map((jump) => jump.trim().replace(/^ssh:\/\//, ''));
  for (const host of [authority, endpoint ?? '', ...jumps].map(hostOf).filter((name) => name !== '')) {
    for (const address of await addressesOf(host)) {
      if (!mayLieAt(address))
        throw new ApiError(
          'forbidden',
          `${host} is an address at which machines hand out credentials: no store lies there.`,
          'Give the address of the server that holds the store.',
        );
    }
  }
}

/** `user@host:port`, `[v6]:port` -> the bare host. */
function hostOf(authority: string): string {
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  return /^\[([^\]%]*)/.exec(host)?.[1] ?? host.replace(/:\d*$/, '');
}

/** A name without an address is told by the test of the store, with the step at which it fails. */
async function addressesOf(host: string): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return [];
    throw error;
  }
}

function said<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw mistake(error);
  }
}

function mistake(error: unknown): unknown {
  if (!(error instanceof KlosetError) || error.code !== 'invalid-input') return error;
  return new ApiError('invalid-input', `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`, 'Correct it and try again.', { cause: error });
}
