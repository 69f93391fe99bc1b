import { request } from 'node:http';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { Mac } from '@wardrobe/kloset-model';
import { fsStore } from '@wardrobe/connector-fs';
import { openHttp, type Served, serveFolder } from './serve.js';
import type { ServedStore } from '../src/server/index.js';

const ID = 'ab'.repeat(32) as Mac;
const OTHER = 'cd'.repeat(32) as Mac;
const CONFIG = Buffer.from('_KLOSET_ and more');
const running: Served[] = [];

afterEach(async () => {
  for (const served of running.splice(0)) await served.close();
});

async function serve(more: Partial<ServedStore> = {}): Promise<Served> {
  const served = await serveFolder(more);
  running.push(served);
  const store = fsStore(served.path);
  await store.create(CONFIG);
  await store.write('packfile', ID, Buffer.from('0123456789'));
  await store.write('state', ID, Buffer.from('state'));
  await store.write('lock', ID, Buffer.from('lock'));
  return served;
}

let kept: Promise<Served> | null = null;

/** One server for all that change nothing. */
function serveOnce(): Promise<Served> {
  kept ??= serve().then((served) => {
    running.splice(running.indexOf(served), 1);
    return served;
  });
  return kept;
}

afterAll(async () => (await kept)?.close());

type Asked = { readonly method?: string; readonly path: string; readonly body?: string | Buffer; readonly headers?: Readonly<Record<string, string>> };

function ask(
  { server }: Served,
  { method = 'GET', path, body, headers = {} }: Asked,
): Promise<{ readonly status: number; readonly text: string; readonly type: string | undefined }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      `${server.url}${path}`,
      { method, headers: { ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }), ...headers } },
      async (answer) => {
        const pieces: Buffer[] = [];
        for await (const piece of answer) pieces.push(piece as Buffer);
        resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(pieces).toString('utf8'), type: answer.headers['content-type'] });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('the resource protocol, as plakar 1.1 expects it', () => {
  it.each([
    ['/', { status: 200, text: CONFIG.toString(), type: 'application/octet-stream' }],
    ['/resources/states', { status: 200, text: `["${ID}"]\n`, type: 'application/json' }],
    [`/resources/packfiles/${ID}`, { status: 200, text: '0123456789' }],
    [`/resources/packfiles/${ID.toUpperCase()}`, { status: 200, text: '0123456789' }],
    ['/resources/eccpackfiles', { status: 400, text: 'Invalid resource type\n' }],
    ['/resources/states/xyz', { status: 400, text: 'Invalid MAC\n' }],
    ['/resources/states/../../etc/passwd', { status: 404 }],
    [`/resources/states/${ID.slice(2)}`, { status: 400, text: 'Invalid MAC\n' }],
    [`/resources/states/${OTHER}`, { status: 404 }],
    ['/anything', { status: 404 }],
  ])('GET %s', async (path, expected) => expect(await ask(await serveOnce(), { path })).toMatchObject(expected));

  it.each([
    ['bytes=2-5', { status: 200, text: '234' }],
    ['bytes=8-500', { status: 200, text: '89' }],
    ['bytes=10-11', { status: 200, text: '' }],
    ['bytes=500-501', { status: 200, text: '' }],
    ['bytes=5-5', { status: 400, text: 'Invalid range\n' }],
    ['bytes=5-', { status: 400 }],
    ['bytes=-5', { status: 400 }],
    ['bytes=0-1,2-3', { status: 400 }],
  ])('Range %s: the second number is the exclusive end', async (range, expected) =>
    expect(await ask(await serveOnce(), { path: `/resources/packfiles/${ID}`, headers: { range } })).toMatchObject(expected),
  );

  it('a read-only server changes nothing; one that writes deletes locks alone', async () => {
    const reading = await serve({ writable: false });
    for (const method of ['PUT', 'DELETE'])
      for (const kind of ['packfiles', 'states', 'locks'])
        expect(await ask(reading, { method, path: `/resources/${kind}/${ID}`, body: 'x' })).toMatchObject({ status: 403 });
    const writing = await serve({ allowDelete: false });
    for (const [kind, status] of [
      ['packfiles', 403],
      ['states', 403],
      ['locks', 200],
    ] as const)
      expect(await ask(writing, { method: 'DELETE', path: `/resources/${kind}/${ID}` })).toMatchObject({ status });
    expect(await ask(writing, { method: 'POST', path: `/resources/states/${ID}` })).toMatchObject({ status: 405 });
  });
});

describe('the JSON protocol, as plakar 1.0 expects it', () => {
  const json = (fields: object) => JSON.stringify(fields);
  it.each([
    ['GET', '/', json({ Repository: '' }), { Configuration: CONFIG.toString('base64'), Err: '' }],
    ['GET', '/states', json({}), { MACs: [ID], Err: '' }],
    ['GET', '/locks', json({}), { Locks: [ID], Err: '' }],
    ['GET', '/packfile', json({ MAC: ID }), { Data: Buffer.from('0123456789').toString('base64'), Err: '' }],
    ['GET', '/lock', json({ Mac: ID }), { Data: Buffer.from('lock').toString('base64'), Err: '' }],
    ['GET', '/packfile/blob', json({ MAC: ID, Offset: 7, Length: 90 }), { Data: Buffer.from('789').toString('base64'), Err: '' }],
    ['GET', '/packfile/blob', json({ MAC: ID, Offset: 70, Length: 9 }), { Data: '', Err: '' }],
    ['PUT', '/state', json({ MAC: OTHER, Data: 'AAAA' }), { Err: '' }],
    ['PUT', '/lock', json({ Data: '', Mac: OTHER }), { Err: '' }],
    ['DELETE', '/lock', json({ Mac: ID }), { Err: '' }],
    ['DELETE', '/state', json({ MAC: ID }), { Err: '' }],
  ])('%s %s %s', async (method, path, body, expected) => {
    const answer = await ask(await (method === 'GET' ? serveOnce() : serve()), { method, path, body });
    expect(answer).toMatchObject({ status: 200, type: 'text/plain; charset=utf-8' });
    expect(answer.text.endsWith('}\n')).toBe(true);
    expect(JSON.parse(answer.text)).toEqual(expected);
  });

  it.each([
    ['GET', '/states', '', { status: 400, text: 'EOF\n' }],
    ['GET', '/state', '{', { status: 400 }],
    ['GET', '/state', json({}), { status: 400, text: 'Invalid MAC\n' }],
    ['GET', '/packfile/blob', json({ MAC: ID, Offset: -1, Length: 1 }), { status: 400 }],
    ['PUT', '/state', json({ MAC: OTHER, Data: '!' }), { status: 400 }],
    ['PUT', '/state', json({ MAC: OTHER }), { status: 400 }],
    ['PUT', '/state', `{"MAC":"${OTHER}","Data":"AAAA`, { status: 400 }],
    ['POST', '/state', json({ MAC: ID }), { status: 405 }],
    ['GET', '/state', 'x'.repeat(70_000), { status: 413 }],
  ])('%s %s refuses what is no request (%#)', async (method, path, body, expected) => {
    const served = await serveOnce();
    expect(await ask(served, { method, path, body })).toMatchObject(expected);
    expect(await readdir(join(served.path, 'states'), { recursive: true })).not.toContainEqual(expect.stringMatching(/tmp\.|cdcdcd/));
  });

  it('failures of the store, and refusals, are an Err of status 200', async () => {
    const served = await serve({ allowDelete: false });
    for (const [path, body, said] of [
      ['/state', { MAC: OTHER }, 'file does not exist'],
      ['/packfile', { MAC: OTHER }, 'packfile not found'],
    ] as const) {
      const { status, text } = await ask(served, { path, body: json(body) });
      expect([status, (JSON.parse(text) as { Err: string }).Err]).toEqual([200, expect.stringContaining(said)]);
    }
    const refused = await ask(served, { method: 'DELETE', path: '/state', body: json({ MAC: ID }) });
    expect(JSON.parse(refused.text)).toEqual({ Err: 'not allowed to delete' });
  });
});

describe('the server', () => {
  it('wants the token, whole and in each request', async () => {
    const served = await serve({ token: 's3cr3t' });
    for (const authorization of ['', 'Bearer', 'Bearer s3cr3', 'Bearer s3cr3tt', 'Basic s3cr3t']) {
      expect(await ask(served, { path: '/', headers: { authorization } })).toMatchObject({ status: 401 });
      expect(await ask(served, { method: 'DELETE', path: `/resources/locks/${ID}`, headers: { authorization } })).toMatchObject({ status: 401 });
    }
    expect(await ask(served, { path: '/', headers: { authorization: 'Bearer s3cr3t' } })).toMatchObject({ status: 200 });
    await expect(openHttp(served.server.url).readConfig()).rejects.toMatchObject({ code: 'store', fault: 'credentials' });
    await expect(openHttp(served.server.url, { auth_token: 's3cr3x' }).readConfig()).rejects.not.toThrow(/s3cr3/);
    expect((await openHttp(served.server.url, { auth_token: 's3cr3t' }).readConfig()).length).toBe(CONFIG.length);
  });

  it('keeps nothing of an upload that is too large or ends too early', async () => {
    const served = await serve({ maxItemBytes: 1000 });
    const store = openHttp(served.server.url);
    await expect(store.write('packfile', OTHER, new Uint8Array(1001))).rejects.toMatchObject({
      code: 'store',
      message: expect.stringContaining('larger than the server allows'),
    });
    await new Promise<void>((resolve) => {
      const sent = request(`${served.server.url}/resources/packfiles/${OTHER}`, { method: 'PUT', headers: { 'content-length': '500' } });
      sent.on('error', () => resolve());
      sent.write('half', () => sent.destroy());
    });
    await expect.poll(async () => (await readdir(join(served.path, 'packfiles'))).filter((name) => name.startsWith('tmp.'))).toEqual([]);
    await expect(store.sizeBytes('packfile', OTHER)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('is no store until it has one, and says so in both protocols', async () => {
    const served = await serveFolder({ writable: false });
    running.push(served);
    await mkdir(served.path);
    await writeFile(join(served.path, 'note'), 'x');
    expect(await ask(served, { path: '/' })).toMatchObject({ status: 404 });
    const { status, text } = await ask(served, { path: '/', body: '{}' });
    expect([status, JSON.parse(text)]).toEqual([200, { Err: expect.stringContaining('there is no store') }]);
    await expect(served.open().create(CONFIG)).rejects.toMatchObject({ code: 'read-only' });
  });

  it('tells of each request without its secrets', async () => {
    const answered: unknown[] = [];
    const served = await serve({ token: 't', onAnswered: (one) => answered.push(one) });
    await ask(served, { path: '/?x=1', headers: { authorization: 'Bearer t' } });
    await ask(served, { path: '/', headers: { authorization: 'Bearer wrong' } });
    expect(answered).toEqual([
      { method: 'GET', path: '/', status: 200, failure: null },
      { method: 'GET', path: '/', status: 401, failure: 'this server wants a token' },
    ]);
  });
});
