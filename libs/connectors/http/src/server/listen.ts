import { createServer as createHttp, type Server } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { InvalidInputError } from '@wardrobe/store-connector';
import { type ServedStore, storeHandler } from './handler.js';

export type ListenOptions = {
  readonly host: string;
  /** 0 takes any that is free. */
  readonly port: number;
  /** PEM texts; null for plain HTTP. */
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | null;
};

/** `close` lets what runs come to its end for a while, then ends it. */
export type ListeningServer = { readonly url: string; close(graceMs?: number): Promise<void> };

/** A connection on which nothing moves is ended. An upload may take as long as it likes. */
const IDLE_MS = 120_000;
const HEADERS_MS = 60_000;
const GRACE_MS = 10_000;

/** @throws InvalidInputError the address cannot be listened on, or the certificate cannot be used */
export async function listenStore(served: ServedStore, options: ListenOptions): Promise<ListeningServer> {
  const server = makeServer(options);
  const handle = storeHandler(served);
  server.on('request', (request, response) => void handle(request, response));
  server.headersTimeout = HEADERS_MS;
  server.requestTimeout = 0;
  server.setTimeout(IDLE_MS);
  await listening(server, options);
  const { port } = server.address() as AddressInfo;
  const host = options.host.includes(':') ? `[${options.host}]` : options.host;
  return { url: `${options.tls === null ? 'http' : 'https'}://${host}:${port}`, close: (graceMs = GRACE_MS) => closeServer(server, graceMs) };
}

function makeServer({ tls }: ListenOptions): Server {
  if (tls === null) return createHttp();
  try {
    return createHttps(tls);
  } catch (cause) {
    throw new InvalidInputError('certificate and key cannot be used: both must be PEM and belong together', { cause });
  }
}

function listening(server: Server, { host, port }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const code = 'code' in cause ? String(cause.code) : cause.message;
      reject(new InvalidInputError(`cannot listen on ${host}:${port} (${code})`, { cause }));
    });
    server.listen({ host, port }, resolve);
  });
}

async function closeServer(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}
