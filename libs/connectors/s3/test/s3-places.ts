import { createHash, createHmac } from 'node:crypto';
import { request } from 'node:http';
import type { ConnectorHost, WritableStore } from '@wardrobe/store-connector';
import { parseStoreLocation } from '@wardrobe/store-connector';
import type { S3Server, SeenRequest } from '@wardrobe/testing';
import type { S3Tuning } from '../src/line.js';
import { s3Store } from '../src/s3-store.js';
import { readSettings } from '../src/settings.js';

export const TEST_HOST: ConnectorHost = { environment: {}, home: '/nonexistent', temporaryFolder: '/tmp' };

/** Bounded waits that a test can sit through. */
export const FAST: Partial<S3Tuning> = { stallMs: 400, patienceMs: 3_000, firstPatienceMs: 1_500, baseDelayMs: 5, maxDelayMs: 50 };

/** For lines that fail now and then and are expected to be outlasted. */
export const PASSING_LINE: Partial<S3Tuning> = { stallMs: 3_000, baseDelayMs: 5, maxDelayMs: 50 };

export type OpenOptions = { readonly options?: Readonly<Record<string, string>>; readonly tuning?: Partial<S3Tuning>; readonly host?: Partial<ConnectorHost> };

/** Keys and plain HTTP for a server of the tests. */
export function keysOf(server: Pick<S3Server, 'accessKey' | 'secretKey'>): Readonly<Record<string, string>> {
  return { access_key: server.accessKey, secret_access_key: server.secretKey, use_tls: 'false' };
}

export function openAt(location: string, { options = {}, tuning = {}, host = {} }: OpenOptions = {}): WritableStore {
  return s3Store(readSettings({ location: parseStoreLocation(location), options, host: { ...TEST_HOST, ...host } }), tuning);
}

/** Puts and looks at objects without the connector: requests signed by hand, so that tests do not prove the connector with itself. */
export class RawBucket {
  constructor(
    readonly server: Pick<S3Server, 'host' | 'port' | 'accessKey' | 'secretKey'>,
    readonly bucket: string,
  ) {}

  async make(): Promise<void> {
    await this.#mustSend('PUT', `/${this.bucket}`, new Uint8Array(0));
  }

  async put(key: string, bytes: Uint8Array | string): Promise<void> {
    await this.#mustSend('PUT', this.#path(key), Buffer.from(bytes as Uint8Array));
  }

  /** Null when it is not there. */
  async get(key: string): Promise<Buffer | null> {
    const { status, body } = await this.#send('GET', this.#path(key), new Uint8Array(0));
    if (status === 404) return null;
    if (status !== 200) throw new Error(`GET ${key}: HTTP ${status} ${body}`);
    return body;
  }

  async remove(key: string): Promise<void> {
    await this.#mustSend('DELETE', this.#path(key), new Uint8Array(0));
  }

  /** Uploads in parts that were neither completed nor abandoned. */
  async unfinished(): Promise<number> {
    const { body } = await this.#send('GET', `/${this.bucket}`, new Uint8Array(0), 'uploads=');
    return body.toString().split('<Upload>').length - 1;
  }

  #path(key: string): string {
    return `/${this.bucket}/${key.split('/').map(encode).join('/')}`;
  }

  async #mustSend(method: string, path: string, body: Uint8Array): Promise<void> {
    const { status, body: answer } = await this.#send(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path}: HTTP ${status} ${answer}`);
  }

  #send(method: string, path: string, body: Uint8Array, query = ''): Promise<{ status: number; body: Buffer }> {
    const { host, port, accessKey, secretKey } = this.server;
    const date = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '');
    const headers: Record<string, string> = { host: `${host}:${port}`, 'x-amz-content-sha256': sha256(body), 'x-amz-date': date };
    const names = Object.keys(headers).sort();
    const canonical = [method, path, query, ...names.map((name) => `${name}:${headers[name]}`), '', names.join(';'), sha256(body)].join('\n');
    const scope = `${date.slice(0, 8)}/us-east-1/s3/aws4_request`;
    const signature = signed(secretKey, scope, ['AWS4-HMAC-SHA256', date, scope, sha256(Buffer.from(canonical))].join('\n'));
    headers['authorization'] = `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
    headers['content-length'] = String(body.length);
    return new Promise((resolve, reject) => {
      const outgoing = request({ host, port, method, path: query === '' ? path : `${path}?${query}`, headers, agent: false }, (incoming) => {
        const pieces: Buffer[] = [];
        incoming.on('data', (piece: Buffer) => pieces.push(piece));
        incoming.on('error', reject);
        incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(pieces) }));
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }
}

export function signatureIn({ headers }: SeenRequest): string | undefined {
  return /Signature=([0-9a-f]{64})$/.exec(headers.authorization ?? '')?.[1];
}

/** Signature of version 4 that a server computes for a request as it arrived. */
export function signatureFor({ method, url, headers }: SeenRequest, secretKey: string): string {
  const [path = '', query = ''] = url.split('?');
  const found = /Credential=[^/]+\/([^,]+), SignedHeaders=([^,]+),/.exec(headers.authorization ?? '');
  const [scope = '', names = ''] = [found?.[1], found?.[2]];
  const parameters = query === '' ? [] : query.split('&').map((part) => (part.includes('=') ? part : `${part}=`));
  const lines = names.split(';').map((header) => `${header}:${String(headers[header]).trim()}`);
  const canonical = [method, path, parameters.sort().join('&'), ...lines, '', names, String(headers['x-amz-content-sha256'])].join('\n');
  return signed(secretKey, scope, ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(Buffer.from(canonical))].join('\n'));
}

function signed(secretKey: string, scope: string, text: string): string {
  const key = scope.split('/').reduce<Buffer>((secret, part) => hmac(secret, part), Buffer.from(`AWS4${secretKey}`));
  return hmac(key, text).toString('hex');
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
