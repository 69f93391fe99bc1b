import { createServer, request as httpRequest, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Gateway } from './gateway.js';
import { originsOf } from './security.js';

type Answer = { status: number; headers: IncomingHttpHeaders; body: string };
let server: Server;
let port: number;
const log: string[] = [];
const gateway = new Gateway((level, message) => log.push(`${level} ${message}`));

beforeAll(async () => {
  server = createServer(gateway.handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(() => void server.close());

function ask(path: string, options: { method?: string; headers?: Record<string, string> } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      { host: '127.0.0.1', port, path, method: options.method ?? 'GET', headers: { host: `localhost:${port}`, ...options.headers } },
      (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => {
          body += chunk.toString();
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

describe('the gateway', () => {
  test('says that it is starting until it is open', async () => {
    const answer = await ask('/');
    expect(answer.status).toBe(503);
    expect(answer.headers['retry-after']).toBe('2');
  });

  test('serves api and pages under their policies once open', async () => {
    const host = `localhost:${port}`;
    gateway.open(
      {
        api: (request, response) => {
          if (request.url === '/api/broken') throw new Error('broken inside');
          if (!request.url?.startsWith('/api/')) return false;
          response.end('api');
          return true;
        },
        pages: (request, response) => void response.end(`page ${String(request.headers['x-nonce'])} ${String(request.headers['content-security-policy'])}`),
      },
      {
        allowedHosts: new Set([host]),
        allowedOrigins: new Set(originsOf([host], { baseUrl: `http://${host}`, secure: false, behindProxy: false })),
        secure: false,
      },
    );
    const api = await ask('/api/x');
    expect(api.body).toBe('api');
    expect(api.headers['content-security-policy']).toContain("default-src 'none'");
    expect(api.headers['x-content-type-options']).toBe('nosniff');
    const page = await ask('/', { headers: { 'x-nonce': 'chosen-by-a-stranger', 'content-security-policy': "script-src 'nonce-chosen-by-a-stranger'" } });
    const nonce = /'nonce-([^']+)'/.exec(String(page.headers['content-security-policy']))?.[1];
    expect(nonce).toMatch(/^[A-Za-z0-9+/]{22}==$/);
    expect(page.body).toContain(`page ${nonce}`);
    expect(page.body).not.toContain('chosen-by-a-stranger');
    const again = await ask('/');
    expect(again.headers['content-security-policy']).not.toBe(page.headers['content-security-policy']);
    expect(String(page.headers['content-security-policy'])).not.toMatch(/unsafe-eval|script-src[^;]*unsafe-inline/);
  });

  test('another host name is refused, with any method', async () => {
    for (const host of ['evil.example.org', `evil.example.org:${port}`, `localhost:${port + 1}`, `localhost:${port}.evil.example.org`, '']) {
      expect((await ask('/api/x', { headers: { host } })).status).toBe(421);
    }
  });

  test('what changes something is refused from pages of other sites, and taken from own pages and programs', async () => {
    const post = (headers: Record<string, string>): Promise<Answer> => ask('/api/x', { method: 'POST', headers });
    expect((await post({ origin: 'https://evil.example.org' })).status).toBe(403);
    expect((await post({ origin: `https://localhost:${port}` })).status).toBe(403);
    expect((await post({ origin: 'null' })).status).toBe(403);
    expect((await post({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await post({ 'sec-fetch-site': 'same-site' })).status).toBe(403);
    expect((await post({ origin: `http://localhost:${port}` })).status).toBe(200);
    expect((await post({})).status).toBe(200);
  });

  test('a failure is a sentence for the browser and a line in the log without query', async () => {
    const answer = await ask('/api/broken', { headers: { accept: 'application/json' } });
    expect(answer.status).toBe(500);
    expect(answer.body).not.toContain('broken inside');
    expect(log.at(-1)).toContain('GET /api/broken failed: broken inside');
  });
});
