import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { API_PATHS } from '@wardrobe/contracts';
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import type { Log } from '../config.js';
import { codeOf } from '../errors/bridge.js';
import { appRouter } from '../routers/app.js';
import type { Context } from '../trpc.js';
import { readBody } from './request.js';

const pack = promisify(gzip);
/** tRPC inputs are small; the largest is a store with its passphrase. */
const BODY_BYTES = 256 * 1024;
const PACK_FROM = 1024;

/** Answers one tRPC request. JSON is packed where the browser takes it; streams (SSE) go out as they come. */
export async function answerTrpc(req: IncomingMessage, res: ServerResponse, { context, log }: { context: Context; log: Log }): Promise<void> {
  const abort = new AbortController();
  res.once('close', () => abort.abort());
  const body = req.method === 'POST' ? await readBody(req, BODY_BYTES) : null;
  const headers = new Headers();
  for (const [name, value] of Object.entries(req.headers)) if (typeof value === 'string') headers.set(name, value);
  const request = new Request(new URL(req.url ?? '/', 'http://console.invalid'), {
    method: req.method ?? 'GET',
    headers,
    body: body === null ? null : new Uint8Array(body),
    signal: abort.signal,
  });
  const response = await fetchRequestHandler({
    endpoint: API_PATHS.trpc,
    router: appRouter,
    req: request,
    createContext: () => context,
    allowBatching: true,
    onError: ({ error, path }) => {
      // The session's own failures (bugs) are told in full to the log, expected ones not at all.
      if (codeOf(error.cause ?? error) === null)
        log('error', `${path ?? 'a procedure'} failed: ${error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : error.message}`);
    },
  });
  res.statusCode = response.status;
  for (const [name, value] of response.headers) res.setHeader(name, value);
  res.setHeader('x-content-type-options', 'nosniff');
  if (response.headers.get('content-type')?.includes('text/event-stream')) {
    // Proxies must not hold events back.
    res.setHeader('x-accel-buffering', 'no');
    await stream(response, res);
    return;
  }
  res.setHeader('cache-control', 'no-store');
  await sendWhole(req, res, Buffer.from(await response.arrayBuffer()));
}

async function sendWhole(req: IncomingMessage, res: ServerResponse, body: Buffer): Promise<void> {
  res.setHeader('vary', 'accept-encoding');
  if (body.length >= PACK_FROM && /\bgzip\b/.test(req.headers['accept-encoding'] ?? '')) {
    const packed = await pack(body, { level: 5 });
    res.setHeader('content-encoding', 'gzip');
    res.setHeader('content-length', packed.length);
    res.end(packed);
    return;
  }
  res.setHeader('content-length', body.length);
  res.end(body);
}

async function stream(response: Response, res: ServerResponse): Promise<void> {
  res.flushHeaders();
  if (response.body === null) {
    res.end();
    return;
  }
  const reader = response.body.getReader();
  res.once('close', () => {
    reader.cancel().catch(() => {
      // The page went away and the stream had ended with it.
    });
  });
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) res.write(piece.value);
  res.end();
}
