import type { Readable } from 'node:stream';
import type { Attempt } from './attempt.js';
import { type Answer, carryOut, type Transport } from './handler.js';
import type { ServerClock } from './server-clock.js';
import { type Headers, type Keys, sha256, signedHeaders, UNSIGNED_BODY } from './signature.js';
import { UploadBody } from './source.js';
import { encodeUri, type Query, queryText } from './uri.js';
import { childText, parseXml, type XmlElement, XmlError } from './xml.js';

/** A request before it is addressed and signed. No `key`: it is about the bucket. */
export type S3Request = {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly bucket: string;
  readonly key?: string;
  readonly query?: Query;
  readonly headers?: Headers;
  readonly body?: Uint8Array | UploadBody;
};

export type S3ClientInput = {
  /** Protocol, host and port. */
  readonly endpoint: string;
  readonly region: string;
  /** The bucket stands in the host name, if it can. */
  readonly hostStyle: boolean;
  readonly keys: () => Promise<Keys>;
  readonly clock: ServerClock;
  readonly transport: Transport;
};

/** An answer that is not the one asked for: a refusal, or one that says nothing (status below 300). `code` and `region` are the server's words. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError';
  constructor(
    readonly status: number,
    readonly headers: Headers,
    readonly words: { readonly code: string; readonly message: string; readonly region: string | null },
  ) {
    super(words.message);
  }
}

/** Most that is read of a listing: a thousand keys of the longest kind take a third. */
const DOCUMENT_LIMIT_BYTES = 16 << 20;
const REFUSAL_LIMIT_BYTES = 64 << 10;
/** A refusal that came after the server had begun to answer. @source Amazon S3 API reference, CompleteMultipartUpload */
const LATE_REFUSAL = 503;
const SPEAKER = { 'user-agent': 'wardrobe' };

/** Sends single requests to an S3 server: no retries, no redirects. */
export class S3Client {
  readonly #endpoint: URL;

  constructor(readonly input: S3ClientInput) {
    this.#endpoint = new URL(input.endpoint);
  }

  get region(): string {
    return this.input.region;
  }

  /** The answer, whose body is still to be read. @throws AnswerError the server refused */
  async open(request: S3Request, attempt: Attempt): Promise<Answer> {
    const { region, keys, clock, transport } = this.input;
    const { method, body } = request;
    const { hostname, path } = this.addressOf(request);
    const { port } = this.#endpoint;
    const query = queryText(request.query);
    const bodyHash = body instanceof UploadBody ? UNSIGNED_BODY : sha256(body ?? '');
    const named = { ...request.headers, host: port === '' ? hostname : `${hostname}:${port}` };
    const signer = await keys();
    const headers = { ...signedHeaders({ method, path, query, headers: named, bodyHash }, signer, { region, now: clock.now() }), ...SPEAKER };
    const target = query === '' ? path : `${path}?${query}`;
    const answer = await carryOut(transport, { method, hostname, port: port === '' ? null : Number(port), target, headers, body: body ?? null }, attempt);
    clock.learn(answer.headers['date']);
    if (answer.status >= 300) throw await refusalOf(answer);
    return answer;
  }

  /** For answers without a body that matters. */
  async send(request: S3Request, attempt: Attempt): Promise<Headers> {
    const { headers, body } = await this.open(request, attempt);
    await readText(body, DOCUMENT_LIMIT_BYTES);
    return headers;
  }

  /** The document of an answer. @throws AnswerError there is none, or it is a refusal */
  async ask(request: S3Request, attempt: Attempt): Promise<XmlElement> {
    const { status, headers, body } = await this.open(request, attempt);
    const text = await readText(body, DOCUMENT_LIMIT_BYTES);
    if (text === null) throw new AnswerError(status, headers, { code: 'AnswerTooLarge', message: '', region: null });
    if (text.trim() === '') throw new AnswerError(LATE_REFUSAL, headers, { code: 'EmptyAnswer', message: '', region: null });
    const document = documentIn(text);
    if (document === null) throw new AnswerError(status, headers, { code: 'NoXml', message: '', region: null });
    if (document.name === 'Error') throw new AnswerError(LATE_REFUSAL, headers, wordsIn(document));
    return document;
  }

  addressOf({ bucket, key }: Pick<S3Request, 'bucket' | 'key'>): { readonly hostname: string; readonly path: string } {
    const { hostname, protocol } = this.#endpoint;
    const object = `/${(key ?? '').split('/').map(encodeUri).join('/')}`;
    if (this.input.hostStyle && canBeInHostName(bucket, protocol === 'https:')) return { hostname: `${bucket}.${hostname}`, path: object };
    return { hostname, path: `/${encodeUri(bucket)}${object}` };
  }
}

/** A certificate for `*.host` covers no name with a dot more. */
function canBeInHostName(bucket: string, tls: boolean): boolean {
  if (!/^[a-z0-9.-]{3,63}$/.test(bucket) || /^\d+(\.\d+){3}$/.test(bucket)) return false;
  return bucket.split('.').every((label) => /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(label)) && !(tls && bucket.includes('.'));
}

/** Answers to HEAD have no words. */
async function refusalOf({ status, headers, body }: Answer): Promise<AnswerError> {
  const text = (await readText(body, REFUSAL_LIMIT_BYTES)) ?? '';
  const document = documentIn(text);
  const words = document === null ? { code: '', message: '', region: null } : wordsIn(document);
  return new AnswerError(status, headers, { ...words, code: words.code || (status === 404 ? 'NotFound' : 'Unknown') });
}

/** Some servers put the refusal into an envelope. */
function wordsIn(document: XmlElement): AnswerError['words'] {
  const error = document.children.find(({ name }) => name === 'Error') ?? document;
  const text = (name: string) => (childText(error, name) ?? '').trim();
  return { code: text('Code'), message: text('Message'), region: text('Region') || null };
}

function documentIn(text: string): XmlElement | null {
  try {
    return parseXml(text);
  } catch (error) {
    if (error instanceof XmlError) return null;
    throw error;
  }
}

/** Null when there is more than `limitBytes`; the connection is then ended. */
async function readText(body: Readable, limitBytes: number): Promise<string | null> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of body) {
    pieces.push(piece as Buffer);
    sizeBytes += (piece as Buffer).length;
    if (sizeBytes > limitBytes) return null;
  }
  return Buffer.concat(pieces).toString('utf8');
}
