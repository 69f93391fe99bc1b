import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { temporaryFolder } from '@wardrobe/testing';
import { pack } from 'tar-stream';
import { expect, it } from 'vitest';
import { made, user } from './pkg-kit.js';
import { jsonLines } from './run-wardrobe.js';

type Published = { readonly name: string; readonly version: string; readonly bytes: Buffer; readonly dependencies?: Readonly<Record<string, string>> };

/** A registry as the npm client asks one: what there is of a package, and its files. */
async function registry() {
  const published: Published[] = [];
  const spoiled = new Set<string>();
  const server = createServer((request, response) => {
    const asked = decodeURIComponent(request.url ?? '');
    const file = published.find(({ name, version }) => asked === `/files/${name}/${version}.tgz`);
    if (file !== undefined) return response.end(spoiled.has(file.version) ? Buffer.concat([file.bytes, Buffer.from('x')]) : file.bytes);
    const versions = published.filter(({ name }) => asked === `/${name}`);
    if (versions.length === 0) return response.writeHead(404).end('{}');
    response.setHeader('content-type', 'application/json');
    return response.end(
      JSON.stringify({ name: versions[0]?.name, 'dist-tags': { latest: versions.at(-1)?.version }, versions: Object.fromEntries(versions.map(facts)) }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const facts = ({ name, version, bytes, dependencies = {} }: Published): [string, object] => [
    version,
    { name, version, dependencies, hasInstallScript: true, dist: { integrity: integrityOf(bytes), tarball: `${url}/files/${name}/${version}.tgz` } },
  ];
  return {
    url,
    publish: (one: Published) => void published.push(one),
    spoil: (version: string) => void spoiled.add(version),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function integrityOf(bytes: Buffer): string {
  return `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
}

async function tape(version: string): Promise<Published> {
  const needs = { 'wardrobe-spool': '^1.0.0' };
  return { name: '@example/tape', version, bytes: await readFile(await made({ version, needs })), dependencies: needs };
}

/** What the connector needs: a package of its own. */
async function spool(): Promise<Published> {
  const file = join(await temporaryFolder('spool'), 'spool.tgz');
  const tar = pack();
  const written = pipeline(tar, createGzip(), createWriteStream(file));
  tar.entry(
    { name: 'package/package.json' },
    JSON.stringify({ name: 'wardrobe-spool', version: '1.0.0', type: 'module', main: 'index.js', scripts: { install: 'touch ran' } }),
  );
  tar.entry({ name: 'package/index.js' }, 'export const spool = 1;\n');
  tar.finalize();
  await written;
  return { name: 'wardrobe-spool', version: '1.0.0', bytes: await readFile(file) };
}

it('a connector of a registry is added by the npm client with what it needs, upgraded, used and added again without a network, and removed', async () => {
  const there = await registry();
  const first = await tape('1.0.0');
  for (const one of [await spool(), first]) there.publish(one);
  const { data, run } = await user();
  const env = { npm_config_registry: there.url, npm_config_cache: join(data, 'npm'), npm_config_fetch_retries: '0', npm_config_update_notifier: 'false' };
  const add = (text: string, more: Readonly<Record<string, string>> = {}) => run(['pkg', 'add', '--yes', text], { ...env, ...more });
  const version = async () => jsonLines((await run(['pkg', 'ls', '--json'])).out).find(({ name }) => name === 'tape')?.['version'];
  const works = async () => expect((await run(['at', 'tape:one', 'ls'])).err).toContain('the tape is torn');

  const unasked = await run(['pkg', 'add', '@example/tape'], env);
  expect([unasked.code, unasked.out, unasked.err]).toEqual([1, expect.stringContaining(integrityOf(first.bytes)), expect.stringContaining('not confirmed')]);
  expect(await readdir(join(data, 'connectors'))).toEqual([]);

  const added = await add('@example/tape@1.0.0');
  expect([added.code, added.out], added.err).toEqual([
    0,
    expect.stringContaining(`from      npm: @example/tape@1.0.0\nintegrity ${integrityOf(first.bytes)}\n`),
  ]);
  await works();
  const files = await readdir(join(data, 'connectors'), { recursive: true });
  expect(files.filter((file) => /wardrobe-spool\/index\.js$/.test(file))).toHaveLength(1);
  expect(files.filter((file) => /(?:^|\/)ran$/.test(file))).toEqual([]);

  there.publish(await tape('1.1.0'));
  const upgraded = await add('@example/tape');
  expect([upgraded.code, await version()], upgraded.err).toEqual([0, '1.1.0']);
  await works();
  expect((await readdir(join(data, 'connectors'))).filter((name) => name.startsWith('tape-'))).toHaveLength(1);

  there.publish(await tape('1.2.0'));
  there.spoil('1.2.0');
  const spoiled = await add('@example/tape');
  expect([spoiled.code, spoiled.err]).toEqual([1, expect.stringMatching(/npm could not fetch it .*EINTEGRITY/s)]);
  const absent = await add('@example/nothing');
  expect([absent.code, absent.err]).toEqual([1, expect.stringMatching(/npm could not fetch it .*E404/s)]);
  expect(await version()).toBe('1.1.0');

  await there.close();
  await works();
  const cut = await add('@example/tape@1.2.0');
  expect([cut.code, cut.err]).toEqual([1, expect.stringContaining('npm could not fetch it')]);
  expect([await version(), (await readdir(join(data, 'connectors'))).filter((name) => name.startsWith('tmp.'))]).toEqual(['1.1.0', []]);
  // What npm has fetched once is in its own cache.
  const again = await add('@example/tape@1.0.0', { npm_config_offline: 'true' });
  expect([again.code, await version()], again.err).toEqual([0, '1.0.0']);
  await works();

  expect((await run(['pkg', 'rm', 'tape'])).out).toBe('tape: removed\n');
  expect((await run(['at', 'tape:one', 'ls'])).err).toContain('No connector opens stores of the kind');
  expect(await readdir(join(data, 'connectors'))).toEqual(['connectors.json']);
});
