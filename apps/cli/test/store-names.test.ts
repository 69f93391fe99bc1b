import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { copyFixtureStore, FIXTURE_PASSPHRASE, temporaryFolder } from '@wardrobe/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadedFiles } from './loaded-files.js';
import { jsonLines, type Run, wardrobe } from './run-wardrobe.js';

let plain: string;
let encrypted: string;
beforeAll(async () => {
  plain = await copyFixtureStore('v10-plain-desync');
  encrypted = await copyFixtureStore('v10-enc-desync');
});

/** A user with configuration folders of their own. */
async function user(): Promise<{ readonly folder: string; run(...args: string[]): Promise<Run> }> {
  const folder = await temporaryFolder('user');
  const env = { XDG_CONFIG_HOME: folder, WARDROBE_INDEX: join(folder, 'index') };
  return { folder, run: (...args) => wardrobe(args, env) };
}

describe('named stores', () => {
  it('are added, shown, checked, used, changed and removed', async () => {
    const { folder, run } = await user();
    expect((await run('store', 'ls')).err).toContain('store add');
    expect((await run('store', 'add', '@team', plain, '--default')).code).toBe(0);
    expect((await stat(join(folder, 'wardrobe', 'stores.yml'))).mode & 0o777).toBe(0o600);
    expect((await run('store', 'add', 'team', plain)).err).toContain('There is a store @team already.');
    expect(jsonLines((await run('store', 'ls', '--json')).out)).toMatchObject([{ name: 'team', location: plain, from: 'wardrobe', default: true }]);
    const listed = jsonLines((await run('at', '@team', 'ls', '--json')).out);
    expect(listed.length).toBeGreaterThan(0);
    expect(jsonLines((await run('ls', '--json')).out)).toEqual(listed);
    expect((await run('at', '@team', 'store', 'check')).out).toMatch(/ok +store/);
    expect((await run('store', 'set', 'team', `location=${encrypted}`, `passphrase=${FIXTURE_PASSPHRASE}`)).code).toBe(0);
    const shown = await run('store', 'show', 'team');
    expect(shown.out).toContain('passphrase: ********');
    expect(shown.out).not.toContain(FIXTURE_PASSPHRASE);
    expect((await run('store', 'show', '--secrets', 'team')).out).toContain(FIXTURE_PASSPHRASE);
    expect((await run('store', 'unset', 'team', 'passphrase')).code).toBe(0);
    expect((await run('store', 'check', '@team')).code).toBe(77);
    expect((await run('store', 'rm', 'team')).code).toBe(0);
    const gone = await run('at', '@team', 'ls');
    expect([gone.code, gone.err]).toEqual([1, expect.stringContaining('no store with the name @team')]);
  });

  it("of plakar's configuration are used, and its files are never written", async () => {
    const { folder, run } = await user();
    await mkdir(join(folder, 'plakar'));
    const file = join(folder, 'plakar', 'stores.yml');
    await writeFile(join(folder, 'plakar', 'pass'), `${FIXTURE_PASSPHRASE}\n`);
    const text = `version: v1.0.0\ndefault: nas\nstores:\n    nas:\n        location: ${encrypted}\n        passphrase_cmd: cat '${join(folder, 'plakar', 'pass')}'\n        odd: 1\n`;
    await writeFile(file, text);
    expect((await run('info')).code).toBe(0);
    for (const args of [
      ['set', 'nas', 'passphrase=x'],
      ['unset', 'nas', 'odd'],
      ['rm', 'nas'],
    ]) {
      const refused = await run('store', ...args);
      expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('which Wardrobe only reads')]);
    }
    expect((await run('store', 'add', 'nas', plain)).err).toContain('is hidden by this one');
    expect(await readFile(file, 'utf8')).toBe(text);
  });

  it('sources and destinations of it name folders of this machine; others are refused with what to do', async () => {
    const { folder, run } = await user();
    const [home, store, out] = [join(folder, 'home'), join(folder, 'store'), join(folder, 'out')];
    for (const made of [join(folder, 'plakar'), home]) await mkdir(made);
    await writeFile(join(home, 'a'), 'whole');
    const places = (what: string) =>
      `version: v1.0.0\n${what}:\n    home: { location: '${what === 'sources' ? home : `fs://${out}`}' }\n    far: { location: 's3://h/b', secret_access_key: s3cr3t }\n`;
    for (const what of ['sources', 'destinations']) await writeFile(join(folder, 'plakar', `${what}.yml`), places(what));
    await run('at', store, 'create', '--plaintext');
    expect((await run('at', store, 'backup', '@home')).code).toBe(0);
    expect((await run('at', store, 'restore', '--to', '@home')).code).toBe(0);
    expect(await readFile(join(out, 'a'), 'utf8')).toBe('whole');
    for (const [args, sentence] of [
      [['backup', '@far'], "The source @far is of the kind 's3'; only files of this machine can be saved."],
      [['restore', '--to', '@far'], "The destination @far is of the kind 's3'; files are restored into folders of this machine only."],
      [['restore', '--to', '@none'], "There is no destination @none in plakar's destinations.yml."],
    ] as const) {
      const refused = await run('at', store, ...args);
      expect([refused.code, refused.err]).toEqual([1, expect.stringContaining(sentence)]);
      expect(refused.err).not.toContain('s3cr3t');
    }
  });

  it('get the passphrase from the key file first, then from their configuration, then from the environment', async () => {
    const { folder, run } = await user();
    await run('store', 'add', 'x', encrypted, 'passphrase=wrong');
    await writeFile(join(folder, 'key'), FIXTURE_PASSPHRASE);
    expect((await run('--keyfile', join(folder, 'key'), 'at', '@x', 'info')).code).toBe(0);
    expect((await wardrobe(['at', '@x', 'info'], { XDG_CONFIG_HOME: folder, WARDROBE_PASSPHRASE: FIXTURE_PASSPHRASE })).code).toBe(77);
  });

  it('a broken file hinders only who needs it', async () => {
    const { folder, run } = await user();
    await mkdir(join(folder, 'wardrobe'));
    await writeFile(join(folder, 'wardrobe', 'stores.yml'), 'stores: [');
    expect((await run('at', plain, 'info')).code).toBe(0);
    expect((await run('agent', 'inspect', '--cache', folder)).err).not.toContain('stores.yml');
    const stopped = await run('info');
    expect([stopped.code, stopped.err]).toEqual([1, expect.stringContaining('stores.yml cannot be read as YAML')]);
  });

  it('WARDROBE_STORE names the store, before PLAKAR_REPOSITORY', async () => {
    expect((await wardrobe(['info'], { WARDROBE_STORE: plain, PLAKAR_REPOSITORY: '/nonexistent' })).code).toBe(0);
    expect((await wardrobe(['info'], { PLAKAR_REPOSITORY: plain })).code).toBe(0);
  });

  it('a value that is not given is read from standard input, and is in no argument', async () => {
    const folder = await temporaryFolder('user');
    const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
    await new Promise<void>((resolve, reject) => {
      const child = execFile(
        process.execPath,
        [main, 'store', 'add', 'x', encrypted, 'passphrase'],
        { env: { XDG_CONFIG_HOME: folder, HOME: folder } },
        (error) => (error === null ? resolve() : reject(error)),
      );
      child.stdin?.end(`${FIXTURE_PASSPHRASE}\n`);
    });
    const [shown] = jsonLines((await wardrobe(['store', 'show', '--secrets', '--json', 'x'], { XDG_CONFIG_HOME: folder })).out);
    expect(shown?.['passphrase']).toBe(FIXTURE_PASSPHRASE);
  });
});

describe('options and kinds', () => {
  it.each([
    [['-o', 'port=22', 'at', 'PLAIN', 'ls'], /a store in a folder has no options: 'port'/i],
    [['-o', 'noequals', 'at', 'PLAIN', 'ls'], /written KEY=VALUE/],
    [['at', 'tape://drive', 'ls'], /No connector opens stores of the kind 'tape'/],
    [['at', '@', 'ls'], /no store with the name @/],
    [['store', 'add', 'a:b', '/x'], /no name for a store/],
    [['store', 'add', 'x', '/x', 'port=22'], /has no option 'port'/],
  ])('%j is refused with a sentence', async (args, sentence) => {
    const run = await wardrobe(args.map((word) => (word === 'PLAIN' ? plain : word)));
    expect(run.code).toBe(1);
    expect(run.err).toMatch(sentence);
  });

  it('what a snapshot says of its command line holds no secret', async () => {
    const store = join(await temporaryFolder('made'), 'store');
    const folder = await temporaryFolder('source');
    await writeFile(join(folder, 'a'), 'a');
    await wardrobe(['at', store, 'create', '--plaintext', '--compression', 'none']);
    await wardrobe(['--no-index', 'at', store, 'backup', '--ignore', 'access_key=s3cr3t', folder]);
    const packfiles = (await readdir(join(store, 'packfiles'), { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    const bytes = Buffer.concat(await Promise.all(packfiles.map((entry) => readFile(join(entry.parentPath, entry.name))))).toString('latin1');
    expect(bytes).toContain('backup --ignore access_key=********');
    expect(bytes).not.toContain('s3cr3t');
  });

  it('a folder is opened without another connector and without a reader of configuration files', async () => {
    const { code, files } = await loadedFiles(['at', plain, '--no-index', 'ls']);
    expect(code).toBe(0);
    const ours = files.filter((file) => file.includes('/dist/'));
    expect(ours.length).toBeGreaterThan(2);
    for (const file of ours)
      expect(await readFile(file, 'utf8'), file).not.toMatch(/^\/\/ .*(?:libs\/connectors\/(?!fs\/)|node_modules\/(?:yaml|ssh2|@aws-sdk)\/)/m);
  });
});
