import { createServer, get, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { compressText } from './compress.js';

let server: Server | null = null;
afterEach(() => void server?.close());

async function ask(handle: RequestListener, encoding = 'gzip, br'): Promise<{ headers: IncomingHttpHeaders; body: Buffer; broken: boolean }> {
  const listening = createServer((request, response) => {
    compressText(request, response);
    handle(request, response);
  });
  server = listening;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port: (listening.address() as AddressInfo).port, headers: { 'accept-encoding': encoding } }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('close', () => resolve({ headers: response.headers, body: Buffer.concat(pieces), broken: !response.complete }));
      response.on('error', () => undefined);
    }).on('error', reject);
  });
}
const long = JSON.stringify({ rows: Array.from({ length: 5000 }, (_, index) => index % 7) });

test.each([
  ['one end', (response) => response.writeHead(200, { 'content-type': 'application/json', 'content-length': long.length }).end(long)],
  ['set headers and end', (response) => response.setHeader('content-type', 'application/json; charset=utf-8').end(long)],
  [
    'several writes',
    (response) => {
      response.setHeader('content-type', 'application/json');
      for (let at = 0; at < long.length; at += 100) response.write(long.slice(at, at + 100));
      response.end();
    },
  ],
  ['headers as a list', (response) => response.writeHead(200, ['content-type', 'text/csv', 'vary', 'cookie']).end(long)],
] as [string, (response: Parameters<RequestListener>[1]) => void][])('JSON by %s comes out gzipped and whole', async (_, handle) => {
  const answer = await ask((_request, response) => handle(response));
  expect(answer.headers['content-encoding']).toBe('gzip');
  expect(answer.headers['content-length']).toBeUndefined();
  expect(answer.headers.vary).toContain('accept-encoding');
  expect(answer.body.length).toBeLessThan(long.length / 10);
  expect(gunzipSync(answer.body).toString()).toBe(long);
});

test.each([
  ['a file of a backup', { 'content-type': 'application/json', 'content-disposition': 'attachment' }, 200],
  ['a part of one', { 'content-type': 'application/json', 'content-range': 'bytes 0-9/10' }, 206],
  ['an event stream', { 'content-type': 'text/event-stream' }, 200],
  ['a failure', { 'content-type': 'application/json' }, 403],
  ['a short answer', { 'content-type': 'application/json', 'content-length': String(long.length) }, 200],
] as [string, Record<string, string>, number][])('%s passes untouched', async (what, headers, status) => {
  const body = what === 'a short answer' ? '{}' : long;
  const answer = await ask((_request, response) =>
    response.writeHead(status, { ...headers, ...(headers['content-length'] ? { 'content-length': '2' } : {}) }).end(body),
  );
  expect(answer.headers['content-encoding']).toBeUndefined();
  expect(answer.body.toString()).toBe(body);
});

test('a client that takes no gzip gets none, and an answer that breaks off is visibly broken', async () => {
  expect((await ask((_request, response) => response.setHeader('content-type', 'application/json').end(long), 'identity')).body.toString()).toBe(long);
  const broken = await ask((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.write(long);
    setTimeout(() => response.destroy(), 50);
  });
  expect(broken.broken).toBe(true);
});
