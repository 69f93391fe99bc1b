import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { seededRandom, temporaryFolder } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jsonLines, wardrobe } from './run-wardrobe.js';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const PASSPHRASE = 'zebra lampe wolke ofen';

let folder: string;
let tree: string;

beforeAll(async () => {
  folder = await temporaryFolder('cli-backup');
  tree = `${folder}/tree`;
  mkdirSync(`${tree}/sub/cache`, { recursive: true });
  writeFileSync(`${tree}/a.txt`, 'hello\n');
  writeFileSync(`${tree}/sub/b.tmp`, 'b');
  writeFileSync(`${tree}/sub/cache/c`, 'c');
  writeFileSync(`${tree}/sub/d`, 'd');
});

afterAll(() => void execFileSync('rm', ['-rf', folder]));

const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => wardrobe(args, { WARDROBE_INDEX: `${folder}/index`, ...env });

function storedKiB(store: string): number {
  return Number.parseInt(execFileSync('du', ['-sk', store]).toString(), 10);
}

async function plainStore(name: string): Promise<string> {
  const store = `${folder}/${name}`;
  expect(await run(['at', store, 'create', '--plaintext'])).toMatchObject({ code: 0, err: '' });
  return store;
}

describe('create', () => {
  test('makes an encrypted store from a key file, and refuses a folder that is not empty', async () => {
    writeFileSync(`${folder}/key`, `${PASSPHRASE}\n`);
    const store = `${folder}/encrypted`;
    const made = await run(['--keyfile', `${folder}/key`, 'at', store, 'create', '--line', '1.1', '--hashing', 'sha256', '--compression', 'none', '--json']);
    expect(made.code).toBe(0);
    expect(jsonLines(made.out)).toEqual([expect.objectContaining({ created: store, encrypted: true, hashing: 'SHA256', compression: null, line: '1.1' })]);
    expect(jsonLines((await run(['at', store, 'info', '--json'], { WARDROBE_PASSPHRASE: PASSPHRASE })).out)[0]).toMatchObject({
      encrypted: true,
      snapshots: 0,
    });
    const words = (await run(['at', store, 'info'], { WARDROBE_PASSPHRASE: PASSPHRASE })).out;
    expect(words).toContain('\nencryption   AES256-GCM-SIV, keys wrapped with AES256-KW, from the passphrase with ARGON2ID\n');
    expect(words).toContain('\nusable by    wardrobe and plakar 1.1\n');
    expect((await run(['at', store, 'ls'], { WARDROBE_PASSPHRASE: PASSPHRASE })).err).toContain('holds no snapshot yet');
    const again = await run(['at', store, 'create'], { WARDROBE_PASSPHRASE: PASSPHRASE });
    expect(again).toMatchObject({ code: 1, out: '', err: expect.stringContaining('is not empty') });
    const other = await run(['at', tree, 'create', '--plaintext']);
    expect(other).toMatchObject({ code: 1, err: expect.stringContaining('is not empty') });
    expect(readdirSync(tree)).toEqual(['a.txt', 'sub']);
  });

  test('refuses weak, empty and missing passphrases and unknown words, and makes nothing then', async () => {
    const store = `${folder}/never`;
    for (const passphrase of ['password123', '']) {
      expect((await run(['at', store, 'create'], { WARDROBE_PASSPHRASE: passphrase })).code).toBe(1);
    }
    expect(await run(['at', store, 'create'])).toMatchObject({ code: 1, err: expect.stringContaining('--plaintext') });
    for (const option of ['--hashing=MD5', '--compression=zip', '--line=2.0']) expect((await run(['at', store, 'create', '--plaintext', option])).code).toBe(1);
    expect(readdirSync(folder)).not.toContain('never');
    const weak = await run(['at', `${folder}/weak`, 'create', '--weak-passphrase'], { WARDROBE_PASSPHRASE: 'pw' });
    expect(weak).toMatchObject({ code: 0, err: expect.stringContaining('keep the passphrase') });
  });
});

describe('backup', () => {
  test('saves, says what it did, and reads nothing the second time', async () => {
    const store = await plainStore('simple');
    const first = await run(['at', store, 'backup', '--tag', 'a,b', '--tag', 'c', '--name', 'n', '--job', 'j', '--check', tree]);
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toContain(`of ${tree}: 4 files`);
    expect(first.out).toContain('checked: no damage');
    const second = await run(['at', store, 'backup', '--json', tree], { PLAKAR_TAGS: 'x,y' });
    const [summary] = jsonLines(second.out);
    expect(summary).toMatchObject({ backup: { files: 4, directories: 3, unchanged: 4, readBytes: 0, errors: 0 } });
    const listed = jsonLines((await run(['at', store, 'ls', '--json'])).out);
    expect(listed).toEqual([expect.objectContaining({ tags: ['x', 'y'], name: 'default' }), expect.objectContaining({ tags: ['a', 'b', 'c'], name: 'n' })]);
    expect((await run(['at', store, 'cat', `${String(listed[0]?.['id'])}:a.txt`])).out).toBe('hello\n');
    expect((await run(['at', store, 'backup', '--no-cache', '--json', '--force-timestamp', '2020-02-03T04:05:06Z', tree])).out).toContain('"unchanged":0');
    expect((await run(['at', store, 'backup', '--force-timestamp', '2999-01-01T00:00:00Z', tree])).code).toBe(1);
    expect((await run(['at', store, 'backup', `${tree}/none`])).code).toBe(1);
    expect((await run(['at', store, 'backup', '--concurrency', '0', tree])).code).toBe(1);
    expect((await run(['at', store, 'check'])).code).toBe(0);
    expect((await run(['at', store, 'locks'])).out).toBe('');
  });

  test('leaves out what rules say; a dry run stores nothing', async () => {
    const store = await plainStore('rules');
    writeFileSync(`${folder}/ignore`, '# comment\n*.tmp\n');
    const rules = ['--ignore-file', `${folder}/ignore`, '--ignore', `${tree}/sub/cache/`];
    const plan = await run(['at', store, 'backup', '--dry-run', '--json', ...rules, tree]);
    expect(jsonLines(plan.out)).toEqual([{ plan: expect.objectContaining({ files: 2, directories: 2, unchanged: 0, previous: null }) }]);
    expect((await run(['at', store, 'backup', '--dry-run', ...rules, tree])).out).toContain('Nothing was stored');
    expect(readdirSync(`${store}/packfiles`).flatMap((bucket) => readdirSync(`${store}/packfiles/${bucket}`))).toEqual([]);
    const done = await run(['at', store, 'backup', '--json', ...rules, '--ignore', '[bad', tree]);
    expect(jsonLines(done.out).at(-1)).toEqual({ backup: expect.objectContaining({ files: 2 }) });
    expect(done.err).toContain('malformed');
    expect((await run(['at', store, 'backup', '--ignore-file', `${folder}/no such file`, tree])).code).toBe(1);
  });

  test('takes several paths, relative ones and names that are not UTF-8', async () => {
    const store = await plainStore('names');
    const odd = Buffer.concat([Buffer.from(`${folder}/odd-`), Buffer.from([0xff])]);
    mkdirSync(odd);
    writeFileSync(Buffer.concat([odd, Buffer.from('/x')]), 'odd');
    const script = `cd "$0" && "$1" "$2" at "$3" backup --json tree "$(printf 'odd-\\377')/"`;
    const out = execFileSync('sh', ['-c', script, folder, process.execPath, MAIN, store], {
      env: { PATH: process.env['PATH'], HOME: '/nonexistent', WARDROBE_INDEX: `${folder}/index` },
    });
    expect(jsonLines(out.toString()).at(-1)).toEqual({ backup: expect.objectContaining({ files: 5, directories: 4, errors: 0 }) });
    const [{ id, roots } = {}] = jsonLines((await run(['at', store, 'ls', '--json'])).out);
    expect(roots).toEqual([folder]);
    expect((await run(['at', store, 'cat', `${String(id)}:odd-%FF/x`])).out).toBe('odd');
  });

  test('ends with 65 and names what it could not save; the rest is there', async () => {
    const store = await plainStore('errors');
    const root = `${folder}/partly`;
    mkdirSync(root);
    writeFileSync(`${root}/fine`, 'fine');
    const long = 'x'.repeat(250);
    execFileSync('sh', ['-c', `cd "$0" && for i in $(seq 17); do mkdir ${long} && cd -P ${long} || exit 1; done`, root]);
    chmodSync(root, 0o755);
    const done = await run(['at', store, 'backup', '--json', root]);
    expect(done.code).toBe(65);
    expect(done.err).toContain('file name too long');
    const lines = jsonLines(done.out);
    expect(lines.at(-1)).toMatchObject({ backup: { files: 1, errors: 1 } });
    expect(lines[0]).toMatchObject({ severity: 'error', message: expect.stringContaining('file name too long') });
    expect((await run(['at', store, 'check'])).code).toBe(0);
  });

  test('told to stop keeps what was stored, leaves no lock, and goes on at the next run', async () => {
    const store = await plainStore('stopped');
    const root = `${folder}/large`;
    mkdirSync(root);
    const random = seededRandom(8);
    for (let i = 0; i < 20; i++)
      writeFileSync(
        `${root}/${i}`,
        Uint8Array.from({ length: 200_000 }, () => random.next() * 256),
      );
    // Holes as far as one can read: the command is busy until it is told to stop.
    writeFileSync(`${root}/z`, 'z');
    truncateSync(`${root}/z`, 200 * 2 ** 30);
    const child = spawn(process.execPath, [MAIN, 'at', store, 'backup', root], {
      env: { PATH: process.env['PATH'], HOME: '/nonexistent', WARDROBE_INDEX: `${folder}/index` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const empty = storedKiB(store);
    let err = '';
    child.stderr.on('data', (data: Buffer) => {
      err += data.toString();
    });
    const ended = once(child, 'exit');
    // Something of the small files lies there, in a packfile or on the way to one.
    while (storedKiB(store) < empty + 1000) await new Promise((resolve) => setTimeout(resolve, 100));
    child.kill('SIGINT');
    const [code] = await ended;
    expect(code).toBe(1);
    expect(err).toContain('Interrupted.');
    expect(err).toMatch(/is kept: run the same command again/);
    expect(readdirSync(`${store}/locks`)).toEqual([]);
    expect((await run(['at', store, 'ls'])).out).toBe('');
    truncateSync(`${root}/z`, 1);
    expect(await run(['at', store, 'backup', '--check', root])).toMatchObject({ code: 0 });
    expect(readFileSync(`${root}/z`, 'utf8')).toBe('z');
  });
});
