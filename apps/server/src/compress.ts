import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { constants, createGzip, type Gzip } from 'node:zlib';

type Head = OutgoingHttpHeaders | OutgoingHttpHeader[];

/**
 * Answers of the api that are JSON or CSV go out gzipped where the client takes that: the matrix of a large fleet shrinks to a thirtieth.
 * Everything else (files of a backup, event streams, short or failed answers) passes untouched. What is written is flushed at once.
 */
export function compressText(request: IncomingMessage, response: ServerResponse): void {
  if (request.method === 'HEAD' || !/\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) return;
  const writeHead = response.writeHead.bind(response);
  const write = response.write.bind(response);
  const end = response.end.bind(response);
  let gzip: Gzip | null = null;

  function begin(): void {
    if (!isWorthIt(response)) return;
    response.removeHeader('content-length');
    response.setHeader('content-encoding', 'gzip');
    response.appendHeader('vary', 'accept-encoding');
    const started = createGzip({ level: 5, flush: constants.Z_SYNC_FLUSH });
    started.on('data', (chunk: Buffer) => {
      if (write(chunk)) return;
      started.pause();
      response.once('drain', () => started.resume());
    });
    started.on('end', () => end());
    started.on('error', () => response.destroy());
    response.on('close', () => started.destroy());
    gzip = started;
  }

  /** Headers given here are set first, so that what decides is in one place. */
  response.writeHead = ((status: number, reason?: string | Head, head?: Head) => {
    setAll(response, typeof reason === 'string' ? head : (reason ?? head));
    response.statusCode = status;
    if (!response.headersSent) begin();
    return typeof reason === 'string' ? writeHead(status, reason) : writeHead(status);
  }) as ServerResponse['writeHead'];
  response.write = ((chunk: string | Uint8Array, ...rest: unknown[]) => {
    if (!response.headersSent) response.writeHead(response.statusCode);
    if (gzip === null) return Reflect.apply(write, response, [chunk, ...rest]);
    return Reflect.apply(gzip.write, gzip, [chunk, ...rest]);
  }) as ServerResponse['write'];
  response.end = ((chunk?: unknown, ...rest: unknown[]) => {
    if (!response.headersSent && typeof chunk !== 'function') response.writeHead(response.statusCode);
    if (gzip === null) Reflect.apply(end, response, [chunk, ...rest]);
    else Reflect.apply(gzip.end, gzip, [chunk, ...rest]);
    return response;
  }) as ServerResponse['end'];
}

function setAll(response: ServerResponse, head: Head | undefined): void {
  if (head === undefined) return;
  const pairs = Array.isArray(head) ? pairsOf(head) : Object.entries(head);
  for (const [name, value] of pairs) if (value !== undefined) response.setHeader(name, value);
}

/** `[name, value, name, value]` or `[[name, value], …]`. */
function pairsOf(list: OutgoingHttpHeader[]): [string, OutgoingHttpHeader][] {
  const flat = list.flat();
  return Array.from({ length: Math.floor(flat.length / 2) }, (_, index) => [String(flat[index * 2]), flat[index * 2 + 1] ?? '']);
}

const MIN_BYTES = 1024;

function isWorthIt(response: ServerResponse): boolean {
  if (response.statusCode !== 200 || response.hasHeader('content-encoding') || response.hasHeader('content-range') || response.hasHeader('content-disposition'))
    return false;
  if (!/^(?:application\/json|text\/csv)\b/.test(String(response.getHeader('content-type') ?? ''))) return false;
  const length = response.getHeader('content-length');
  return length === undefined || Number(length) >= MIN_BYTES;
}
