import { createHash } from 'node:crypto';
import { readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import type { EntriesPageDto, EntryDetailDto, SnapshotRowDto, SnapshotsPageDto, StoreDto } from '@wardrobe/contracts';
import { copyFixtureStore, expectedText, type Fixture, unpackFixture } from '@wardrobe/testing';
import { extract } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Console, rawRequest, startConsole } from './console.js';

type Expected = { path: string; type: string; sha256?: string; size?: number; mtimeNs: string };
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const encoded = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

describe.each(['v10-enc-desync', 'v11-plain-desync'] as const)('contents of %s over HTTP', (name) => {
  let fixture: Fixture;
  let run: Console;
  let store: StoreDto;
  const snapshots = new Map<string, SnapshotRowDto>();

  const url = (snapshot: string, path: string, more = ''): string =>
    `/api/stores/${store.id}/snapshots/${snapshots.get(snapshot)?.id}/content?path=${path}${more}`;
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    rawRequest(`${run.baseUrl}${path}`, { method, headers: { cookie: run.admin, ...headers } });
  const expected = async (file: string): Promise<Expected[]> =>
    (await expectedText(fixture, file))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Expected);

  beforeAll(async () => {
    fixture = await unpackFixture(name);
    run = await startConsole({ storeRoots: [dirname(fixture.storeDir)] });
    store = await run.api.addStore({ name: 'team', location: fixture.storeDir, passphrase: fixture.passphrase });
    const page = (await run.call<SnapshotsPageDto>('snapshots.list', { storeId: store.id, include: 'all', sort: 'oldest' }, { cookie: run.admin })).data;
    for (const [index, row] of page.rows.entries()) snapshots.set(`${index + 1}`, row);
  });
  afterAll(() => run.stop());

  it.each([
    ['1', '1-team.jsonl', '&deleted=1'],
    ['2', '2-team.jsonl', ''],
    ['3', '3-laptop.jsonl', ''],
    ['4', '4-team-phantom.jsonl', '&hidden=1'],
  ])('snapshot %s: every file has the sha256 of %s', async (number, file, more) => {
    const root = snapshots.get(number)?.directory.text ?? '';
    for (const line of (await expected(file)).filter(({ type }) => type === 'file')) {
      const answer = await get(url(number, encoded(`${root}${line.path}`), more));
      expect([answer.status, answer.complete], line.path).toEqual([200, true]);
      expect(sha256(answer.body), line.path).toBe(line.sha256);
    }
  });

  it('deleted and hidden snapshots are opened only when it is said', async () => {
    expect((await get(url('1', '/srv/team/README.md'))).status).toBe(404);
    expect((await get(url('4', '/srv/team/README.md'))).status).toBe(404);
  });

  it('answers ranges, suffixes, HEAD, If-None-Match and If-Range', async () => {
    const whole = await get(url('2', '/srv/team/README.md'));
    const size = whole.body.length;
    const etag = String(whole.headers.etag);
    expect(whole.headers['accept-ranges']).toBe('bytes');
    const part = await get(url('2', '/srv/team/README.md'), { range: 'bytes=10-19' });
    expect([part.status, part.headers['content-range'], part.body.toString('hex')]).toEqual([
      206,
      `bytes 10-19/${size}`,
      whole.body.subarray(10, 20).toString('hex'),
    ]);
    const tail = await get(url('2', '/srv/team/README.md'), { range: 'bytes=-5' });
    expect(tail.body.equals(whole.body.subarray(size - 5))).toBe(true);
    expect((await get(url('2', '/srv/team/README.md'), { range: `bytes=${size}-` })).status).toBe(416);
    expect((await get(url('2', '/srv/team/README.md'), { range: 'bytes=0-4', 'if-range': '"other"' })).status).toBe(200);
    expect((await get(url('2', '/srv/team/README.md'), { range: 'bytes=0-4', 'if-range': etag })).status).toBe(206);
    expect((await get(url('2', '/srv/team/README.md'), { 'if-none-match': etag })).status).toBe(304);
    const head = await get(url('2', '/srv/team/README.md'), {}, 'HEAD');
    expect([head.status, head.headers['content-length'], head.body.length]).toEqual([200, String(size), 0]);
  });

  it('a path encoded once or twice names the same file', async () => {
    const once_ = await get(url('2', '/srv/team/README.md'));
    const twice = await get(url('2', encodeURIComponent('/srv/team/README.md')));
    expect(twice.body.equals(once_.body)).toBe(true);
  });

  it('files can never run on the origin of the console', async () => {
    const { headers } = await get(url('2', '/srv/team/README.md'));
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'",
      'content-type': 'text/plain; charset=utf-8',
    });
    const download = await get(url('2', '/srv/team/README.md', '&download=1'));
    expect(download.headers).toMatchObject({ 'content-type': 'application/octet-stream', 'content-disposition': 'attachment; filename="README.md"' });
  });

  it('a folder comes as tar and as zip with every file', async () => {
    const files = (await expected('2-team.jsonl')).filter(({ type }) => type === 'file');
    const base = `/api/stores/${store.id}/snapshots/${snapshots.get('2')?.id}/archive?path=/srv/team`;
    const tar = await get(`${base}&format=tar`);
    const found = new Map<string, string>();
    const reader = extract();
    reader.on('entry', (header, stream, next) => {
      const pieces: Buffer[] = [];
      stream.on('data', (piece) => pieces.push(piece as Buffer));
      stream.on('end', () => {
        if (header.type === 'file') found.set(header.name, sha256(Buffer.concat(pieces)));
        next();
      });
    });
    Readable.from([tar.body]).pipe(reader);
    await once(reader, 'finish');
    for (const file of files) if (found.has(`team${file.path}`)) expect(found.get(`team${file.path}`), file.path).toBe(file.sha256);
    expect(found.size).toBeGreaterThan(files.length / 2);
    const zip = await get(`${base}&format=zip`);
    expect([zip.status, zip.complete, zip.headers['content-type']]).toEqual([200, true, 'application/zip']);
    expect(zip.body.subarray(0, 4).toString('latin1')).toBe('PK\u0003\u0004');
    expect(zip.headers['content-disposition']).toBe('attachment; filename="team.zip"');
  });

  it('lists by name, size and time, filters, jumps, and gives details with versions', async () => {
    const list = async (input: object) =>
      (await run.call<EntriesPageDto>('explorer.list', { storeId: store.id, snapshotId: snapshots.get('2')?.id, ...input }, { cookie: run.admin })).data;
    const byName = await list({});
    expect(byName.path).toBe('/srv/team');
    expect(byName.crumbs.map(({ path }) => path)).toEqual(['/', '/srv', '/srv/team']);
    const names = (page: EntriesPageDto): string[] => page.entries.map(({ name: entry }) => entry.text);
    expect(names(byName)).toEqual([...names(byName)].sort());
    const bySize = await list({ sort: '-size' });
    expect(bySize.sortReady).toBe(true);
    const sizes = bySize.entries.map(({ sizeBytes }) => sizeBytes);
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
    expect(bySize.total).toBe(byName.total);
    expect((await list({ filter: 'readme' })).entries.map(({ name: entry }) => entry.text)).toEqual(['README.md']);
    const around = await list({ around: 'README.md', limit: 3 });
    expect(names(around)).toContain('README.md');
    const detail = (
      await run.call<EntryDetailDto>(
        'explorer.detail',
        { storeId: store.id, snapshotId: snapshots.get('2')?.id, path: '/srv/team/README.md' },
        { cookie: run.admin },
      )
    ).data;
    expect(detail.object?.chunks[0]?.packfile).toMatch(/^[0-9a-f]{64}$/);
    expect(detail.problem).toBeNull();
  });

  it('gives text with its language, and says what it cannot show', async () => {
    const base = `/api/stores/${store.id}/snapshots/${snapshots.get('2')?.id}/text?path=`;
    const readme = JSON.parse((await get(`${base}/srv/team/README.md`)).body.toString()) as {
      language: string;
      html?: string;
      lines: number;
      truncated: boolean;
      encoding: string;
    };
    expect(readme).toMatchObject({ language: 'markdown', truncated: false, encoding: 'utf-8' });
    expect(readme.html).toContain('<pre');
    const absent = await get(`${base}/srv/team/none`);
    expect([absent.status, (JSON.parse(absent.body.toString()) as { problem: { code: string } }).problem.code]).toEqual([404, 'not-found']);
  });
});

describe('a damaged packfile', () => {
  it('breaks the downloads that need it, visibly, and no others', async () => {
    const location = await copyFixtureStore('v10-plain-desync');
    const run = await startConsole({ storeRoots: [dirname(location)] });
    try {
      const store = await run.api.addStore({ name: 'team', location });
      const page = (await run.call<SnapshotsPageDto>('snapshots.list', { storeId: store.id }, { cookie: run.admin })).data;
      const id = page.rows.find(({ directory }) => directory.text === '/srv/team')?.id ?? '';
      const files: { path: string; sizeBytes: number }[] = [];
      const visit = async (path: string): Promise<void> => {
        const listed = (await run.call<EntriesPageDto>('explorer.list', { storeId: store.id, snapshotId: id, path }, { cookie: run.admin })).data;
        for (const entry of listed.entries) entry.type === 'directory' ? await visit(entry.path) : entry.type === 'file' && files.push(entry);
      };
      await visit('/srv/team');
      const details = await Promise.all(
        files.map(
          async ({ path }) => (await run.call<EntryDetailDto>('explorer.detail', { storeId: store.id, snapshotId: id, path }, { cookie: run.admin })).data,
        ),
      );
      const big = details.filter(({ object }) => (object?.chunkCount ?? 0) > 1).sort((a, b) => b.entry.sizeBytes - a.entry.sizeBytes)[0];
      const lastChunk = big?.object?.chunks.at(-1);
      expect(lastChunk?.packfile).toBeTruthy();
      await damage(location, lastChunk?.packfile ?? '');
      const broken = await rawRequest(`${run.baseUrl}/api/stores/${store.id}/snapshots/${id}/content?path=${big?.entry.path}`, {
        headers: { cookie: run.admin },
      }).catch(() => null);
      // Either it failed before the first byte (a sentence), or the connection broke: never a whole answer.
      if (broken !== null) expect(broken.status === 200 && broken.complete && broken.body.length === big?.entry.sizeBytes).toBe(false);
      for (const format of ['zip', 'tar']) {
        const folder = await rawRequest(`${run.baseUrl}/api/stores/${store.id}/snapshots/${id}/archive?path=/srv/team&format=${format}`, {
          headers: { cookie: run.admin },
        }).catch(() => null);
        if (folder !== null) expect(folder.status === 200 && folder.complete, format).toBe(false);
      }
      expect(run.logs.filter((line) => line.startsWith('error'))).toEqual([]);
    } finally {
      await run.stop();
    }
  });
});

/** Zeroes the body of a packfile. */
async function damage(location: string, packfile: string): Promise<void> {
  const folder = join(location, 'packfiles');
  for (const file of await readdir(folder, { recursive: true })) {
    if (!file.endsWith(packfile)) continue;
    const path = join(folder, file);
    const { size } = await stat(path);
    await truncate(path, 0);
    await writeFile(path, Buffer.alloc(size, 0x55));
    return;
  }
  throw new Error(`packfile ${packfile} is not there`);
}
