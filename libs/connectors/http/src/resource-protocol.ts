import type { ForeignFile, ReadOptions, ResourceKind, WriteOptions } from '@wardrobe/store-connector';
import { InvalidInputError, StoreError } from '@wardrobe/store-connector';
import { CONFIG_LIMIT_BYTES, collect, foreignFiles, LIST_LIMIT_BYTES, namedItems, parseAnswer } from './collect.js';
import { answerError, MissingError } from './failures.js';
import type { Body, HttpLine } from './line.js';
import type { ItemName, NamedItem, Protocol } from './protocol.js';
import { FOLDER, ITEMS_TYPE } from './words.js';

/** Lengths are 32-bit on plakar's side. */
const MAX_RANGE_BYTES = 0xffffffff;

/** The resource protocol of plakar 1.1.x: wrapped files as bodies, ranges whose second number is the exclusive end. @source 04-remote-stores 5 */
export class ResourceProtocol implements Protocol {
  readonly line = '1.1';
  readonly #line: HttpLine;

  constructor(line: HttpLine) {
    this.#line = line;
  }

  async config({ signal }: ReadOptions): Promise<Uint8Array> {
    const answer = await this.#line.expect({ method: 'GET', path: '/', what: 'CONFIG', signal });
    return new Uint8Array(await collect(answer.body, { what: 'CONFIG', bytes: CONFIG_LIMIT_BYTES }));
  }

  async create(config: Uint8Array, { signal }: WriteOptions): Promise<void> {
    const answer = await this.#line.ask({
      method: 'PUT',
      path: '/',
      body: { lengthBytes: config.length, pieces: () => [config] },
      what: 'the new store',
      signal,
    });
    const text = (await collect(answer.body, { what: 'answer', bytes: CONFIG_LIMIT_BYTES })).toString('utf8').trim();
    if (answer.status === 200) return;
    if (answer.status === 409) throw new InvalidInputError(text);
    if (answer.status === 405 || answer.status === 404)
      throw new InvalidInputError(`${this.#line.location} makes no stores: make it on the machine where it is to lie, then start the server there`);
    throw answerError({ status: answer.status, text, retryAfter: null }, { location: this.#line.location, what: 'the new store' });
  }

  async list(kind: ResourceKind, { signal }: ReadOptions): Promise<readonly NamedItem[]> {
    const what = `the list of ${FOLDER[kind]}`;
    const accept = { accept: `${ITEMS_TYPE}, application/json` };
    const answer = await this.#line.expect({ method: 'GET', path: `/resources/${FOLDER[kind]}`, headers: accept, what, signal });
    const at = { location: this.#line.location, what };
    return namedItems(parseAnswer(await collect(answer.body, { what, bytes: LIST_LIMIT_BYTES }), at), at);
  }

  async foreign({ signal }: ReadOptions): Promise<readonly ForeignFile[]> {
    const what = 'the list of foreign files';
    const answer = await this.#line.ask({ method: 'GET', path: '/resources/foreign', headers: { accept: ITEMS_TYPE }, what, signal });
    if (answer.status !== 200 || answer.header('content-type') !== ITEMS_TYPE) {
      answer.discard();
      return [];
    }
    return foreignFiles(parseAnswer(await collect(answer.body, { what, bytes: LIST_LIMIT_BYTES }), { location: this.#line.location, what }));
  }

  async size(item: ItemName, { signal }: ReadOptions): Promise<number | null> {
    const what = `${item.kind} ${item.id}`;
    const answer = await this.#line.ask({ method: 'HEAD', path: pathOf(item), what, signal });
    answer.discard();
    // A refusal has no text here: what it means is found out by the reading that follows.
    if (answer.status !== 200 && answer.status !== 404) return null;
    if (answer.status === 404) throw new MissingError(what);
    const length = answer.header('content-length');
    return length === null || !/^\d{1,15}$/.test(length) ? null : Number(length);
  }

  async *whole(item: ItemName, { signal }: ReadOptions): AsyncGenerator<Uint8Array> {
    const answer = await this.#line.expect({ method: 'GET', path: pathOf(item), what: `${item.kind} ${item.id}`, signal });
    yield* answer.body;
  }

  async part(item: ItemName, { offset, lengthBytes }: { readonly offset: number; readonly lengthBytes: number }, { signal }: ReadOptions): Promise<Uint8Array> {
    const what = `${item.kind} ${item.id}`;
    if (lengthBytes > MAX_RANGE_BYTES) throw new StoreError(`${what}: ranges over HTTP end at ${MAX_RANGE_BYTES} bytes, ${lengthBytes} were asked for`);
    const headers = { range: `bytes=${offset}-${offset + lengthBytes}` };
    const answer = await this.#line.expect({ method: 'GET', path: pathOf(item), headers, what, signal });
    return collectPart(answer.body, lengthBytes, () => {
      throw new StoreError(
        `${this.#line.location} gives more than the ${lengthBytes} bytes of ${what} that were asked for: something on the way drops ranges`,
        {
          fault: 'server',
        },
      );
    });
  }

  async put(item: ItemName, body: Body, { signal }: WriteOptions): Promise<void> {
    const headers = { 'content-type': 'application/octet-stream' };
    const answer = await this.#line.expect({ method: 'PUT', path: pathOf(item), headers, body, what: `${item.kind} ${item.id}`, signal });
    await collect(answer.body, { what: 'answer', bytes: CONFIG_LIMIT_BYTES });
  }

  async remove(item: ItemName, { signal }: WriteOptions): Promise<void> {
    const answer = await this.#line.expect({ method: 'DELETE', path: pathOf(item), what: `the removal of ${item.kind} ${item.id}`, signal });
    await collect(answer.body, { what: 'answer', bytes: CONFIG_LIMIT_BYTES });
  }
}

function pathOf({ kind, id }: ItemName): string {
  return `/resources/${FOLDER[kind]}/${id}`;
}

/** Grows with what comes, never with what was promised. */
export async function collectPart(body: AsyncIterable<Uint8Array>, lengthBytes: number, onExcess: () => never): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let had = 0;
  for await (const piece of body) {
    had += piece.length;
    if (had > lengthBytes) onExcess();
    pieces.push(piece);
  }
  return new Uint8Array(Buffer.concat(pieces, had));
}
