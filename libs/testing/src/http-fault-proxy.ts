import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders, request as httpRequest, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LineTarget } from './fault-proxy.js';

type Answer = { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string };

/** What happens to one request. `bytes`: of the body's beginning that still come, by default half. */
export type HttpFault =
  /** Answered by the proxy; the server never sees it. For 429 and 503 with `retry-after`. */
  | ({ readonly kind: 'answer' } & Answer)
  /** Carried out by the server, whose answer is thrown away for this one. */
  | ({ readonly kind: 'answer-after' } & Answer)
  /** The connection breaks before the server sees the request, or after it carried it out. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'reset-after' }
  /** No answer ever comes; the server never sees it. */
  | { readonly kind: 'stalled' }
  /** The body stops in the middle and the connection stays. */
  | { readonly kind: 'stalled-body'; readonly bytes?: number }
  /** The connection ends before the promised length. */
  | { readonly kind: 'short-body'; readonly bytes?: number }
  /** The body is shorter and so is its promised length. */
  | { readonly kind: 'cut-body'; readonly bytes?: number }
  /** One bit is flipped. */
  | { readonly kind: 'corrupt-body'; readonly at?: number }
  /** The answer to a range says that it is another one: `shift` bytes further, by default one. */
  | { readonly kind: 'wrong-range'; readonly shift?: number }
  /** The answer to a range is marked as the whole item (200). */
  | { readonly kind: 'range-as-whole' }
  /** The answer that `remember` kept for the same method and URL; passes on when there is none. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'rewrite'; rewrite(body: Buffer): Buffer | string }
  /** The server gets the request twice, one after the other; the second answer counts. */
  | { readonly kind: 'twice' };

export type SeenRequest = { readonly method: string; readonly url: string; readonly headers: IncomingHttpHeaders };

export type HttpFaultRule = {
  readonly fault: HttpFault;
  /** By default every request. */
  match?(request: SeenRequest): boolean;
  /** How many requests, by default one. */
  readonly times?: number;
};

export type HttpFaultProxy = {
  readonly host: string;
  readonly port: number;
  /** Every request since the start or the last `clear`, in order of arrival. */
  readonly seen: readonly SeenRequest[];
  /** Rules are asked in the order in which they were added; the first that fits counts. */
  fault(rule: HttpFaultRule): void;
  /** Keeps the first answer to each fitting request from now on, for `stale`. */
  remember(match: (request: SeenRequest) => boolean): void;
  /** Forgets rules, remembered answers and seen requests. */
  clear(): void;
  /** Ends every open connection. */
  close(): Promise<void>;
};

type Carried = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: Buffer };
type Exchange = { readonly seen: SeenRequest; readonly incoming: IncomingMessage; readonly outgoing: ServerResponse };

const HOST = '127.0.0.1';
const PER_CONNECTION = new Set(['connection', 'keep-alive', 'transfer-encoding', 'expect']);

/**
 * An HTTP proxy on this machine in front of `target` that spoils chosen exchanges. Everything else streams through untouched, the `Host` header included,
 * so that signed requests stay valid. Spoiled answers are held in memory: for tests, not for benches. With `wholeRequests` the server sees only requests
 * that have arrived whole, for servers that take a broken upload for a short one.
 */
export async function httpFaultProxy(target: LineTarget, options: { readonly wholeRequests?: boolean } = {}): Promise<HttpFaultProxy> {
  const proxy = new SpoilingProxy(target, options.wholeRequests === true);
  const server = createServer((incoming, outgoing) => {
    proxy.handle(incoming, outgoing).catch(() => outgoing.socket?.resetAndDestroy());
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, HOST);
  await once(server, 'listening');
  return {
    host: HOST,
    port: (server.address() as AddressInfo).port,
    get seen() {
      return proxy.seen;
    },
    fault: (rule) => proxy.rules.push({ ...rule, left: rule.times ?? 1 }),
    remember: (match) => {
      proxy.remembers = match;
    },
    clear: () => proxy.clear(),
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

class SpoilingProxy {
  rules: (HttpFaultRule & { left: number })[] = [];
  seen: SeenRequest[] = [];
  remembers: ((request: SeenRequest) => boolean) | null = null;
  readonly #remembered = new Map<string, Carried>();

  constructor(
    readonly target: LineTarget,
    readonly wholeRequests: boolean,
  ) {}

  clear(): void {
    this.rules = [];
    this.seen = [];
    this.remembers = null;
    this.#remembered.clear();
  }

  async handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const seen = { method: incoming.method ?? 'GET', url: incoming.url ?? '/', headers: incoming.headers };
    this.seen.push(seen);
    const exchange = { seen, incoming, outgoing };
    const rule = this.rules.find((one) => one.left > 0 && (one.match?.(seen) ?? true));
    if (rule !== undefined) {
      rule.left -= 1;
      return await this.#spoil(exchange, rule.fault);
    }
    if (this.remembers?.(seen) === true) {
      const carried = await this.#carry(seen, await bodyOf(incoming));
      const key = `${seen.method} ${seen.url}`;
      if (!this.#remembered.has(key)) this.#remembered.set(key, carried);
      return give(outgoing, carried);
    }
    await this.#passOn(exchange);
  }

  /** Streams both ways. */
  async #passOn({ seen, incoming, outgoing }: Exchange): Promise<void> {
    const whole = this.wholeRequests ? await bodyOf(incoming) : null;
    const upstream = httpRequest(this.#requestOptions(seen));
    if (whole === null) {
      outgoing.once('close', () => upstream.destroy());
      incoming.pipe(upstream);
    } else upstream.end(whole);
    const [answer] = (await once(upstream, 'response')) as [IncomingMessage];
    answer.once('error', () => outgoing.socket?.resetAndDestroy());
    outgoing.writeHead(answer.statusCode ?? 502, passedHeaders(answer.headers));
    answer.pipe(outgoing);
    await once(outgoing, 'close');
  }

  async #spoil(exchange: Exchange, fault: HttpFault): Promise<void> {
    const { seen, incoming, outgoing } = exchange;
    if (fault.kind === 'stalled') return void incoming.resume();
    if (fault.kind === 'reset') return void outgoing.socket?.resetAndDestroy();
    const body = await bodyOf(incoming);
    if (fault.kind === 'answer') return give(outgoing, madeAnswer(fault));
    const stale = fault.kind === 'stale' ? this.#remembered.get(`${seen.method} ${seen.url}`) : undefined;
    const carried = stale ?? (await this.#carry(seen, body));
    if (fault.kind === 'twice') return give(outgoing, await this.#carry(seen, body));
    if (fault.kind === 'reset-after') return void outgoing.socket?.resetAndDestroy();
    if (fault.kind === 'answer-after') return give(outgoing, madeAnswer(fault));
    if (fault.kind === 'stalled-body' || fault.kind === 'short-body') return giveBeginning(outgoing, carried, fault);
    give(outgoing, spoiledAnswer(carried, fault));
  }

  async #carry(seen: SeenRequest, body: Buffer): Promise<Carried> {
    const upstream = httpRequest(this.#requestOptions(seen));
    upstream.end(body);
    const [answer] = (await once(upstream, 'response')) as [IncomingMessage];
    return { status: answer.statusCode ?? 502, headers: answer.headers, body: await bodyOf(answer) };
  }

  #requestOptions({ method, url, headers }: SeenRequest) {
    return { host: this.target.host ?? HOST, port: this.target.port, method, path: url, headers: passedHeaders(headers), agent: false as const };
  }
}

function spoiledAnswer(carried: Carried, fault: HttpFault): Carried {
  const { headers, body } = carried;
  if (fault.kind === 'corrupt-body' && body.length > 0) {
    const spoiled = Buffer.from(body);
    const at = Math.min(fault.at ?? body.length >> 1, body.length - 1);
    spoiled[at] = (spoiled[at] ?? 0) ^ 1;
    return { ...carried, body: spoiled };
  }
  if (fault.kind === 'cut-body') return { ...carried, body: body.subarray(0, fault.bytes ?? body.length >> 1) };
  if (fault.kind === 'rewrite') return { ...carried, body: Buffer.from(fault.rewrite(body)) };
  if (fault.kind === 'wrong-range') {
    const range = /^bytes (\d+)-(\d+)\/(.*)$/.exec(headers['content-range'] ?? '');
    if (range === null) return carried;
    const shift = fault.shift ?? 1;
    return { ...carried, headers: { ...headers, 'content-range': `bytes ${Number(range[1]) + shift}-${Number(range[2]) + shift}/${range[3]}` } };
  }
  if (fault.kind === 'range-as-whole') return { ...carried, status: 200, headers: { ...headers, 'content-range': undefined } };
  return carried;
}

function madeAnswer({ status, headers, body }: Answer): Carried {
  return { status, headers: headers ?? {}, body: Buffer.from(body ?? '') };
}

function give(outgoing: ServerResponse, { status, headers, body }: Carried): void {
  // An answer to HEAD names the length of a body that it does not have.
  const lengthBytes = outgoing.req.method === 'HEAD' ? headers['content-length'] : body.length;
  outgoing.writeHead(status, { ...passedHeaders(headers), ...(lengthBytes === undefined || status === 204 ? {} : { 'content-length': lengthBytes }) });
  outgoing.end(body);
}

function giveBeginning(outgoing: ServerResponse, carried: Carried, fault: { readonly kind: string; readonly bytes?: number }): void {
  const { status, headers, body } = carried;
  outgoing.writeHead(status, { ...passedHeaders(headers), 'content-length': body.length });
  outgoing.write(body.subarray(0, fault.bytes ?? body.length >> 1), () => {
    if (fault.kind === 'short-body') outgoing.socket?.end();
  });
}

function passedHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name, value]) => value !== undefined && !PER_CONNECTION.has(name)));
}

async function bodyOf(message: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
