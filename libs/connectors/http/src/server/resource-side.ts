import type { ResourceKind } from '@wardrobe/store-connector';
import { CONFIG_LIMIT_BYTES, collect } from '../collect.js';
import { FOLDER, ITEMS_TYPE } from '../words.js';
import { expectDelete, idOf, writableOf } from './access.js';
import type { Job } from './handler.js';
import { malformed, Refusal } from './refusal.js';
import { type Item, partOf, send, wholeOf } from './send.js';
import { takeUpload } from './upload.js';

const KINDS: ReadonlyMap<string, ResourceKind> = new Map((['packfile', 'state', 'lock'] as const).map((kind) => [FOLDER[kind], kind]));
const OCTETS = 'application/octet-stream';

/** The resource protocol of plakar 1.1.x. @source 04-remote-stores 5 */
export async function answerResource(job: Job): Promise<void> {
  const { request, path } = job;
  const [, folder, id, ...more] = path;
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  if (folder === undefined) return method === 'GET' ? sendConfig(job) : method === 'PUT' ? makeStore(job) : refuseMethod();
  if (more.length > 0) throw new Refusal(404, 'there is nothing below this path');
  if (folder === 'foreign' && id === undefined && method === 'GET') return sendForeign(job);
  const kind = KINDS.get(folder);
  if (kind === undefined) throw malformed('Invalid resource type');
  if (id === undefined) return method === 'GET' ? sendList(job, kind) : refuseMethod();
  const item: Item = { kind, id: idOf(id) };
  if (method === 'GET') return sendItem(job, item);
  if (method === 'PUT') {
    await takeUpload(job, kind, { body: request, id: () => item.id });
    return done(job);
  }
  if (method !== 'DELETE') return refuseMethod();
  const store = writableOf(job.served);
  expectDelete(job.served, kind);
  await store.remove(kind, item.id, { signal: job.signal });
  return done(job);
}

function refuseMethod(): never {
  throw new Refusal(405, 'Method Not Allowed');
}

function done({ response }: Job): void {
  response.writeHead(200, { 'content-length': '0' });
  response.end();
}

async function sendConfig({ served, request, response, signal }: Job): Promise<void> {
  const config = await served.store.readConfig({ signal });
  response.writeHead(200, { 'content-type': OCTETS, 'content-length': String(config.length) });
  response.end(request.method === 'HEAD' ? undefined : config);
}

/** Only our clients ask for this; the program of plakar makes no stores over HTTP. */
async function makeStore(job: Job): Promise<void> {
  const store = writableOf(job.served);
  const config = await collect(job.request, { what: 'CONFIG', bytes: CONFIG_LIMIT_BYTES });
  await store.create(new Uint8Array(config), { signal: job.signal });
  done(job);
}

/** Ids, as plakar's server gives them; with sizes for those who ask. @source 04-remote-stores 5.1 */
async function sendList({ served, request, response, signal }: Job, kind: ResourceKind): Promise<void> {
  const withSizes = request.headers.accept?.includes(ITEMS_TYPE) === true;
  const items = served.store.list(kind, { signal })[Symbol.asyncIterator]();
  // The first one is read before anything is said, so that a store that cannot be listed is a refusal.
  const first = await items.next();
  response.writeHead(200, { 'content-type': withSizes ? ITEMS_TYPE : 'application/json' });
  const texts = async function* () {
    let before = '[';
    for (let next = first; next.done !== true; next = await items.next()) {
      const { id, sizeBytes, stamp } = next.value;
      yield `${before}${JSON.stringify(withSizes ? { id, size: sizeBytes, stamp } : id)}`;
      before = ',';
    }
    yield before === '[' ? '[]\n' : ']\n';
  };
  await send(response, texts(), signal);
  response.end();
}

async function sendForeign({ served, response, signal }: Job): Promise<void> {
  const files: { readonly path: string; readonly size: number }[] = [];
  for await (const { path, sizeBytes } of served.store.listForeign({ signal })) files.push({ path, size: sizeBytes });
  response.writeHead(200, { 'content-type': ITEMS_TYPE });
  response.end(JSON.stringify(files));
}

async function sendItem(job: Job, item: Item): Promise<void> {
  const { served, request, response, signal } = job;
  const range = rangeOf(request.headers.range);
  const sizeBytes = await served.store.sizeBytes(item.kind, item.id, { signal });
  const offset = Math.min(range?.offset ?? 0, sizeBytes);
  const end = Math.min(range?.end ?? sizeBytes, sizeBytes);
  // A range is answered by 200 as well: clients of plakar take 206 for an error.
  response.writeHead(200, { 'content-type': OCTETS, 'content-length': String(end - offset) });
  if (request.method !== 'HEAD') await send(response, range === null ? wholeOf(job, item, sizeBytes) : partOf(job, item, { offset, end }), signal);
  response.end();
}

/** `bytes=A-B` with B exclusive and above A, both needed. @source 04-remote-stores 5.1 */
function rangeOf(header: string | undefined): { readonly offset: number; readonly end: number } | null {
  if (header === undefined) return null;
  const found = /^bytes=(\d{1,15})-(\d{1,15})$/.exec(header);
  if (found === null) throw malformed('Invalid range');
  const [offset, end] = [Number(found[1]), Number(found[2])];
  if (end <= offset) throw malformed('Invalid range');
  return { offset, end };
}
