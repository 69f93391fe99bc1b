import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lineProxy } from './fault-proxy.js';
import { httpFaultProxy } from './http-fault-proxy.js';

const BODY = Buffer.alloc(300_000, 'abcdefghij');
const requests: string[] = [];
let count = 0;
const server = createServer((incoming, outgoing) => {
  requests.push(`${incoming.method} ${incoming.url}`);
  if (incoming.url === '/count') return void outgoing.end(String(++count));
  const range = /^bytes=(\d+)-(\d+)$/.exec(incoming.headers.range ?? '');
  if (range === null) return void outgoing.writeHead(200, { 'content-length': BODY.length }).end(BODY);
  const [first, last] = [Number(range[1]), Number(range[2])];
  outgoing.writeHead(206, { 'content-range': `bytes ${first}-${last}/${BODY.length}` }).end(BODY.subarray(first, last + 1));
});
let port = 0;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

type Got = { readonly status: number; readonly headers: IncomingMessage['headers']; readonly body: Buffer };

async function fetched(at: number, path = '/', headers: Record<string, string> = {}): Promise<Got> {
  const [answer] = (await once(get({ host: '127.0.0.1', port: at, path, headers, agent: false, timeout: 20_000 }), 'response')) as [IncomingMessage];
  const pieces: Buffer[] = [];
  for await (const piece of answer) pieces.push(piece as Buffer);
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(pieces) };
}

describe('line proxy', () => {
  it('passes bytes on unchanged, at once or with latency and bandwidth', async () => {
    for (const shape of [{}, { roundTripMs: 30, bytesPerSecond: 10_000_000 }]) {
      const line = await lineProxy({ port }, shape);
      const started = performance.now();
      const bodies = await Promise.all([fetched(line.port), fetched(line.port)]);
      for (const { body } of bodies) expect(body.equals(BODY)).toBe(true);
      expect(line.figures().connections).toBe(2);
      expect(line.figures().bytesDown).toBeGreaterThan(2 * BODY.length);
      // A lower bound only: a connection costs one round trip, a request another.
      if ('roundTripMs' in shape) expect(performance.now() - started).toBeGreaterThan(55);
      await line.close();
    }
  });

  it('refuses, and is there again on the same port', async () => {
    const line = await lineProxy({ port });
    await line.fault({ kind: 'refused' });
    await expect(fetched(line.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await line.fault(null);
    expect((await fetched(line.port)).body.length).toBe(BODY.length);
    await line.close();
  });

  it('resets at once, or in the middle of an answer, as often as asked', async () => {
    const line = await lineProxy({ port });
    await line.fault({ kind: 'reset', times: 1 });
    await expect(fetched(line.port)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await fetched(line.port)).status).toBe(200);
    await line.fault({ kind: 'reset', afterBytes: 10_000 });
    await expect(fetched(line.port)).rejects.toMatchObject({ code: 'ECONNRESET' });
    await line.close();
  });

  it('stalls in the middle, and goes on when all is well again', async () => {
    const line = await lineProxy({ port });
    await line.fault({ kind: 'stalled', afterBytes: 5_000 });
    const reading = fetched(line.port);
    const early = await Promise.race([reading.then(() => 'all'), new Promise((resolve) => setTimeout(resolve, 200, 'nothing yet'))]);
    expect(early).toBe('nothing yet');
    await line.fault(null);
    expect((await reading).body.equals(BODY)).toBe(true);
    await line.close();
  });

  it('is slow until told otherwise', async () => {
    const line = await lineProxy({ port });
    await line.fault({ kind: 'slow' });
    const reading = fetched(line.port);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(line.figures().bytesDown).toBe(0);
    await line.fault(null);
    expect((await reading).body.equals(BODY)).toBe(true);
    await line.close();
  });
});

describe('HTTP fault proxy', () => {
  async function withProxy(use: (proxy: Awaited<ReturnType<typeof httpFaultProxy>>) => Promise<void>): Promise<void> {
    const proxy = await httpFaultProxy({ port });
    try {
      await use(proxy);
    } finally {
      await proxy.close();
    }
  }

  it('passes exchanges on, spoils as many as a rule says, and keeps a list', () =>
    withProxy(async (proxy) => {
      proxy.fault({ fault: { kind: 'answer', status: 503, headers: { 'retry-after': '2' } }, match: ({ url }) => url === '/x', times: 2 });
      const statuses: number[] = [];
      for (const path of ['/', '/x', '/x', '/x']) statuses.push((await fetched(proxy.port, path)).status);
      expect(statuses).toEqual([200, 503, 503, 200]);
      expect(proxy.seen.map(({ url }) => url)).toEqual(['/', '/x', '/x', '/x']);
    }));

  it('answers 500, or breaks, after the request was carried out', () =>
    withProxy(async (proxy) => {
      const before = requests.length;
      proxy.fault({ fault: { kind: 'answer-after', status: 500 } });
      proxy.fault({ fault: { kind: 'reset-after' } });
      expect((await fetched(proxy.port)).status).toBe(500);
      await expect(fetched(proxy.port)).rejects.toMatchObject({ code: 'ECONNRESET' });
      expect(requests.length - before).toBe(2);
    }));

  it('shortens, cuts and corrupts bodies', () =>
    withProxy(async (proxy) => {
      proxy.fault({ fault: { kind: 'short-body' } });
      await expect(fetched(proxy.port)).rejects.toMatchObject({ code: 'ECONNRESET' });
      proxy.fault({ fault: { kind: 'cut-body', bytes: 7 } });
      expect((await fetched(proxy.port)).body.length).toBe(7);
      proxy.fault({ fault: { kind: 'corrupt-body' } });
      const { body } = await fetched(proxy.port);
      expect([body.length, body.filter((byte, at) => byte !== BODY[at]).length]).toEqual([BODY.length, 1]);
    }));

  it('gives other ranges than asked', () =>
    withProxy(async (proxy) => {
      proxy.fault({ fault: { kind: 'wrong-range', shift: 3 } });
      proxy.fault({ fault: { kind: 'range-as-whole' } });
      expect((await fetched(proxy.port, '/', { range: 'bytes=5-9' })).headers['content-range']).toBe(`bytes 8-12/${BODY.length}`);
      expect(await fetched(proxy.port, '/', { range: 'bytes=5-9' })).toMatchObject({ status: 200, body: BODY.subarray(5, 10) });
    }));

  it('gives stale and rewritten answers, and delivers twice', () =>
    withProxy(async (proxy) => {
      proxy.remember(({ url }) => url === '/count');
      const first = (await fetched(proxy.port, '/count')).body.toString();
      await fetched(proxy.port, '/count');
      proxy.fault({ fault: { kind: 'stale' } });
      expect((await fetched(proxy.port, '/count')).body.toString()).toBe(first);
      proxy.fault({ fault: { kind: 'rewrite', rewrite: (body) => `<${body}>` } });
      expect((await fetched(proxy.port, '/count')).body.toString()).toBe(`<${Number(first) + 2}>`);
      proxy.fault({ fault: { kind: 'twice' } });
      expect((await fetched(proxy.port, '/count')).body.toString()).toBe(String(Number(first) + 4));
    }));

  it('stalls before the answer and in its body until the client gives up', () =>
    withProxy(async (proxy) => {
      for (const kind of ['stalled', 'stalled-body'] as const) {
        proxy.fault({ fault: { kind } });
        const waiting = get({ host: '127.0.0.1', port: proxy.port, agent: false });
        const answered = once(waiting, 'response').then(() => 'answered');
        const early = await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, 150, 'nothing'))]);
        expect(early).toBe(kind === 'stalled' ? 'nothing' : 'answered');
        waiting.on('error', () => undefined);
        answered.catch(() => undefined);
        waiting.destroy();
      }
    }));
});
