import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import {
  allowedLookup,
  checkOptions,
  type Connector,
  type ConnectorHost,
  type ConnectorInput,
  type ConnectorOption,
  formatStoreLocation,
  INTERFACE_VERSION,
  InvalidInputError,
  type WritableStore,
} from '@wardrobe/store-connector';
import { HttpStore } from './http-store.js';
import { HttpLine, type LineSettings } from './line.js';

const OPTIONS: readonly ConnectorOption[] = [
  {
    name: 'auth_token',
    title: 'Token',
    help: 'Sent as a bearer token with each request; servers of plakar 1.0 know none.',
    kind: 'secret',
  },
  { name: 'tls_ca', title: 'Certificate authority', help: 'PEM file with the certificates to trust instead of the usual ones.', kind: 'file', advanced: true },
  {
    name: 'tls_no_verify',
    title: 'Trust any certificate',
    help: 'Whoever sits on the line can then read the token and change what is sent. Needs tls_no_verify_confirmed too.',
    kind: 'boolean',
    default: 'false',
    advanced: true,
  },
  {
    name: 'tls_no_verify_confirmed',
    title: 'Yes, trust any certificate',
    help: 'Confirms tls_no_verify.',
    kind: 'boolean',
    default: 'false',
    advanced: true,
  },
  {
    name: 'timeout_seconds',
    title: 'Patience',
    help: 'A line on which less than a kilobyte comes in so many seconds counts as broken.',
    kind: 'number',
    default: '30',
    advanced: true,
  },
];

/** Sockets to one server at a time. */
const MAX_SOCKETS = 16;

/**
 * Stores behind plakar's store servers, of line 1.0 (JSON) as well as 1.1 (resources), and behind `wardrobe server`.
 * @source 04-remote-stores 5, 6, 7
 */
export const httpConnector: Connector = {
  name: 'http',
  title: 'HTTP',
  description: 'A store behind `wardrobe server` or `plakar server`.',
  schemes: ['http', 'https'],
  interfaceVersion: INTERFACE_VERSION,
  example: 'https://backup.example.org:9876',
  options: OPTIONS,
  open: openStore,
};

function openStore(input: ConnectorInput): WritableStore {
  const options = checkOptions('http', OPTIONS, input.options);
  const url = parseUrl(input);
  if (options['tls_no_verify'] === 'true' && options['tls_no_verify_confirmed'] !== 'true')
    throw new InvalidInputError(
      "'tls_no_verify' lets anybody on the line read and change what is sent. Better name the server's certificate with 'tls_ca'; if it must be, add tls_no_verify_confirmed=true",
    );
  const stallMs = Number(options['timeout_seconds']) * 1000;
  if (stallMs < 1000) throw new InvalidInputError("option 'timeout_seconds' of connector 'http' must be 1 or more");
  const { host } = input;
  const settings: LineSettings = { url, location: `${url.origin}${url.pathname}`, token: options['auth_token'] ?? null, stallMs, host };
  return new HttpStore(new HttpLine(settings, agentFor(url, options, host)), host.patienceMs);
}

/** @throws InvalidInputError no URL, or one with a secret in it */
function parseUrl({ location }: ConnectorInput): URL {
  const text = formatStoreLocation(location);
  if (!URL.canParse(text)) throw new InvalidInputError(`${location.scheme}: the location is no URL: write it like http://host:9876`);
  const url = new URL(text);
  if (url.username !== '' || url.password !== '')
    throw new InvalidInputError("user and password have no place in the location of a store: give a token with the option 'auth_token'");
  if (url.hash !== '') throw new InvalidInputError("the location of an http store has no part behind a '#'");
  return url;
}

function agentFor(url: URL, options: Readonly<Record<string, string>>, host: ConnectorHost): HttpAgent {
  const lookup = allowedLookup(host);
  const common = { keepAlive: true, maxSockets: MAX_SOCKETS, ...(lookup === undefined ? {} : { lookup }) };
  if (url.protocol === 'http:') return new HttpAgent(common);
  const file = options['tls_ca'];
  return new HttpsAgent({ ...common, rejectUnauthorized: options['tls_no_verify'] !== 'true', ...(file === undefined ? {} : { ca: readAuthority(file) }) });
}

function readAuthority(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new InvalidInputError(`the file of option 'tls_ca' cannot be read: ${file}`, { cause });
  }
}
