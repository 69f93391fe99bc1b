import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { allowedLookup, boundConnecting, type ConnectorHost, expectAllowedAddress, StoreError } from '@wardrobe/store-connector';
import { queryText, type SignedRequest } from './handler.js';

/** A service that hands out keys answers so soon, or not at all. */
const SILENT_MS = 10_000;

type Call = Omit<SignedRequest, 'query'> & { readonly tls: boolean; readonly signal?: AbortSignal | undefined };

/**
 * The SDK's request handler for services that hand out keys (STS, SSO): they are connected to at addresses that the host allows, as stores are. Nothing is kept
 * open: keys last for an hour.
 */
export function keyServiceHandler(host: ConnectorHost) {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    handle: async (request: SignedRequest & { readonly protocol?: string }, options: { readonly abortSignal?: AbortSignal } = {}) => {
      const { query, ...call } = request;
      const answer = await callService(host, {
        ...call,
        path: request.path + queryText(query),
        tls: request.protocol !== 'http:',
        signal: options.abortSignal,
      });
      const headers = Object.fromEntries(Object.entries(answer.headers).map(([name, value]) => [name, String(value)]));
      return { response: { statusCode: answer.statusCode ?? 0, headers, body: answer } };
    },
    destroy: () => undefined,
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  };
}

/** @throws StoreError an address that is not allowed, or silence; what the line says */
export function callService(host: ConnectorHost, { method, hostname, port, path, headers, body, tls, signal }: Call): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    expectAllowedAddress(host, hostname);
    const lookup = allowedLookup(host);
    const target = { method, host: hostname.replace(/^\[|\]$/g, ''), path, headers, agent: false, ...(port === undefined ? {} : { port }) };
    const outgoing = (tls ? httpsRequest : httpRequest)({ ...target, ...(lookup === undefined ? {} : { lookup }) });
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
