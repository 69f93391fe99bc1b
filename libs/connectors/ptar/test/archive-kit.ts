import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { fsStore } from '@wardrobe/connector-fs';
import {
  digestFiles,
  listSnapshots,
  openRepository,
  openSnapshot,
  type PtarOptions,
  type Repository,
  type SnapshotHeader,
  writePtar,
  type WrittenPtar,
} from '@wardrobe/kloset';
import { nameBytes, type SnapshotId } from '@wardrobe/kloset-model';
import { type ConnectorHost, parseStoreLocation, type WritableStore } from '@wardrobe/store-connector';
import { type FixtureName, unpackFixture } from '@wardrobe/testing';
import { ptarConnector } from '../src/index.js';

export function openPtar(location: string, options: Readonly<Record<string, string>> = {}, host: Partial<ConnectorHost> = {}): WritableStore {
  return ptarConnector.open({ location: parseStoreLocation(location), options, host: { environment: {}, home: tmpdir(), temporaryFolder: tmpdir(), ...host } });
}

/** Cheap to derive: tests are about other things. */
export const CHEAP = { memoryKiB: 64, passes: 1 };

export async function headersOf(repository: Repository): Promise<readonly SnapshotHeader[]> {
  const headers: SnapshotHeader[] = [];
  for await (const found of listSnapshots(repository, {})) if ('header' in found) headers.push(found.header);
  return headers;
}

export async function openFixture(name: FixtureName): Promise<Repository> {
  const fixture = await unpackFixture(name);
  return openRepository(fsStore(fixture.storeDir), { passphrase: fixture.passphrase });
}

export async function archiveOf(source: Repository, path: string, more: Partial<PtarOptions> = {}): Promise<WrittenPtar> {
  return writePtar(source, { path, snapshots: await headersOf(source), passphrase: null, kdf: CHEAP, reopen: (made) => openPtar(`ptar:${made}`), ...more });
}

export async function contentsOf(repository: Repository, id: SnapshotId): Promise<readonly unknown[]> {
  const snapshot = await openSnapshot(repository, id);
  const files: unknown[] = [];
  for await (const file of digestFiles(snapshot, { path: nameBytes('/'), hashing: 'SHA256' })) files.push(file);
  return files;
}

/** True when it answered by itself. */
type Spoil = (request: IncomingMessage, response: ServerResponse) => boolean;
export type WebServer = { readonly url: string; readonly asked: string[]; spoil: Spoil | null; close(): void };

/** A web server with one file, as plain ones give it out: HEAD, and GET with inclusive ranges. */
export async function webServer(path: string): Promise<WebServer> {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    asked.push(`${request.method} ${request.headers.range ?? ''}`.trim());
    if (web.spoil?.(request, response) === true) return;
    const bytes = await readFile(path);
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    if (range === null) {
      response.writeHead(200, { 'content-length': bytes.length });
      response.end(request.method === 'HEAD' ? undefined : bytes);
      return;
    }
    const [first, last] = [Number(range[1]), Math.min(Number(range[2]), bytes.length - 1)];
    response.writeHead(206, { 'content-range': `bytes ${first}-${last}/${bytes.length}`, 'content-length': last - first + 1 });
    response.end(bytes.subarray(first, last + 1));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const web: WebServer = {
    url: `ptar+http://127.0.0.1:${(server.address() as AddressInfo).port}/x.ptar`,
    asked,
    spoil: null,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
  return web;
}
