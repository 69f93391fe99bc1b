import type { ResourceKind } from '@wardrobe/store-connector';
import { encodeBase64 } from '../base64.js';
import { CONFIG_LIMIT_BYTES, collect } from '../collect.js';
import { DataScanner } from '../data-scanner.js';
import { expectDelete, idOf, writableOf } from './access.js';
import type { Job } from './handler.js';
import { malformed, Refusal, refusalOf } from './refusal.js';
import { type Item, partOf, send, wholeOf } from './send.js';
import { takeUpload } from './upload.js';

type Fields = Readonly<Record<string, unknown>>;

const REQUEST_LIMIT_BYTES = 64 << 10;
const LISTS: ReadonlyMap<string, ResourceKind> = new Map([
  ['states', 'state'],
  ['packfiles', 'packfile'],
  ['locks', 'lock'],
]);
const ITEMS: ReadonlyMap<string, ResourceKind> = new Map([
  ['state', 'state'],
  ['packfile', 'packfile'],
  ['lock', 'lock'],
]);

/** The JSON protocol of plakar 1.0.x: failures of the store are answers of status 200 with an `Err`. `body`: where it was read already. @source 04-remote-stores 6 */
export async function answerJson(job: Job, body: Buffer | null = null): Promise<void> {
  try {
    await answer(job, body);
  } catch (error) {
    const refusal = refusalOf(error);
    if (job.response.headersSent || refusal.isMalformed || [405, 413].includes(refusal.status)) throw error;
    sendFields(job, { Err: refusal.message }, refusal.status === 409 ? 409 : 200);
  }
}

async function answer(job: Job, given: Buffer | null): Promise<void> {
  const { request, path } = job;
  const [name, detail] = path;
  if (name === undefined) return request.method === 'PUT' ? makeStore(job) : sendConfig(job);
  const kind = ITEMS.get(name);
  if (request.method === 'PUT' && kind !== undefined && detail === undefined) return takeItem(job, kind);
  const fields = parseFields(given ?? (await collect(request, { what: 'body', bytes: REQUEST_LIMIT_BYTES })));
  if (request.method === 'GET' && detail === undefined) {
    const listed = LISTS.get(name);
    if (listed !== undefined) return sendList(job, listed, fieldOf(fields, 'sizes') === true);
    if (name === 'foreign') return sendForeign(job);
  }
  if (kind === undefined) throw new Refusal(405, 'Method Not Allowed');
  const item: Item = { kind, id: idOf(fieldOf(fields, 'mac')) };
  if (request.method === 'GET' && detail === undefined) return sendWhole(job, item);
  if (request.method === 'GET' && detail === 'size') return sendSize(job, item);
  if (request.method === 'GET' && detail === 'blob' && kind === 'packfile') return sendPart(job, item, fields);
  if (request.method === 'DELETE' && detail === undefined) return removeItem(job, item);
  throw new Refusal(405, 'Method Not Allowed');
}

async function sendConfig(job: Job): Promise<void> {
  const config = await job.served.store.readConfig({ signal: job.signal });
  sendFields(job, { Configuration: Buffer.from(config).toString('base64'), Err: '' });
}

async function makeStore(job: Job): Promise<void> {
  const store = writableOf(job.served);
  const text = fieldOf(parseFields(await collect(job.request, { what: 'CONFIG', bytes: CONFIG_LIMIT_BYTES * 2 })), 'configuration');
  if (typeof text !== 'string') throw malformed('no configuration');
  await store.create(new Uint8Array(Buffer.from(text, 'base64')), { signal: job.signal });
  sendFields(job, { Err: '' });
}

/** Ids, and with them, for those who ask, sizes. */
async function sendList(job: Job, kind: ResourceKind, withSizes: boolean): Promise<void> {
  const ids: string[] = [];
  const items: { readonly id: string; readonly size: number; readonly stamp: string | undefined }[] = [];
  for await (const { id, sizeBytes, stamp } of job.served.store.list(kind, { signal: job.signal })) {
    if (withSizes) items.push({ id, size: sizeBytes, stamp });
    else ids.push(id);
  }
  sendFields(job, { ...(withSizes ? { Items: items } : { [kind === 'lock' ? 'Locks' : 'MACs']: ids }), Err: '' });
}

async function sendForeign(job: Job): Promise<void> {
  const files: { readonly path: string; readonly size: number }[] = [];
  for await (const { path, sizeBytes } of job.served.store.listForeign({ signal: job.signal })) files.push({ path, size: sizeBytes });
  sendFields(job, { Files: files, Err: '' });
}

async function sendSize(job: Job, { kind, id }: Item): Promise<void> {
  sendFields(job, { Size: await job.served.store.sizeBytes(kind, id, { signal: job.signal }), Err: '' });
}

async function sendWhole(job: Job, item: Item): Promise<void> {
  const sizeBytes = await job.served.store.sizeBytes(item.kind, item.id, { signal: job.signal });
  await sendData(job, wholeOf(job, item, sizeBytes));
}

async function sendPart(job: Job, item: Item, fields: Fields): Promise<void> {
  const offset = numberOf(fields, 'offset', Number.MAX_SAFE_INTEGER);
  const lengthBytes = numberOf(fields, 'length', 0xffffffff);
  const sizeBytes = await job.served.store.sizeBytes(item.kind, item.id, { signal: job.signal });
  await sendData(job, partOf(job, item, { offset: Math.min(offset, sizeBytes), end: Math.min(offset + lengthBytes, sizeBytes) }));
}

/** The item as one text, encoded as it goes. What fails in the middle is a broken connection: the object never ends. */
async function sendData({ response, signal }: Job, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
  response.write('{"Data":"');
  await send(response, encodeBase64(pieces), signal);
  response.end('","Err":""}\n');
}

async function takeItem(job: Job, kind: ResourceKind): Promise<void> {
  const scanner = new DataScanner();
  const id = () => {
    const fields = scanned(() => scanner.end());
    if (typeof fieldOf(fields, 'data') !== 'string') throw malformed('no data');
    return idOf(fieldOf(fields, 'mac'));
  };
  const body = async function* () {
    for await (const piece of job.request as AsyncIterable<Uint8Array>) yield* scanned(() => scanner.push(piece));
  };
  await takeUpload(job, kind, { body: body(), id });
  sendFields(job, { Err: '' });
}

async function removeItem(job: Job, { kind, id }: Item): Promise<void> {
  const store = writableOf(job.served);
  expectDelete(job.served, kind);
  await store.remove(kind, id, { signal: job.signal });
  sendFields(job, { Err: '' });
}

function sendFields({ response }: Job, fields: Fields, status = 200): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${JSON.stringify(fields)}\n`);
}

function parseFields(body: Buffer): Fields {
  if (body.length === 0) throw malformed('EOF');
  const value: unknown = scanned(() => JSON.parse(body.toString('utf8')));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('not a JSON object');
  return value as Fields;
}

/** Plakar's programs take names of fields without regard to case. */
function fieldOf(fields: Fields, name: string): unknown {
  return Object.entries(fields).find(([key]) => key.toLowerCase() === name)?.[1];
}

function numberOf(fields: Fields, name: string, limit: number): number {
  const value = fieldOf(fields, name) ?? 0;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > limit) throw malformed(`invalid ${name}`);
  return value;
}

function scanned<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof SyntaxError) throw malformed(`unreadable JSON: ${error.message.slice(0, 100)}`);
    throw error;
  }
}
