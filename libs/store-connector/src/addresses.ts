import type { ClientRequest } from 'node:http';
import { type LookupAddress, lookup } from 'node:dns';
import { isIP, type LookupFunction, type Socket } from 'node:net';
import type { ConnectorHost } from './connector.js';
import { StoreError } from './errors.js';

type Guard = Pick<ConnectorHost, 'allowsAddress'>;

/**
 * The `lookup` of a connection where the host allows some addresses only: what was looked at is what is connected to, however often the name's address changes.
 * Undefined: every address will do. An address that stands in the place of a name is never looked up: `expectAllowedAddress` is for those.
 */
export function allowedLookup({ allowsAddress }: Guard): LookupFunction | undefined {
  if (allowsAddress === undefined) return undefined;
  return (name, options, done) => {
    lookup(name, { ...options, all: true }, (error, found: LookupAddress[]) => {
      const refused = error === null ? found.find(({ address }) => !allowsAddress(address)) : undefined;
      const [first] = error === null ? found : [];
      if (refused !== undefined) done(addressRefused(name, refused.address), []);
      else if (first === undefined || options.all === true) done(error, found ?? []);
      else done(null, first.address, first.family);
    });
  };
}

/** To be called before each connection. @throws StoreError the host is an address that is not allowed */
export function expectAllowedAddress({ allowsAddress }: Guard, host: string): void {
  const bare = host.replace(/^\[|\]$/g, '');
  if (allowsAddress !== undefined && isIP(bare) !== 0 && !allowsAddress(bare)) throw addressRefused(bare, bare);
}

function addressRefused(host: string, address: string): StoreError {
  const which = host === address ? address : `${host} (${address})`;
  return new StoreError(`${which} is not connected to: at such an address machines hand out credentials, and no store lies there`, { fault: 'route' });
}

/** Ends a request whose connection is not there in time. An answered or reused connection is none of its business. */
export function boundConnecting(request: ClientRequest, connectMs: number | undefined, late: () => Error): void {
  if (connectMs === undefined) return;
  request.once('socket', (socket: Socket) => {
    if (!socket.connecting) return;
    const timer = setTimeout(() => request.destroy(late()), connectMs);
    const end = (): void => clearTimeout(timer);
    socket.once('connect', end).once('close', end);
  });
}
