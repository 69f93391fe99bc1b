import { formatStoreLocation, InvalidInputError, parseStoreLocation, type StoreLocation } from '@wardrobe/store-connector';
import { type NamedStore, readCatalog } from './catalog.js';
import { isLocal } from './connectors.js';
import { maskedLocation } from './secrets.js';
import type { Surroundings } from './surroundings.js';

/** What a user named, taken apart; nothing was opened yet. */
export type ResolvedStore = {
  readonly location: StoreLocation;
  /** For messages: the location without secrets. */
  readonly shown: string;
  /** From a configuration file, without the passphrase. Names that plakar's file has and the connector does not know are left out. */
  readonly configured: Readonly<Record<string, string>>;
  readonly lenient: boolean;
  /** Given with the call: these win. */
  readonly given: Readonly<Record<string, string>>;
  /** Options of the connector may also come from the environment under this prefix and their name in capitals; null: they may not. */
  readonly environmentPrefix: string | null;
  readonly passphrase: string | null;
  readonly passphraseCommand: string | null;
};

export type ResolveOptions = {
  readonly options?: Readonly<Record<string, string>>;
  readonly surroundings: Surroundings;
  readonly environmentPrefix?: string | null;
};

/**
 * What a location or `@name` stands for. `@name:sub` is the store of that name below (`sub`) or at another path (`/sub`).
 * @throws InvalidInputError an unknown name or a location that names no place
 * @source 04-remote-stores 2.1, 9.2
 */
export async function resolveLocation(text: string, { options = {}, surroundings, environmentPrefix = null }: ResolveOptions): Promise<ResolvedStore> {
  const named = text.startsWith('@') ? await findNamed(text.slice(1), surroundings) : null;
  const location = named === null ? parseStoreLocation(text) : named.location;
  const { passphrase, passphrase_cmd: passphraseCommand, ...configured } = named?.store.options ?? {};
  return {
    location,
    shown: maskedLocation(formatStoreLocation(location)),
    configured,
    lenient: named?.store.from === 'plakar',
    given: options,
    environmentPrefix,
    passphrase: passphrase ?? null,
    passphraseCommand: passphraseCommand ?? null,
  };
}

/** The store that is meant when none is given: `@name`, or null where no file names one. @source 04-remote-stores 9.2 */
export async function defaultStore(surroundings: Surroundings): Promise<string | null> {
  const chosen = (await readCatalog(surroundings)).default;
  return chosen === null ? null : `@${chosen}`;
}

async function findNamed(name: string, surroundings: Surroundings): Promise<{ readonly store: NamedStore; readonly location: StoreLocation }> {
  const { stores } = await readCatalog(surroundings);
  const whole = stores.find((store) => store.name === name);
  if (whole !== undefined) return { store: whole, location: placeOf(whole) };
  const colon = name.indexOf(':');
  const base = colon <= 0 ? undefined : stores.find((store) => store.name === name.slice(0, colon));
  if (base !== undefined) return { store: base, location: below(placeOf(base), name.slice(colon + 1)) };
  const known = stores.map((store) => `@${store.name}`).join(', ');
  throw new InvalidInputError(
    `there is no store with the name @${name}${known === '' ? '' : ` (there are: ${known})`}. Give it one with: wardrobe store add ${name} LOCATION`,
  );
}

function placeOf({ name, location, file }: NamedStore): StoreLocation {
  if (location === null) throw new InvalidInputError(`the store @${name} has no location in ${file}`);
  return parseStoreLocation(location);
}

/** Only the path of a URL changes; a store of this machine is all path. */
function below(location: StoreLocation, sub: string): StoreLocation {
  if (sub === '') return location;
  const { scheme, rest } = location;
  const slash = isLocal(location) ? 0 : rest.indexOf('/');
  const [host, path] = slash < 0 ? [rest, ''] : [rest.slice(0, slash), rest.slice(slash)];
  return { scheme, rest: sub.startsWith('/') ? `${host}${sub}` : `${host}${path.replace(/\/+$/, '')}/${sub}` };
}
