import type { ForeignFile, ReadOptions, ResourceKind, WriteOptions } from '@wardrobe/store-connector';
import { InvalidInputError, StoreError } from '@wardrobe/store-connector';

import { Base64Decoder, base64LengthBytes, encodeBase64 } from './base64.js';
import { collect, foreignFiles, isRecord, LIST_LIMIT_BYTES, namedItems, parseAnswer } from './collect.js';
import { DataScanner } from './data-scanner.js';
import { textError } from './failures.js';
import type { Answer, Body, Exchange, HttpLine } from './line.js';
import type { ItemName, NamedItem, Protocol } from './protocol.js';
import { collectPart } from './resource-protocol.js';
import { FOLDER } from './words.js';

type Fields = Readonly<Record<string, unknown>>;
const ANSWER_LIMIT_BYTES = 4 << 20;
const MAX_RANGE_BYTES = 0xffffffff;

/** The JSON protocol of plakar 1.0.x: a JSON body with each request, GET too, and an `Err` in each answer. @source 04-remote-stores 6 */
export class JsonProtocol implements Protocol {
  readonly line = '1.0';
  readonly #line: HttpLine;

  constructor(line: HttpLine) {
    this.#line = line;
  }

  async config({ signal }: ReadOptions): Promise<Uint8Array> {
    const fields = await this.#fields({ method: 'GET', path: '/', body: jsonBody({ Repository: '' }), what: 'CONFIG', signal });
    const { Configuration: text } = fields;
    if (typeof text !== 'string') throw new StoreError(`${this.#line.location} answers without a configuration: is it a store server?`, { fault: 'server' });
    return decodeWhole(text, { location: this.#line.location, what: 'CONFIG' });
  }

  async create(config: Uint8Array, { signal }: WriteOptions): Promise<void> {
    const body = jsonBody({ Configuration: Buffer.from(config).toString('base64') });
    const answer = await this.#line.ask({ method: 'PUT', path: '/', body, what: 'the new store', signal });
    const text = (await collect(answer.body, { what: 'answer', bytes: ANSWER_LIMIT_BYTES })).toString('utf8').trim();
    if (answer.status === 409) throw new InvalidInputError(text);
    if (answer.status !== 200)
      throw new InvalidInputError(`${this.#line.location} makes no stores: make it on the machine where it is to lie, then start the server there`);
    this.#expectNoError(JSON.parse(text) as Fields, 'the new store');
  }

  async list(kind: ResourceKind, { signal }: ReadOptions): Promise<readonly NamedItem[]> {
    const what = `the list of ${FOLDER[kind]}`;
    const at = { location: this.#line.location, what };
    const fields = await this.#fields({ method: 'GET', path: `/${FOLDER[kind]}`, body: jsonBody({ Sizes: true }), what, signal });
    return namedItems(fields['Items'] ?? (kind === 'lock' ? fields['Locks'] : fields['MACs']) ?? null, at);
  }

  async foreign({ signal }: ReadOptions): Promise<readonly ForeignFile[]> {
    const fields = await this.#fields({ method: 'GET', path: '/foreign', body: jsonBody({}), what: 'the list of foreign files', signal });
    return foreignFiles(fields['Files']);
  }

  async size(item: ItemName, { signal }: ReadOptions): Promise<number | null> {
    const body = jsonBody({ ...named(item), Sizes: true });
    // Servers of plakar answer this with CONFIG, as they do on all paths that they do not know.
    const fields = await this.#fields({ method: 'GET', path: `/${item.kind}/size`, body, what: `${item.kind} ${item.id}`, signal });
    const { Size: size } = fields;
    return typeof size === 'number' && Number.isSafeInteger(size) && size >= 0 ? size : null;
  }

  whole(item: ItemName, { signal }: ReadOptions): AsyncGenerator<Uint8Array> {
    return this.#data({ method: 'GET', path: `/${item.kind}`, body: jsonBody(named(item)), what: `${item.kind} ${item.id}`, signal });
  }

  async part(item: ItemName, { offset, lengthBytes }: { readonly offset: number; readonly lengthBytes: number }, { signal }: ReadOptions): Promise<Uint8Array> {
    const what = `${item.kind} ${item.id}`;
    if (lengthBytes > MAX_RANGE_BYTES) throw new StoreError(`${what}: ranges over HTTP end at ${MAX_RANGE_BYTES} bytes, ${lengthBytes} were asked for`);
    const body = jsonBody({ ...named(item), Offset: offset, Length: lengthBytes });
    const pieces = this.#data({ method: 'GET', path: '/packfile/blob', body, what, signal });
    return collectPart(pieces, lengthBytes, () => {
      throw new StoreError(`${this.#line.location} gives more than the ${lengthBytes} bytes of ${what} that were asked for`, { fault: 'server' });
    });
  }

  async put(item: ItemName, body: Body, { signal }: WriteOptions): Promise<void> {
    await this.#fields({ method: 'PUT', path: `/${item.kind}`, body: dataBody(named(item), body), what: `${item.kind} ${item.id}`, signal });
  }

  async remove(item: ItemName, { signal }: WriteOptions): Promise<void> {
    await this.#fields({ method: 'DELETE', path: `/${item.kind}`, body: jsonBody(named(item)), what: `the removal of ${item.kind} ${item.id}`, signal });
  }

  /** A small answer, its `Err` looked at. */
  async #fields(exchange: Exchange): Promise<Fields> {
    const answer = await this.#line.expect(exchange);
    const value = parseAnswer(await collect(answer.body, { what: exchange.what, bytes: LIST_LIMIT_BYTES }), {
      location: this.#line.location,
      what: exchange.what,
    });
    if (!isRecord(value)) throw new StoreError(`${this.#line.location} answers with no object where ${exchange.what} was asked for`, { fault: 'server' });
    this.#expectNoError(value, exchange.what);
    return value;
  }

  /** The decoded `Data` of an answer as it comes. What the answer says behind it (`Err`) is heard before the last piece counts: the stream fails then. */
  async *#data(exchange: Exchange): AsyncGenerator<Uint8Array> {
    const { location } = this.#line;
    const answer: Answer = await this.#line.expect(exchange);
    const scanner = new DataScanner();
    let fields: Fields;
    try {
      for await (const piece of answer.body) yield* scanner.push(piece);
      fields = scanner.end();
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new StoreError(`${location} answers with something that cannot be read where ${exchange.what} was asked for (${error.message})`, {
        cause: error,
        retryable: true,
        fault: 'line',
      });
    }
    this.#expectNoError(fields, exchange.what);
    if (typeof fields['Data'] !== 'string') throw new StoreError(`${location} gives no data where ${exchange.what} was asked for`, { fault: 'server' });
  }

  #expectNoError({ Err: text }: Fields, what: string): void {
    if (typeof text !== 'string' || text === '') return;
    throw textError(text, { location: this.#line.location, what });
  }
}

/** Ids of locks stand in `Mac`, all others in `MAC`. */
export function named({ kind, id }: ItemName): Fields {
  return kind === 'lock' ? { Mac: id } : { MAC: id };
}

function jsonBody(fields: Fields): Body {
  const bytes = Buffer.from(JSON.stringify(fields));
  return { lengthBytes: bytes.length, pieces: () => [bytes] };
}

/** The item inside of its JSON, encoded as it is sent. */
function dataBody(fields: Fields, data: Body): Body {
  const head = Buffer.from(`${JSON.stringify(fields).slice(0, -1)},"Data":"`);
  const tail = Buffer.from('"}');
  return {
    lengthBytes: head.length + base64LengthBytes(data.lengthBytes) + tail.length,
    async *pieces() {
      yield head;
      yield* encodeBase64(data.pieces());
      yield tail;
    },
  };
}

function decodeWhole(text: string, at: { readonly location: string; readonly what: string }): Uint8Array {
  try {
    const decoder = new Base64Decoder();
    const bytes = decoder.push(text);
    decoder.end();
    return new Uint8Array(bytes);
  } catch (cause) {
    throw new StoreError(`${at.location} gives ${at.what} in a form that cannot be read`, { cause, fault: 'server' });
  }
}
