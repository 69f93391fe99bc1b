import { existsSync, readFileSync, rmSync, chmodSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { StartError } from '@wardrobe/db';
import type { ServerOptions } from './arguments.js';

/** Longest path of a unix socket. */
const MAX_SOCKET_PATH = process.platform === 'darwin' ? 103 : 107;

/** Listens and answers the port. @throws StartError address taken, not ours, or a certificate that cannot be read */
export async function listen(
  options: Pick<ServerOptions, 'host' | 'port' | 'tls'>,
  handle: RequestListener,
): Promise<{ server: Server | TlsServer; port: number }> {
  const server = options.tls === null ? createServer(handle) : createTlsServer({ ...readTls(options.tls), minVersion: 'TLSv1.2' }, handle);
  const { tls } = options;
  // A renewed certificate is taken over without a restart.
  if (tls !== null && 'setSecureContext' in server) process.on('SIGHUP', () => server.setSecureContext(readTls(tls)));
  server.keepAliveTimeout = 65_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(new StartError(listenSentence(error, options), { cause: error })));
    server.listen({ host: options.host, port: options.port }, resolve);
  });
  return { server, port: (server.address() as AddressInfo).port };
}

function listenSentence(error: NodeJS.ErrnoException, { host, port }: Pick<ServerOptions, 'host' | 'port'>): string {
  if (error.code === 'EADDRINUSE') return `Port ${port} on ${host} is in use by another program. Choose another with --port.`;
  if (error.code === 'EACCES') return `Port ${port} may not be opened by this user. Choose one above 1023 with --port.`;
  if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') return `${host} is not an address of this computer.`;
  return `${host}:${port} cannot be opened: ${error.message}`;
}

function readTls(tls: { readonly cert: string; readonly key: string }): { cert: Buffer; key: Buffer } {
  try {
    return { cert: readFileSync(tls.cert), key: readFileSync(tls.key) };
  } catch (error) {
    throw new StartError(`The certificate or its key cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/**
 * The socket of `wardrobe admin`: 0600 in the data folder. Where that path is too long for a socket it lies in the temporary folder and
 * `admin.address` beside it names the place.
 */
export async function listenForAdmin(path: string, handle: RequestListener): Promise<{ server: Server; path: string }> {
  const place = Buffer.byteLength(path) <= MAX_SOCKET_PATH ? path : join(tmpdir(), `wardrobe-admin-${process.pid}.sock`);
  if (existsSync(place)) {
    if (await somebodyListens(place)) throw new StartError(`${place} is in use by another process.`);
    rmSync(place);
  }
  const server = createServer(handle);
  // Nobody else may connect, not even between making the socket and changing its mode.
  const before = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(place, resolve);
    });
  } finally {
    process.umask(before);
  }
  chmodSync(place, 0o600);
  writeFileSync(join(dirname(path), 'admin.address'), `${place}\n`, { mode: 0o600 });
  return { server, path: place };
}

function somebodyListens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Stops taking requests; what is under way has `graceMs` to end. */
export async function closeServer(server: Server | TlsServer, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}
