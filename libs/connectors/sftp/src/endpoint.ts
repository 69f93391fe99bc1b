import { InvalidInputError, type StoreLocation } from '@wardrobe/store-connector';
import { portNumber, type SftpOptions } from './options.js';

/** A host as the user named it; the SSH configuration may know more about it. */
export type HostName = { readonly host: string; readonly port: number | undefined; readonly username: string | undefined };

/** `paths`: where the store may lie, the first choice first: as written, then with its percent signs decoded. @source 04-remote-stores 2.1 */
export type Endpoint = HostName & { readonly paths: readonly string[] };

/**
 * Takes `[user@]host[:port]/absolute/path` apart; `username`, `port` and `root` fill in what the location leaves out.
 * @throws InvalidInputError with a sentence; a password in the location is refused and not repeated
 */
export function parseEndpoint({ rest }: StoreLocation, options: Pick<SftpOptions, 'username' | 'port' | 'root'>): Endpoint {
  const slash = rest.indexOf('/');
  const named = parseHost(slash < 0 ? rest : rest.slice(0, slash), 'the location');
  const path = slash < 0 ? '' : rest.slice(slash);
  const twice = (what: string, option: string): never => {
    throw new InvalidInputError(`the location names ${what}, and so does the option '${option}' of connector 'sftp': give one of them`);
  };
  if (named.username !== undefined && options.username !== undefined) twice('a user', 'username');
  if (named.port !== undefined && options.port !== undefined && named.port !== options.port) twice('a port', 'port');
  if (path.replaceAll('/', '') !== '' && options.root !== undefined) twice('a folder', 'root');
  return {
    host: named.host,
    port: named.port ?? options.port,
    username: named.username ?? options.username,
    paths: storePaths(options.root ?? path),
  };
}

/**
 * Takes `[user@]host[:port]` apart; an IPv6 address stands in brackets.
 * @throws InvalidInputError that begins with `where`
 */
export function parseHost(text: string, where: string): HostName {
  const at = text.lastIndexOf('@');
  const user = at < 0 ? undefined : text.slice(0, at);
  if (user?.includes(':'))
    throw new InvalidInputError(`${where} holds a password: locations are shown and logged, so give it as the option 'password' of connector 'sftp'`);
  if (user === '') throw new InvalidInputError(`${where} has an '@' without a user before it`);
  const found = /^(?:\[([0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|([^:[\]\s]+))(?::(.*))?$/.exec(text.slice(at + 1));
  const host = found?.[1] ?? found?.[2];
  if (host === undefined || host.startsWith('-')) throw new InvalidInputError(`${where} names no host: it is written sftp://user@host:port/absolute/path`);
  return {
    host,
    port: found?.[3] === undefined ? undefined : portNumber(found[3], `the port in ${where}`),
    username: user === undefined ? undefined : decoded(user),
  };
}

/** Only paths of such characters mean the same to all of plakar's versions. @source 04-remote-stores 2.1 */
export function isPlainPath(path: string): boolean {
  return /^[A-Za-z0-9._~/-]+$/.test(path);
}

function storePaths(path: string): readonly string[] {
  if (!path.startsWith('/')) throw new InvalidInputError('the location names no folder: an absolute path follows the host, as in sftp://user@host/srv/store');
  const raw = path.replace(/\/+$/, '') || '/';
  const other = decoded(raw);
  return other === raw || other.includes('\0') ? [raw] : [raw, other];
}

/** The text itself where its percent signs mean nothing. */
function decoded(text: string): string {
  if (!/%[0-9A-Fa-f]{2}/.test(text)) return text;
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}
