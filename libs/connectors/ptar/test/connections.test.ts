import { join } from 'node:path';
import { fullServer, temporaryFolder } from '@wardrobe/testing';
import { expect, it } from 'vitest';
import { archiveOf, openFixture, openPtar, webServer } from './archive-kit.js';

it('connections are made to allowed addresses only, those that a server leads to as well', async () => {
  const archive = join(await temporaryFolder('ptar'), 'x.ptar');
  await archiveOf(await openFixture('v11-plain-desync'), archive);
  const web = await webServer(archive);
  const asked: string[] = [];
  const allowsAddress = (address: string): boolean => {
    asked.push(address);
    return address !== '127.0.0.2';
  };
  const named = openPtar(web.url.replace('127.0.0.1', 'localhost'), {}, { allowsAddress });
  expect((await named.readConfig()).length).toBeGreaterThan(0);
  await named.close();
  expect(asked).toContain('127.0.0.1');
  web.spoil = (_request, response) => {
    response.writeHead(302, { location: 'http://127.0.0.2:1/latest/meta-data' }).end();
    return true;
  };
  const led = openPtar(web.url, {}, { allowsAddress });
  await expect(led.readConfig()).rejects.toMatchObject({ code: 'store', fault: 'route', message: expect.stringContaining('127.0.0.2 is not connected to') });
  await led.close();
  web.close();
});

it('a server that takes no connection is given up in the time allowed, and asked once where there is no patience', async () => {
  const full = await fullServer();
  const store = openPtar(`ptar+http://127.0.0.1:${full.port}/x.ptar`, {}, { connectMs: 700, patienceMs: 0 });
  await expect(store.readConfig()).rejects.toMatchObject({ fault: 'timeout' });
  expect(store.line?.().requests).toBe(1);
  await full.close();
});
