import {
  type Connector,
  type ConnectorHost,
  type ConnectorInput,
  formatStoreLocation,
  INTERFACE_VERSION,
  InvalidInputError,
  type WritableStore,
} from '@wardrobe/store-connector';
import { connectLine } from './connect.js';
import { parseEndpoint } from './endpoint.js';
import { Figures } from './figures.js';
import { readOptions, SFTP_OPTIONS } from './options.js';
import { type Hop, resolveRoute } from './route.js';
import { PATIENCE, type Patience, Session } from './session.js';
import { sftpStore } from './sftp-store.js';

/** Stores in a folder of an SSH server. The SSH client is loaded by the first call to a store. @source 04-remote-stores 4 */
export const sftpConnector: Connector = {
  name: 'sftp',
  title: 'SFTP',
  description: 'A folder on a server that is reached by SSH',
  schemes: ['sftp'],
  interfaceVersion: INTERFACE_VERSION,
  example: 'sftp://backup@nas.example.org/srv/kloset',
  options: SFTP_OPTIONS,
  open: (input) => openSftp(input, patienceFor(input.host)),
};

function patienceFor({ connectMs = PATIENCE.connectMs, patienceMs }: ConnectorHost): Patience {
  return { ...PATIENCE, connectMs: Math.min(PATIENCE.connectMs, connectMs), ...(patienceMs === 0 ? { retries: 0 } : {}) };
}

/** The same with another patience. */
export function openSftp({ location, options: given, host }: ConnectorInput, patience: Patience): WritableStore {
  if (location.scheme !== 'sftp') throw new InvalidInputError(`connector 'sftp' opens no '${location.scheme}' locations`);
  const options = readOptions(given);
  const endpoint = parseEndpoint(location, options);
  const figures = new Figures();
  let hops: Promise<readonly Hop[]> | null = null;
  const session = new Session({
    patience,
    figures,
    connect: async (signal) => {
      // Read again after a failure: the user may have changed the file that was at fault.
      hops ??= resolveRoute({ endpoint, options, host });
      const route = await hops.catch((error: unknown) => {
        hops = null;
        throw error;
      });
      return await connectLine({ hops: route, host, figures, ...patience, signal });
    },
  });
  return sftpStore({ location: formatStoreLocation(location), paths: endpoint.paths, session, figures });
}
