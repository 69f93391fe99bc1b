import type { IncomingMessage, ServerResponse } from 'node:http';
import { percentEncodePath } from '@wardrobe/kloset-model';
import { pathOfQuery } from '../engine/paths.js';
import type { TextPreview } from '../engine/text-preview.js';
import { ApiError } from '../errors/api-error.js';
import { concerns } from '../services/live.js';
import type { EventBus } from '../events.js';
import type { Explorer, OpenSnapshot } from '../services/explorer.js';
import type { Actor } from '../services/types.js';
import { contentDisposition } from './disposition.js';
import { BACKUP_HEADERS, servedType } from './media-types.js';
import { parseRange } from './range.js';
import { headerText, rawQuery, requestUrl, sendJson } from './request.js';

export type DownloadParts = {
  readonly explorer: Explorer;
  readonly bus: EventBus;
  readonly preview: (input: { bytes: Uint8Array; name: string; truncated: boolean }, signal: AbortSignal) => Promise<TextPreview>;
};
export type Asked = {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly actor: Actor;
  readonly storeId: string;
  readonly snapshotId: string;
};

/** One file, whole or a part, by its object's MAC as ETag. */
export async function sendContent(parts: DownloadParts, asked: Asked): Promise<void> {
  const { req, res } = asked;
  const { open, path, signal } = await prepare(parts, asked);
  const info = await open.reader.call('contentInfo', { ...open.ref, path }, { signal });
  const download = requestUrl(req).searchParams.get('download') === '1';
  const etag = `"${info.etag}"`;
  const name = info.name.text;
  const type = download ? 'application/octet-stream' : servedType(name);
  const shown = type === 'application/octet-stream' ? 'attachment' : 'inline';
  setHeaders(res, {
    ...BACKUP_HEADERS,
    'content-type': type,
    'content-disposition': contentDisposition(shown, name),
    'accept-ranges': 'bytes',
    etag,
    'last-modified': new Date(info.mtimeMs).toUTCString(),
    // Private: a shared proxy keeps nothing. The bytes behind a MAC never change, but the right to see them may.
    'cache-control': 'private, no-cache',
  });
  if (
    headerText(req.headers['if-none-match'])
      ?.split(',')
      .some((tag) => tag.trim().replace(/^W\//, '') === etag)
  ) {
    res.writeHead(304).end();
    return;
  }
  const ifRange = headerText(req.headers['if-range']);
  const range = ifRange === undefined || ifRange === etag ? parseRange(headerText(req.headers.range), info.sizeBytes) : ({ kind: 'whole' } as const);
  if (range.kind === 'unsatisfiable') {
    res.writeHead(416, { 'content-range': `bytes */${info.sizeBytes}` }).end();
    return;
  }
  const { start, end } = range.kind === 'part' ? range : { start: 0, end: info.sizeBytes };
  if (range.kind === 'part') res.setHeader('content-range', `bytes ${start}-${end - 1}/${info.sizeBytes}`);
  res.setHeader('content-length', end - start);
  res.statusCode = range.kind === 'part' ? 206 : 200;
  if (req.method === 'HEAD') {
    res.end();
    return;
  }
  await pour(res, open.reader.stream('content', { ...open.ref, path, start, end }, { signal }), { signal, lengthBytes: end - start });
}

/** A folder (or file) as zip or tar. There is no length: a failure breaks the chunked body, which every client reports. */
export async function sendArchive(parts: DownloadParts, asked: Asked): Promise<void> {
  const { req, res } = asked;
  const format = requestUrl(req).searchParams.get('format') ?? 'zip';
  if (format !== 'zip' && format !== 'tar') throw new ApiError('invalid-input', 'Folders come as zip or tar.', 'Ask for one of them.');
  const { open, path, signal } = await prepare(parts, asked);
  const { name } = await open.reader.call('archiveInfo', { ...open.ref, path }, { signal });
  setHeaders(res, {
    ...BACKUP_HEADERS,
    'content-type': format === 'zip' ? 'application/zip' : 'application/x-tar',
    'content-disposition': contentDisposition('attachment', `${name}.${format}`),
    'cache-control': 'private, no-store',
  });
  res.statusCode = 200;
  if (req.method === 'HEAD') {
    res.end();
    return;
  }
  await pour(res, open.reader.stream('archive', { ...open.ref, path, format }, { signal }), { signal, lengthBytes: null });
}

/** First MiB as text, coloured where the language is known. */
export async function sendText(parts: DownloadParts, asked: Asked): Promise<void> {
  const { open, path, signal } = await prepare(parts, asked);
  const head = await open.reader.call('head', { ...open.ref, path }, { signal });
  sendJson(asked.res, 200, await parts.preview(head, signal));
}

type Prepared = { readonly open: OpenSnapshot; readonly path: string; readonly signal: AbortSignal };

async function prepare(parts: DownloadParts, { req, res, actor, storeId, snapshotId }: Asked): Promise<Prepared> {
  if (!/^[0-9a-f]{64}$/.test(snapshotId)) throw new ApiError('invalid-input', 'A snapshot id has 64 hex digits.', 'Copy it from the list of snapshots.');
  const path = percentEncodePath(pathOfQuery(rawQuery(req, 'path') ?? ''));
  const abort = new AbortController();
  const stop = parts.bus.onEnded((ended) => {
    if (concerns(actor, ended)) abort.abort();
  });
  res.once('close', () => {
    stop();
    abort.abort();
  });
  const open = await parts.explorer.open(storeId, snapshotId);
  const url = requestUrl(req);
  if (open.row.availability === 'deleted' && url.searchParams.get('deleted') !== '1')
    throw new ApiError('not-found', 'This snapshot is deleted.', 'Deleted snapshots are opened from the list of deleted ones.');
  if ((open.row.availability === 'hidden' || open.row.availability === 'unreadable') && url.searchParams.get('hidden') !== '1')
    throw new ApiError('not-found', 'This snapshot is hidden: no readable state names it.', 'Hidden snapshots are opened from their finding.');
  return { open, path, signal: abort.signal };
}

/** Sends a stream with back pressure. A failure, or a length that does not match, destroys the connection. */
async function pour(
  res: ServerResponse,
  pieces: AsyncIterable<Uint8Array>,
  { signal, lengthBytes }: { signal: AbortSignal; lengthBytes: number | null },
): Promise<void> {
  let sent = 0;
  const iterator = pieces[Symbol.asyncIterator]();
  try {
    // A failure before the first byte still becomes an answer with a sentence.
    let next = await iterator.next();
    while (!next.done) {
      sent += next.value.length;
      await written(res, next.value, signal);
      next = await iterator.next();
    }
    if (lengthBytes !== null && sent !== lengthBytes) throw new Error(`sent ${sent} of ${lengthBytes} bytes`);
    res.end();
  } finally {
    await iterator.return?.();
  }
}

/** Settles when the bytes have left this process: the stream uses their memory again. */
function written(res: ServerResponse, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    res.write(bytes, (error) => {
      signal.removeEventListener('abort', onAbort);
      if (error) reject(error);
      else resolve();
    });
  });
}

function setHeaders(res: ServerResponse, headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) res.setHeader(name, value);
}
