import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expectedText, FIXTURE_PASSPHRASE, unpackFixture } from '@wardrobe/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { byteRange } from '../src/mount/byte-range.js';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

async function mounted(args: readonly string[], passphrase = ''): Promise<{ readonly url: string; readonly child: ChildProcess }> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', WARDROBE_PASSPHRASE: passphrase };
  const child = spawn(process.execPath, [MAIN, '--no-index', ...args, '--json'], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  running.push(child);
  for await (const line of createInterface({ input: child.stdout })) return { url: JSON.parse(line).url as string, child };
  throw new Error('the mount ended before it began');
}

type Answer = { readonly status: number; readonly body: Buffer; readonly headers: NodeJS.Dict<string | string[]> };

function ask(url: string, method: string, headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts), headers: response.headers }));
      response.on('error', reject);
    });
    sent.on('error', reject).end();
  });
}

/** Every file and folder below, by walking as a client does. */
async function crawl(url: string, href = '/'): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const { status, body } = await ask(new URL(href, url).href, 'PROPFIND', { depth: '1' });
  expect([status, status === 207 ? '' : body.toString()]).toEqual([207, '']);
  for (const [, path = '', rest = ''] of body.toString().matchAll(/<D:response><D:href>([^<]*)<\/D:href>(.*?)<\/D:response>/gs)) {
    if (path === href) continue;
    if (rest.includes('<D:collection/>')) for (const [below, sum] of await crawl(url, path)) found.set(below, sum);
    else {
      const got = await ask(new URL(path, url).href, 'GET');
      expect(got.body.length).toBe(Number(/<D:getcontentlength>(\d+)</.exec(rest)?.[1]));
      found.set(path, createHash('sha256').update(got.body).digest('hex'));
    }
  }
  return found;
}

describe('mount', () => {
  it.each(['v10-plain-desync', 'v11-enc-desync'] as const)(
    '%s: every file of a snapshot comes through as it was backed up, and Ctrl-C ends it well',
    async (name) => {
      const fixture = await unpackFixture(name);
      const { url, child } = await mounted(['at', fixture.storeDir, 'mount'], FIXTURE_PASSPHRASE);
      const expected = (await expectedText(fixture, '2-team.jsonl'))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as { type: string; path: string; sha256?: string });
      const all = await crawl(url);
      const folders = [...new Set([...all.keys()].map((path) => path.split('/')[1] as string))];
      expect(folders.length).toBeGreaterThan(0);
      const wanted = expected.filter((line) => line.type === 'file').map((line) => line.sha256);
      const sumsOf = (folder: string): unknown[] => [...all].filter(([path]) => path.startsWith(`/${folder}/`)).map(([, sum]) => sum);
      const fitting = folders.filter((folder) => wanted.every((sum) => sumsOf(folder).includes(sum)));
      expect(fitting.length).toBeGreaterThan(0);
      const ended = once(child, 'exit');
      child.kill('SIGINT');
      expect((await ended)[0]).toBe(0);
    },
  );

  it('is read-only, answers ranges, and nobody reaches it under another name', async () => {
    const fixture = await unpackFixture('v11-plain-desync');
    const { url } = await mounted(['at', fixture.storeDir, 'mount']);
    const [file] = [...(await crawl(url)).keys()];
    const whole = await ask(new URL(file as string, url).href, 'GET');
    const part = await ask(new URL(file as string, url).href, 'GET', { range: 'bytes=1-3' });
    expect([part.status, part.body.toString('hex')]).toEqual([206, whole.body.subarray(1, 4).toString('hex')]);
    expect((await ask(new URL(file as string, url).href, 'GET', { range: `bytes=${whole.body.length}-` })).status).toBe(416);
    for (const method of ['PUT', 'DELETE', 'MKCOL', 'MOVE', 'PROPPATCH', 'LOCK']) expect((await ask(url, method)).status).toBe(405);
    expect((await ask(url, 'PROPFIND', { depth: 'infinity' })).status).toBe(403);
    expect((await ask(`${url}nothing/here`, 'PROPFIND', { depth: '0' })).status).toBe(404);
    expect((await ask(url, 'PROPFIND', { depth: '1', host: 'evil.example' })).status).toBe(403);
    expect((await ask(url, 'OPTIONS')).headers['dav']).toBe('1');
  });

  it.each([
    [undefined, null],
    ['bytes=0-0', { start: 0, end: 1 }],
    ['bytes=5-', { start: 5, end: 10 }],
    ['bytes=-3', { start: 7, end: 10 }],
    ['bytes=-30', { start: 0, end: 10 }],
    ['bytes=2-99', { start: 2, end: 10 }],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=3-2', null],
    ['bytes=0-1,3-4', null],
    ['lines=0-1', null],
  ] as const)('range %s of ten bytes', (header, range) => expect(byteRange(header, 10)).toEqual(range));
});
