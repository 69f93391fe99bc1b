import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { EventBus } from '../events.js';
import type { Explorer, OpenSnapshot } from '../services/explorer.js';
import type { Actor } from '../services/types.js';
import { sendArchive } from './downloads.js';
import { sendFailure } from './request.js';

const actor: Actor = { kind: 'user', id: 'u', name: 'Ada', role: 'viewer', sessionId: 's' };

/** An archive without end: what a download of a very large folder looks like to the server. */
async function* endless(signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  for (;;) {
    signal?.throwIfAborted();
    yield new Uint8Array(64 * 1024);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

describe('a download under way', () => {
  const bus = new EventBus();
  let stopped = false;
  const reader = {
    call: () => Promise.resolve({ name: 'team', directory: true }),
    async *stream(_method: string, _args: unknown, { signal }: { signal?: AbortSignal }) {
      try {
        yield* endless(signal);
      } finally {
        stopped = true;
      }
    },
  };
  const open = { ref: { snapshot: 'a', reach: 'live' }, row: { availability: 'live' }, reader } as unknown as OpenSnapshot;
  const explorer = { open: () => Promise.resolve(open) } as unknown as Explorer;
  const server = createServer((req, res) => {
    sendArchive({ explorer, bus, preview: () => Promise.reject(new Error('not asked')) }, { req, res, actor, storeId: '1', snapshotId: 'ab'.repeat(32) }).catch(
      (error: unknown) => sendFailure(req, res, error),
    );
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it.each([
    ['its session ends', () => bus.end({ kind: 'session', id: 's' })],
    ['its user is signed out everywhere', () => bus.end({ kind: 'user', id: 'u' })],
  ])('breaks when %s, and reading stops', async (_why, end) => {
    if (!server.listening) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    stopped = false;
    const complete = await new Promise<boolean>((resolve, reject) => {
      const req = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', path: '/?path=/&format=tar' }, (res) => {
        let pieces = 0;
        res.on('data', () => {
          pieces += 1;
          if (pieces === 5) end();
        });
        res.on('close', () => resolve(res.complete));
        res.on('error', () => undefined);
      });
      req.on('error', reject);
      req.end();
    });
    expect(complete).toBe(false);
    await expect.poll(() => stopped).toBe(true);
  });

  it('goes on when the session of somebody else ends', async () => {
    const pieces = await new Promise<number>((resolve, reject) => {
      const req = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', path: '/?path=/&format=tar' }, (res) => {
        let count = 0;
        res.on('error', () => undefined);
        res.on('data', () => {
          count += 1;
          if (count === 3) bus.end({ kind: 'session', id: 'other' });
          if (count === 20) {
            resolve(count);
            req.destroy();
          }
        });
      });
      req.on('error', (error) => reject(error));
      req.end();
    });
    expect(pieces).toBe(20);
  });
});
