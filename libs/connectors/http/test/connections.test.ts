import { fullServer } from '@wardrobe/testing';
import { expect, it } from 'vitest';
import { openHttp, serveFolder } from './serve.js';

it('connections are made to allowed addresses only, each looked at as it is made', async () => {
  const served = await serveFolder();
  await served.open().create(Uint8Array.of(1, 2, 3));
  const asked: string[] = [];
  let allowed = true;
  const allowsAddress = (address: string): boolean => {
    asked.push(address);
    return allowed;
  };
  const store = openHttp(served.server.url.replace('127.0.0.1', 'localhost'), {}, { allowsAddress });
  expect([...(await store.readConfig())]).toEqual([1, 2, 3]);
  expect(asked).toContain('127.0.0.1');
  // The name stands for another address now, as far as the guard can tell.
  allowed = false;
  await store.close();
  const refused = { code: 'store', fault: 'route', retryable: false, message: expect.stringContaining('is not connected to') };
  await expect(store.readConfig()).rejects.toMatchObject(refused);
  await expect(openHttp(served.server.url, {}, { allowsAddress }).readConfig()).rejects.toMatchObject(refused);
  await expect(openHttp('http://[::ffff:127.0.0.1]:1', {}, { allowsAddress }).readConfig()).rejects.toMatchObject(refused);
  expect(asked.at(-1)).toBe('::ffff:7f00:1');
  await served.close();
});

it('a server that takes no connection is given up in the time allowed, and asked once where there is no patience', async () => {
  const full = await fullServer();
  const started = performance.now();
  const store = openHttp(`http://127.0.0.1:${full.port}`, {}, { connectMs: 700, patienceMs: 0 });
  await expect(store.readConfig()).rejects.toMatchObject({ fault: 'timeout' });
  expect(store.line?.().requests).toBe(1);
  expect(performance.now() - started).toBeLessThan(10_000);
  await full.close();
});
