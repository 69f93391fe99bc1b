import { join } from 'node:path';
import { fsStore } from '@wardrobe/connector-fs';
import { type ConnectorHost, parseStoreLocation, type Store, type WritableStore } from '@wardrobe/store-connector';
import { removeFolder, temporaryFolder } from '@wardrobe/testing';
import { tmpdir } from 'node:os';
import { httpConnector } from '../src/index.js';
import { type ListeningServer, listenStore, type ServedStore } from '../src/server/index.js';

export type Served = {
  readonly path: string;
  readonly server: ListeningServer;
  readonly folder: string;
  open(options?: Readonly<Record<string, string>>): WritableStore;
  close(): Promise<void>;
};

/** A store in a folder of its own behind a server of ours. */
export async function serveFolder(more: Partial<ServedStore> = {}, path?: string): Promise<Served> {
  const folder = await temporaryFolder('http');
  const place = path ?? join(folder, 'store');
  const server = await serveStore(fsStore(place), more);
  return {
    path: place,
    folder,
    server,
    open: (options = {}) => openHttp(server.url, options),
    async close() {
      await server.close(100);
      await removeFolder(folder);
    },
  };
}

export function serveStore(store: Store, more: Partial<ServedStore> = {}): Promise<ListeningServer> {
  return listenStore({ store, writable: true, allowDelete: true, token: null, temporaryFolder: tmpdir(), ...more }, { host: '127.0.0.1', port: 0, tls: null });
}

export function openHttp(url: string, options: Readonly<Record<string, string>> = {}, host: Partial<ConnectorHost> = {}): WritableStore {
  return httpConnector.open({ location: parseStoreLocation(url), options, host: { environment: {}, home: tmpdir(), temporaryFolder: tmpdir(), ...host } });
}
