import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { jsonLines, type Run, wardrobe } from './run-wardrobe.js';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const SECRET = 'hush-hush';

async function user() {
  const folder = await temporaryFolder('user');
  const env = { XDG_CONFIG_HOME: folder, HOME: folder };
  const run = (...args: readonly string[]): Promise<Run> => wardrobe(args, env);
  const fed = (input: string, ...args: readonly string[]): Promise<Omit<Run, 'bytes'>> =>
    new Promise((resolve) => {
      const child = execFile(process.execPath, [MAIN, ...args], { env, encoding: 'utf8' }, (error, out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code), out, err });
      });
      child.stdin?.end(input);
    });
  const shown = async (): Promise<Record<string, unknown>[]> => jsonLines((await run('store', 'show', '--secrets', '--json')).out);
  return { folder, run, fed, shown };
}

const CLOUD = { location: 's3://s3.example.org/bucket/x', access_key: 'AKIA', secret_access_key: SECRET, use_tls: 'false' };
const YAML = `s3 cloud:\n    location: ${CLOUD.location}\n    access_key: AKIA\n    secret_access_key: ${SECRET}\n    use_tls: false\n`;

describe('store import', () => {
  it.each([
    ['YAML with a version', `version: v1.0.0\ndefault: x\nstores:\n${YAML.replace(/^/gm, '    ').trimEnd()}\n`],
    ['YAML without one', YAML],
    ['JSON', JSON.stringify({ 's3 cloud': { ...CLOUD, use_tls: false } }, null, 2)],
    ['INI', `; a comment\n[s3 cloud]\nlocation = ${CLOUD.location}\naccess_key=AKIA\nsecret_access_key = "${SECRET}"\r\nuse_tls = \`false\`\n`],
  ])('%s on standard input', async (_form, text) => {
    const { fed, shown } = await user();
    const done = await fed(text, 'store', 'import');
    expect([done.code, done.out], done.err).toEqual([0, `@s3 cloud: imported, ${CLOUD.location}\n`]);
    expect(await shown()).toMatchObject([{ name: 's3 cloud', from: 'wardrobe', ...CLOUD }]);
  });

  it('takes the sections that are named, under other names where these are given, and only into our own file', async () => {
    const { folder, run, shown } = await user();
    const file = join(folder, 'theirs.yml');
    const text = `a: { location: /srv/a, passphrase: ${SECRET} }\nb: { location: 'sftp://me@h/srv', identity: key, odd: ${SECRET} }\nc: { location: /c }\n`;
    await writeFile(file, text);
    const dry = await run('store', 'import', '--dry-run', '--file', file, 'a', '@b:nas');
    expect([dry.code, dry.out, dry.err]).toEqual([
      0,
      '@a: would be imported, /srv/a\n@nas: would be imported, sftp://me@h/srv\n',
      expect.stringMatching(/@nas: left out 1 option that its connector does not know: odd\n.*Nothing was changed\./s),
    ]);
    expect(await shown()).toEqual([]);
    const done = await run('store', 'import', '--json', '--file', file, 'a', '@b:nas');
    expect(jsonLines(done.out)).toMatchObject([
      { name: 'a', replaced: false, leftOut: [], dryRun: false },
      { name: 'nas', replaced: false, leftOut: ['odd'] },
    ]);
    expect(`${dry.out}${dry.err}${done.out}${done.err}`).not.toContain(SECRET);
    expect(await shown()).toMatchObject([
      { name: 'a', passphrase: SECRET },
      { name: 'nas', identity: expect.stringMatching(/^\/.*key$/) },
    ]);
    expect(await readFile(file, 'utf8')).toBe(text);
  });

  it('a name that is there is refused, with all the others; --overwrite replaces all of its options', async () => {
    const { folder, run, fed, shown } = await user();
    await run('store', 'add', 'a', '/old', `passphrase=${SECRET}`);
    const text = 'a: { location: /new }\nb: { location: /b }\n';
    const refused = await fed(text, 'store', 'import');
    expect([refused.code, refused.out, refused.err]).toEqual([1, '', expect.stringContaining('There is a store @a already. Nothing was imported.')]);
    expect((await shown()).map(({ name }) => name)).toEqual(['a']);
    expect((await fed(text, 'store', 'import', 'a:c', 'b')).code).toBe(0);
    const replaced = await fed(text, 'store', 'import', '--overwrite');
    expect(replaced.out).toContain('@a: replaced, /new');
    expect(replaced.out).toContain('@b: replaced, /b');
    expect(await shown()).toEqual(
      ['c', 'a', 'b'].map((name) => ({ name, from: 'wardrobe', file: join(folder, 'wardrobe', 'stores.yml'), location: name === 'b' ? '/b' : '/new' })),
    );
  });

  it.each<[string, string, readonly string[], string]>([
    ['a section without a location', '[x]\ntype = s3\n', [], 'The section x has no location. Nothing was imported.'],
    ['a kind that nobody opens', 'x: { location: tape://one }', [], "@x cannot be imported: No connector opens stores of the kind 'tape'"],
    ['an option that does not fit', `x: { location: 's3://h/b', use_tls: ${SECRET} }`, [], "Option 'use_tls' of connector 's3' must be true or false"],
    ['a section that is not there', 'x: { location: /x }', ['y'], 'There is no store y in standard input.'],
    ['two of one name', 'x: { location: /x }\ny: { location: /y }', ['x:z', 'y:z'], 'Two stores would get the name @z.'],
    ['a name that is none', '"a:b": { location: /x }', [], "'a:b' is no name for a store."],
    ['nothing', '', [], 'There is no store in standard input.'],
    ['what is nested', `x: { location: /x, deep: { a: ${SECRET} } }`, [], "'deep' of 'x' is nested"],
    ['a section that stands there twice', '[x]\nlocation=/x\n[x]\nlocation=/y\n', [], "the section 'x' stands there twice (line 3)"],
    ['a line that is none', `[x]\n${SECRET}\n`, [], 'line 2 is neither a [section] nor KEY = VALUE'],
    ['broken YAML', `x: { location: ${SECRET}`, [], 'cannot be read as YAML'],
    ['what is too large', `# ${'x'.repeat(1 << 20)}`, [], 'more than 1 MiB'],
  ])('%s is refused with a sentence, and nothing is imported', async (_what, text, sections, sentence) => {
    const { fed, shown } = await user();
    const refused = await fed(text, 'store', 'import', ...sections);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining(sentence)]);
    expect(`${refused.out}${refused.err}`).not.toContain(SECRET);
    expect(await shown()).toEqual([]);
  });
});
