import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { copyFixtureStore, temporaryFolder } from '@wardrobe/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { jsonLines, wardrobe } from './run-wardrobe.js';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const running: ChildProcess[] = [];
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

async function serve(store: string, args: readonly string[]): Promise<{ readonly url: string; readonly child: ChildProcess }> {
  const env = { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent' };
  const child = spawn(process.execPath, [MAIN, 'at', store, 'server', '--listen', '127.0.0.1:0', '--json', ...args], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  running.push(child);
  for await (const line of createInterface({ input: child.stdout })) return { url: JSON.parse(line).url as string, child };
  throw new Error('the server ended before it began');
}

describe('server', () => {
  it('gives a store to other commands, takes backups where allowed, and Ctrl-C ends it well', async () => {
    const store = await copyFixtureStore('v10-plain-desync');
    const env = { WARDROBE_INDEX: await temporaryFolder('index') };
    const here = (await wardrobe(['at', store, 'ls', '--json'], env)).out;
    const reading = await serve(store, []);
    expect((await wardrobe(['at', reading.url, 'ls', '--json'], env)).out).toBe(here);
    const source = await temporaryFolder('source');
    await writeFile(join(source, 'file'), 'content');
    const refused = await wardrobe(['at', reading.url, 'backup', source], env);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('read-only')]);
    reading.child.kill('SIGINT');
    expect(await once(reading.child, 'exit')).toEqual([0, null]);

    const writing = await serve(store, ['--read-write']);
    expect(await wardrobe(['at', writing.url, 'backup', '--check', source], env)).toMatchObject({ code: 0 });
    const [newest] = jsonLines((await wardrobe(['at', writing.url, 'ls', '--json'], env)).out);
    expect(await wardrobe(['at', store, 'cat', `${String(newest?.['id']).slice(0, 12)}:file`], env)).toMatchObject({ code: 0, out: 'content' });
    expect(jsonLines((await wardrobe(['at', writing.url, 'locks', '--json'], env)).out).length).toBe(
      jsonLines((await wardrobe(['at', store, 'locks', '--json'], env)).out).length,
    );
  });

  it.each([
    [['--listen', '0.0.0.0:0'], 'Whoever reaches 0.0.0.0'],
    [['--listen', 'nowhere'], '--listen takes HOST:PORT'],
    [['--allow-delete'], '--allow-delete needs --read-write'],
    [['--tls-cert', 'x.pem'], 'belong together'],
    [['--token-file', '/nonexistent'], 'cannot be read'],
  ])('%j is refused', async (args, said) => {
    const run = await wardrobe(['at', await copyFixtureStore('v10-plain-desync'), 'server', ...args]);
    expect([run.code, run.err]).toEqual([1, expect.stringContaining(said)]);
  });

  it('a short token, and a place without a store, are refused', async () => {
    const folder = await temporaryFolder('server');
    await writeFile(join(folder, 'token'), 'short\n');
    await mkdir(join(folder, 'empty'));
    expect(await wardrobe(['at', join(folder, 'empty'), 'server', '--token-file', join(folder, 'token')])).toMatchObject({
      code: 1,
      err: expect.stringContaining('16 characters'),
    });
    expect(await wardrobe(['at', join(folder, 'empty'), 'server'])).toMatchObject({ code: 1 });
  });

  it('wants the token that clients send as an option', async () => {
    const folder = await temporaryFolder('server');
    const token = '0123456789abcdef';
    await writeFile(join(folder, 'token'), `${token}\n`);
    const { url } = await serve(await copyFixtureStore('v10-plain-desync'), ['--token-file', join(folder, 'token')]);
    const without = await wardrobe(['at', url, 'ls']);
    expect([without.code, without.err]).toEqual([77, expect.stringContaining('token')]);
    expect(await wardrobe(['-o', `auth_token=${token}`, 'at', url, 'ls'])).toMatchObject({ code: 0 });
    expect(await wardrobe(['at', url, 'ls'], { WARDROBE_OPTION_AUTH_TOKEN: token })).toMatchObject({ code: 0 });
  });
});

describe('ptar', () => {
  it('writes an archive with a passphrase of its own, over HTTP too, that opens like a store', async () => {
    const { url } = await serve(await copyFixtureStore('v10-plain-desync'), []);
    const file = join(await temporaryFolder('archive'), 'x.ptar');
    const passphrase = 'five ordinary words never apart zebra';
    const made = await wardrobe(['at', url, 'ptar', '-o', file, '--json'], { WARDROBE_SYNC_PASSPHRASE: passphrase });
    expect([made.code, made.err]).toEqual([0, '']);
    expect(jsonLines(made.out)).toMatchObject([{ archive: file, encrypted: true }]);
    expect(await wardrobe(['at', file, 'check'], { WARDROBE_PASSPHRASE: passphrase })).toMatchObject({ code: 0 });
    expect(await wardrobe(['at', file, 'ls'], { WARDROBE_PASSPHRASE: 'wrong' })).toMatchObject({ code: 77 });
    const change = await wardrobe(['at', file, 'backup', '/etc/hostname'], { WARDROBE_PASSPHRASE: passphrase });
    expect([change.code, change.err]).toEqual([1, expect.stringContaining('read-only')]);
  });

  it.each([
    [['-o', 'x.tar', '--plaintext'], 'does not end in .ptar'],
    [['-o', 'x.ptar', '--plaintext', 'ffffff'], 'No snapshot has the prefix'],
    [['-o', 'x.ptar', '--plaintext', '--tag', 'nothing-has-it'], 'No snapshot meets'],
    [['-o', 'x.ptar'], 'no passphrase for the archive'],
    [['-o', '/dev/null/x.ptar', '--plaintext'], 'is not there'],
    [['--plaintext'], "required option '-o"],
  ])('%j is refused', async (args, said) => {
    const run = await wardrobe(['at', await copyFixtureStore('v10-plain-desync'), 'ptar', ...args]);
    expect([run.code, run.err]).toEqual([1, expect.stringContaining(said)]);
  });
});
