import { type Connector, InvalidInputError, type WritableStore } from '@wardrobe/store-connector';
import { connectorFor } from './connectors.js';
import type { ResolvedStore } from './resolve.js';
import type { Surroundings } from './surroundings.js';

/**
 * Opens the store that `resolveLocation` found. Only the connector of its kind is loaded. Contacts nobody: the first call to the store does.
 * @throws InvalidInputError no connector for it, or an option that does not fit
 */
export async function openLocation(store: ResolvedStore, surroundings: Surroundings): Promise<WritableStore> {
  const { location } = store;
  const { host } = surroundings;
  const connector = await connectorFor(location.scheme, surroundings);
  return connector.open({ location, options: optionsFor(connector, store, host.environment), host });
}

/** Configured options, over them those of the environment that the connector knows, over them those given with the call. */
export function optionsFor(
  connector: Pick<Connector, 'options'>,
  { configured, given, lenient, environmentPrefix }: ResolvedStore,
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const known = connector.options.map(({ name }) => name);
  const kept = lenient ? Object.entries(configured).filter(([name]) => known.includes(name)) : Object.entries(configured);
  const fromEnvironment = known.flatMap((name): [string, string][] => {
    const value = environmentPrefix === null ? undefined : environment[`${environmentPrefix}${name.toUpperCase()}`];
    return value === undefined ? [] : [[name, value]];
  });
  return { ...Object.fromEntries(kept), ...Object.fromEntries(fromEnvironment), ...given };
}

/** `KEY=VALUE` of a command line. @throws InvalidInputError without a `=`; the text is not in the sentence, because it may be a secret */
export function parseOptions(pairs: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf('=');
      if (equals <= 0) throw new InvalidInputError('an option of a store is written KEY=VALUE, for example: -o use_tls=false');
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    }),
  );
}
