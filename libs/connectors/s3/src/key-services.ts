import type { IncomingMessage } from 'node:http';
import { allowedLookup, boundConnecting, type ConnectorHost, expectAllowedAddress, StoreError } from '@wardrobe/store-connector';
import { textHeaders } from './handler.js';
import { type Query, queryText } from './uri.js';

/** A service that hands out keys answers so soon, or not at all. */
const SILENT_MS = 10_000;

/** What the SDK hands over: a signed request, path already percent-encoded. */
type SdkRequest = {
  readonly method: string;
  readonly protocol?: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly query?: Query;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
};

type Call = Omit<SdkRequest, 'query' | 'protocol'> & { readonly tls: boolean; readonly signal?: AbortSignal | undefined };

/**
 * The SDK's request handler for services that hand out keys (STS, SSO): they are connected to at addresses that the host allows, as stores are. Nothing is kept
 * open: keys last for an hour.
 */
export function keyServiceHandler(host: ConnectorHost) {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    handle: async (request: SdkRequest, options: { readonly abortSignal?: AbortSignal } = {}) => {
      const { query, protocol, ...call } = request;
      const asked = queryText(query);
      const answer = await callService(host, {
        ...call,
        path: asked === '' ? request.path : `${request.path}?${asked}`,
        tls: protocol !== 'http:',
        signal: options.abortSignal,
      });
      return { response: { statusCode: answer.statusCode ?? 0, headers: textHeaders(answer), body: answer } };
    },
    destroy: () => undefined,
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
}

/** @throws StoreError an address that is not allowed, or silence; what the line says */
export async function callService(host: ConnectorHost, { method, hostname, port, path, headers, body, tls, signal }: Call): Promise<IncomingMessage> {
  const { request } = tls ? await import('node:https') : await import('node:http');
  return await new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    expectAllowedAddress(host, hostname);
    const lookup = allowedLookup(host);
    const target = { method, host: hostname.replace(/^\[|\]$/g, ''), path, headers, agent: false, ...(port === undefined ? {} : { port }) };
    const outgoing = request({ ...target, ...(lookup === undefined ? {} : { lookup }) });
    const late = (): Error => new StoreError(`no keys for the S3 server: ${hostname} does not answer`, { fault: 'timeout' });
    boundConnecting(outgoing, host.connectMs, late);
    const onAbort = (): unknown => outgoing.destroy(signal?.reason as Error);
    signal?.addEventListener('abort', onAbort, { once: true });
    outgoing
      .setTimeout(SILENT_MS, () => outgoing.destroy(late()))
      .once('error', reject)
      .once('response', resolve)
      .once('close', () => signal?.removeEventListener('abort', onAbort));
    outgoing.end(body === undefined || body === null ? undefined : typeof body === 'string' ? body : (body as Uint8Array));
  });
}
