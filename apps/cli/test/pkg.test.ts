import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { httpBackEnd } from './back-ends.js';
import { made, user } from './pkg-kit.js';
import { jsonLines } from './run-wardrobe.js';

describe('connectors', () => {
  it('that come along are there, are removed, added without a network, and removed again', async () => {
    const { data, run } = await user();
    const backEnd = await httpBackEnd();
    const state = async (): Promise<unknown> => jsonLines((await run(['pkg', 'ls', '--json'])).out).find(({ name }) => name === 'http')?.['from'];
    expect(await state()).toBe('built-in');
    expect((await run(['pkg', 'rm', 'http'])).out).toContain('switched off');
    expect((await run(['at', backEnd.location, 'create', '--plaintext'], backEnd.env)).err).toContain('wardrobe pkg add http');
    expect((await run(['pkg', 'rm', 'http'])).code).toBe(1);
    const added = await run(['pkg', 'add', 'http']);
    expect([added.code, added.out]).toEqual([0, expect.stringMatching(/integrity sha512-.*\nhttp@\d+\.\d+\.\d+: installed/)]);
    expect(await state()).toBe('installed');
    expect((await run(['at', backEnd.location, 'create', '--plaintext'], backEnd.env)).code).toBe(0);
    expect((await run(['at', backEnd.location, 'ls'], backEnd.env)).code).toBe(0);
    // Its errors are ours: a wrong token is a matter of credentials.
    expect((await run(['at', backEnd.location, 'ls'], { WARDROBE_OPTION_AUTH_TOKEN: 'wrong' })).code).toBe(77);
    expect((await run(['pkg', 'rm', 'http'])).out).toContain('the one that comes along is used again');
    expect(await state()).toBe('built-in');
    expect(await readdir(join(data, 'connectors'))).toEqual(['connectors.json']);
    await backEnd.close();
  });

  it('for folders is one of them: removed, and added as a package that works the same', async () => {
    const { run } = await user();
    const store = join(await temporaryFolder('folder'), 'store');
    expect((await run(['pkg', 'rm', 'fs'])).out).toContain('switched off');
    expect((await run(['at', store, 'create', '--plaintext'])).err).toContain('wardrobe pkg add fs');
    expect((await run(['pkg', 'add', 'fs'])).code).toBe(0);
    expect((await run(['at', store, 'create', '--plaintext'])).code).toBe(0);
    expect((await run(['at', store, 'backup', fileURLToPath(new URL('.', import.meta.url))])).code).toBe(0);
    expect((await run(['at', store, 'check'])).code).toBe(0);
    expect((await run(['at', join(store, 'none'), 'ls'])).err).toContain('is not a Kloset store');
  });

  it('of others are taken from a file when it was confirmed, upgraded, and proven before they are loaded', async () => {
    const { data, run } = await user();
    const file = await made();
    const asked = await run(['pkg', 'add', file]);
    expect([asked.code, asked.out, asked.err]).toEqual([1, expect.stringContaining('integrity sha512-'), expect.stringContaining('not confirmed')]);
    expect(await readdir(join(data, 'connectors'))).toEqual([]);
    expect((await run(['pkg', 'add', '--yes', file])).code).toBe(0);
    const torn = await run(['at', 'tape:one', 'ls']);
    expect([torn.code, torn.err]).toEqual([1, expect.stringContaining('the tape is torn')]);
    expect((await run(['pkg', 'add', '--yes', await made({ version: '1.1.0' })])).code).toBe(0);
    expect((await run(['pkg', 'show', 'tape@1.1.0'])).out).toContain('tape.tgz');
    const [folder = ''] = (await readdir(join(data, 'connectors'))).filter((name) => name.startsWith('tape-'));
    const entry = join(data, 'connectors', folder, 'index.js');
    await writeFile(entry, `${await readFile(entry, 'utf8')}\n// changed`);
    expect((await run(['at', 'tape:one', 'ls'])).err).toContain('are not those that were installed');
    expect((await run(['pkg', 'rm', 'tape'])).code).toBe(0);
    expect((await run(['at', 'tape:one', 'ls'])).err).toContain('No connector opens stores of the kind');
  });

  it.each<[string, () => Promise<string>, RegExp]>([
    ['one for another version of the interface', () => made({ interfaceVersion: '2.0' }), /made for version 2\.0 of the interface/],
    ['one with a file outside of itself', () => made({ name: 'package/../../evil.js' }), /outside of itself/],
    ['no package', async () => join(await temporaryFolder('none'), 'none.tgz'), /no file/],
    ['a name of nothing', async () => 'No Such Thing', /neither a connector/],
    ['another version of one that comes along', async () => 's3@99.0.0', /does not come along/],
  ])('%s is refused, and nothing of it stays', async (_what, name, sentence) => {
    const { data, run } = await user();
    const refused = await run(['pkg', 'add', '--yes', await name()]);
    expect([refused.code, refused.err]).toEqual([1, expect.stringMatching(sentence)]);
    expect((await readdir(data)).includes('connectors') ? await readdir(join(data, 'connectors')) : []).toEqual([]);
  });

  it('with a full name are fetched by the npm client, which runs no script of theirs', async () => {
    const { data, run } = await user();
    const bin = join(data, 'bin');
    await mkdir(bin);
    // Stands for the npm client: lays down what it would have fetched, and notes how it was called.
    await writeFile(
      join(bin, 'npm'),
      `#!/bin/sh
echo "$@" > ${data}/called
while [ "$1" != --prefix ]; do shift; done
mkdir -p "$2/node_modules/@example" && cd "$2/node_modules/@example" && tar xzf ${await made()} && mv package tape
printf '{"packages":{"node_modules/@example/tape":{"integrity":"sha512-known"}}}' > ../.package-lock.json
`,
    );
    await chmod(join(bin, 'npm'), 0o755);
    const added = await run(['pkg', 'add', '--yes', '@example/tape@1.0.0'], { PATH: `${bin}:${process.env['PATH']}` });
    expect([added.code, added.out], added.err).toEqual([0, expect.stringContaining('integrity sha512-known')]);
    expect(await readFile(join(data, 'called'), 'utf8')).toMatch(/^install --ignore-scripts .*@example\/tape@1\.0\.0\n$/);
    expect((await run(['at', 'tape:one', 'ls'])).err).toContain('the tape is torn');
  });
});
