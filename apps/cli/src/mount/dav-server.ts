import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { KlosetError, NotFoundError } from '@wardrobe/kloset';
import { pathComponents, percentDecode } from '@wardrobe/kloset-model';
import { httpDate, MULTISTATUS_END, MULTISTATUS_START, responseOf } from './multistatus.js';
import { byteRange } from './byte-range.js';
import type { MountTree, Node } from './tree.js';

export type DavOptions = {
  readonly host: string;
  readonly port: number;
  /** A request that failed for a reason that the user should read. */
  readonly onProblem: (sentence: string) => void;
};

const METHODS = 'OPTIONS, PROPFIND, GET, HEAD';

/** A read-only WebDAV server of class 1 on this machine. @source RFC 4918 */
export async function serveDav(tree: MountTree, options: DavOptions): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((request, response) => {
    const ended = new AbortController();
    response.once('close', () => ended.abort());
    answer(tree, { request, response, signal: ended.signal, options }).catch((error: unknown) => fail(error, { response, options, signal: ended.signal }));
  });
  server.listen(options.port, options.host);
  await Promise.race([once(server, 'listening'), once(server, 'error').then(([error]) => Promise.reject(error))]);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : options.port;
  return { server, url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}/` };
}

type Exchange = { readonly request: IncomingMessage; readonly response: ServerResponse; readonly signal: AbortSignal; readonly options: DavOptions };

async function answer(tree: MountTree, exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  response.setHeader('DAV', '1');
  // A page in a browser may reach this port under another name (DNS rebinding): only the names of this machine itself are answered.
  if (!isOwnName(request.headers.host ?? '', exchange.options.host)) return end(response, 403, 'This mount answers its own address only.\n');
  const path = pathComponents(percentDecode((request.url ?? '/').replace(/[?#].*$/s, '')));
  if (path.some((name) => name.every((byte) => byte === 0x2e) && name.length <= 2)) return end(response, 400, 'The path is not clean.\n');
  if (request.method === 'OPTIONS') return end(response.setHeader('Allow', METHODS), 200, '');
  if (request.method === 'PROPFIND') return propfind(tree, path, exchange);
  if (request.method === 'GET' || request.method === 'HEAD') return get(tree, path, exchange);
  return end(response.setHeader('Allow', METHODS), 405, 'This mount is read-only.\n');
}

function isOwnName(header: string, host: string): boolean {
  const name = header.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return name === host || name === 'localhost' || name === '127.0.0.1' || name === '::1';
}

async function propfind(tree: MountTree, path: readonly Uint8Array[], { request, response, signal }: Exchange): Promise<void> {
  request.resume();
  const depth = request.headers.depth ?? 'infinity';
  if (depth !== '0' && depth !== '1') return end(response, 403, 'Ask for depth 0 or 1.\n');
  const node = await tree.node(path, signal);
  // What fails before the first byte can still be said by the status.
  let text = MULTISTATUS_START + responseOf(path, node);
  const children = depth === '1' && node.kind === 'directory' ? tree.children(path, signal) : none();
  let begun = false;
  for await (const child of children) {
    text += responseOf([...path, child.name], child);
    if (text.length < 1 << 16) continue;
    if (!begun) response.writeHead(207, { 'Content-Type': 'application/xml; charset=utf-8' });
    begun = true;
    await write(response, text, signal);
    text = '';
  }
  if (!begun) response.writeHead(207, { 'Content-Type': 'application/xml; charset=utf-8' });
  response.end(text + MULTISTATUS_END);
}

async function* none(): AsyncGenerator<never> {
  // A file has no children.
}

async function get(tree: MountTree, path: readonly Uint8Array[], exchange: Exchange): Promise<void> {
  const { request, response, signal } = exchange;
  const node = await tree.node(path, signal);
  if (node.content === null) return end(response.setHeader('Allow', METHODS), 405, 'A folder has no content: list it with PROPFIND.\n');
  const sizeBytes = Number(node.sizeBytes);
  const range = byteRange(request.headers.range, sizeBytes);
  if (range === 'unsatisfiable') return end(response.setHeader('Content-Range', `bytes */${sizeBytes}`), 416, '');
  const { start, end: stop } = range ?? { start: 0, end: sizeBytes };
  response.writeHead(range === null ? 200 : 206, {
    ...headersOf(node),
    'Content-Length': stop - start,
    ...(range === null ? {} : { 'Content-Range': `bytes ${start}-${stop - 1}/${sizeBytes}` }),
  });
  if (request.method === 'HEAD') return void response.end();
  for await (const piece of node.content(start, stop, signal)) await write(response, piece, signal);
  response.end();
}

function headersOf(node: Node): Record<string, string> {
  return {
    'Content-Type': node.contentType ?? 'application/octet-stream',
    'Content-Security-Policy': 'sandbox',
    'X-Content-Type-Options': 'nosniff',
    'Accept-Ranges': 'bytes',
    'Last-Modified': httpDate(node),
    ETag: `"${node.tag}"`,
  };
}

async function write(response: ServerResponse, piece: string | Uint8Array, signal: AbortSignal): Promise<void> {
  if (!response.write(piece)) await once(response, 'drain', { signal });
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(text);
}

/** Nothing that failed half-way ends as if it were whole: the connection is cut, and the reader sees fewer bytes than were promised. */
function fail(
  error: unknown,
  { response, options, signal }: { readonly response: ServerResponse; readonly options: DavOptions; readonly signal: AbortSignal },
): void {
  if (signal.aborted) return;
  const isAbsent = error instanceof NotFoundError && error.kind === 'path';
  const sentence = error instanceof KlosetError ? error.message : `a fault in wardrobe itself: ${String(error)}`;
  if (!isAbsent) options.onProblem(sentence);
  if (response.headersSent) response.destroy();
  else end(response, isAbsent ? 404 : error instanceof KlosetError && error.code === 'store' ? 503 : 500, `${sentence}\n`);
}
