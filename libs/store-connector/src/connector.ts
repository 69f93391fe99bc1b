import type { WritableStore } from './store.js';
import type { StoreLocation } from './location.js';

/** Version of this interface (semantic). A connector is loaded when its `interfaceVersion` names the same major and no higher minor number. */
export const INTERFACE_VERSION = '1.0';

/** One option of a connector: its name on the command line and in files, and how a form asks for it. Values are text everywhere. */
export type ConnectorOption = {
  /** As in plakar's configuration where it has one. @source 04-remote-stores 2.2 */
  readonly name: string;
  readonly title: string;
  /** A sentence for forms and help. */
  readonly help: string;
  /** `secret`: never shown, logged or given back; `file`: a path on the machine that opens the store. */
  readonly kind: 'text' | 'secret' | 'number' | 'boolean' | 'choice' | 'file';
  readonly choices?: readonly string[];
  readonly default?: string;
  readonly required?: boolean;
  /** Shown only on demand. */
  readonly advanced?: boolean;
};

/** What a connector may use of its surroundings; handed in, never read from the process by itself. */
export type ConnectorHost = {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Home folder of the user, for `~/.ssh` and `~/.aws`. */
  readonly home: string;
  /** Local folder for files that are made before they are uploaded. */
  readonly temporaryFolder: string;
  /** Longest time in ms after which a failing request is not tried again, for those who wait in front of a page; by default the connector's own. */
  readonly patienceMs?: number;
  /** Longest time in ms that a new connection may take; by default the connector's own. */
  readonly connectMs?: number;
  /** Whether an address may be connected to. Asked for each new connection, with the very address; absent: every one. See `allowedLookup`. */
  readonly allowsAddress?: (address: string) => boolean;
  /** Whether programs that the user's own files name may be run (`ProxyCommand` of SSH); by default none. */
  readonly mayRunPrograms?: boolean;
};

export type ConnectorInput = {
  readonly location: StoreLocation;
  /** By name, as given; names that the connector does not know are an InvalidInputError. */
  readonly options: Readonly<Record<string, string>>;
  readonly host: ConnectorHost;
};

/**
 * A kind of store. `open` only takes location and options apart and contacts nobody: the first call to the store does.
 * @throws InvalidInputError (from `open`) with a sentence that names the option or part of the location
 */
export interface Connector {
  /** One word, the package's short name: `s3`. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Schemes of locations, lower case. */
  readonly schemes: readonly string[];
  readonly interfaceVersion: string;
  /** A location as an example for forms. */
  readonly example: string;
  readonly options: readonly ConnectorOption[];
  open(input: ConnectorInput): WritableStore;
}

/** Why a connector made for another version of the interface is not loaded; null when it fits. */
export function interfaceMismatch(connector: Pick<Connector, 'name' | 'interfaceVersion'>): string | null {
  const [ours, theirs] = [INTERFACE_VERSION, connector.interfaceVersion].map((version) => /^(\d+)\.(\d+)(?:\.\d+)?$/.exec(version));
  if (!theirs) return `connector '${connector.name}' names no version of the interface that can be read: '${connector.interfaceVersion}'`;
  if (theirs[1] === ours?.[1] && Number(theirs[2]) <= Number(ours?.[2])) return null;
  return `connector '${connector.name}' is made for version ${connector.interfaceVersion} of the interface, this program has ${INTERFACE_VERSION}: install a version of the connector that fits, or a newer Wardrobe`;
}
