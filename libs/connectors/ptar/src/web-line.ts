import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import {
  allowedLookup,
  boundConnecting,
  type ConnectorHost,
  expectAllowedAddress,
  KlosetError,
  type LineFigures,
  onAbort,
  StoreError,
  type StoreFault,
} from '@wardrobe/store-connector';
import type { Abortable } from './archive-file.js';

export type WebAnswer = {
  readonly status: number;
  header(name: string): string | null;
  discard(): void;
  /** The body, as far as `limitBytes`. @throws StoreError it is longer, or broke off */
  bytes(limitBytes: number): Promise<Uint8Array>;
};

type Settings = { readonly shown: string; readonly stallMs: number; readonly host: Pick<ConnectorHost, 'allowsAddress' | 'connectMs'> };
type Range = { readonly first: number; readonly last: number };

const MAX_REDIRECTIONS = 5;
const MAX_SOCKETS = 8;

class StalledError extends Error {}

/** Requests for one file, one try each. Redirections are followed, never from https to http. */
export class WebLine {
  readonly #url: URL;
  readonly #settings: Settings;
  readonly #agents: { readonly http: HttpAgent; readonly https: HttpsAgent };
  #requests = 0;
  #retries = 0;
  #bytesRead = 0;
  #answers = 0;
  #waitedMs = 0;

  constructor(url: URL, settings: Settings) {
    this.#url = url;
    this.#settings = settings;
    const lookup = allowedLookup(settings.host);
    const common = { keepAlive: true, maxSockets: MAX_SOCKETS, ...(lookup === undefined ? {} : { lookup }) };
    this.#agents = { http: new HttpAgent(common), https: new HttpsAgent(common) };
  }

  figures(): LineFigures {
    const meanLatencyMs = this.#answers === 0 ? null : this.#waitedMs / this.#answers;
    return { requests: this.#requests, retries: this.#retries, bytesRead: this.#bytesRead, bytesWritten: 0, meanLatencyMs };
  }

  countRetry(): void {
    this.#retries += 1;
  }

  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  async ask(method: 'HEAD' | 'GET', range: Range | null, { signal }: Abortable): Promise<WebAnswer> {
    try {
      let url = this.#url;
      for (let followed = 0; ; followed += 1) {
        const response = await this.#send(url, { method, range, signal });
        const target = redirection(response, url);
        if (target === null) return this.#answer(response, signal);
        response.destroy();
        if (followed >= MAX_REDIRECTIONS) throw new StoreError(`${this.#settings.shown} leads from one place to the next without end`, { fault: 'server' });
        if (url.protocol === 'https:' && target.protocol !== 'https:')
          throw new StoreError(`${this.#settings.shown} leads to a place that is not encrypted`, { fault: 'trust' });
        url = target;
      }
    } catch (error) {
      signal?.throwIfAborted();
      throw this.#explained(error);
    }
  }

  #send(url: URL, exchange: { readonly method: string; readonly range: Range | null; readonly signal: AbortSignal | undefined }): Promise<IncomingMessage> {
    const { method, range, signal } = exchange;
    const isSecure = url.protocol === 'https:';
    const { host } = this.#settings;
    expectAllowedAddress(host, url.hostname);
    this.#requests += 1;
    const started = performance.now();
    return new Promise((resolve, reject) => {
      const headers = { 'user-agent': 'wardrobe', ...(range === null ? {} : { range: `bytes=${range.first}-${range.last}` }) };
      const agent = isSecure ? this.#agents.https : this.#agents.http;
      const sent = (isSecure ? requestHttps : requestHttp)(url, { method, headers, agent });
      boundConnecting(sent, host.connectMs, () => new StalledError());
      sent.on(
        'close',
        onAbort(signal, () => sent.destroy(new Error('stopped'))),
      );
      const timer = setTimeout(() => sent.destroy(new StalledError()), this.#settings.stallMs);
      sent.on('close', () => clearTimeout(timer));
      sent.on('error', reject);
      sent.on('response', (response) => {
        clearTimeout(timer);
        this.#answers += 1;
        this.#waitedMs += performance.now() - started;
        resolve(response);
      });
      sent.end();
    });
  }

  #answer(response: IncomingMessage, signal: AbortSignal | undefined): WebAnswer {
    return {
      status: response.statusCode ?? 0,
      header: (name) => {
        const found = response.headers[name];
        return Array.isArray(found) ? (found[0] ?? null) : (found ?? null);
      },
      discard: () => {
        response.destroy();
      },
      bytes: async (limitBytes) => {
        try {
          return await this.#collect(response, limitBytes);
        } catch (error) {
          signal?.throwIfAborted();
          throw this.#explained(error);
        }
      },
    };
  }

  async #collect(response: IncomingMessage, limitBytes: number): Promise<Uint8Array> {
    const pieces: Buffer[] = [];
    let length = 0;
    const timer = setTimeout(() => response.destroy(new StalledError()), this.#settings.stallMs);
    try {
      for await (const piece of response) {
        timer.refresh();
        length += (piece as Buffer).length;
        this.#bytesRead += (piece as Buffer).length;
        if (length > limitBytes) throw new StoreError(`${this.#settings.shown} gives more than was asked for`, { fault: 'server' });
        pieces.push(piece as Buffer);
      }
    } finally {
      clearTimeout(timer);
    }
    return new Uint8Array(Buffer.concat(pieces, length));
  }

  #explained(error: unknown): unknown {
    if (error instanceof KlosetError) return error;
    const { shown } = this.#settings;
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const failure = (words: string, fault: StoreFault, retryable: boolean) => new StoreError(`${shown}: ${words}`, { cause: error, fault, retryable });
    if (error instanceof StalledError || code === 'ETIMEDOUT') return failure('the server sends nothing', 'timeout', true);
    if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return failure(`the name of the host has no address (${code})`, 'name', code === 'EAI_AGAIN');
    if (/^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN)$/.test(code)) return failure(`the host cannot be reached (${code})`, 'route', true);
    if (/^(CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL|EPROTO)/.test(code))
      return failure(`its certificate is not to be trusted (${code})`, 'trust', false);
    if (code === '' && !(error instanceof Error && /aborted|hang up/.test(error.message))) return error;
    return failure(`the line broke (${code})`, 'line', true);
  }
}

function redirection(response: IncomingMessage, from: URL): URL | null {
  const { statusCode = 0, headers } = response;
  if (![301, 302, 303, 307, 308].includes(statusCode) || headers.location === undefined || !URL.canParse(headers.location, from.href)) return null;
  const target = new URL(headers.location, from);
  return target.protocol === 'http:' || target.protocol === 'https:' ? target : null;
}
