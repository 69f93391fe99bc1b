import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BackEnd, folderBackEnd, httpBackEnd, s3BackEnd, sftpBackEnd } from './back-ends.js';
import { jsonLines, type Run, wardrobe } from './run-wardrobe.js';

/** What was done where: `ok`, or the exit code. */
const table = new Map<string, Map<string, string>>();

afterAll(() => {
  const operations = [...new Set([...table.values()].flatMap((row) => [...row.keys()]))];
  const lines = [...table].map(
    ([name, row]) => `| ${name.padEnd(5)} | ${operations.map((operation) => (row.get(operation) ?? '-').padEnd(operation.length)).join(' | ')} |`,
  );
  process.stdout.write(
    `\n| store | ${operations.join(' | ')} |\n| ----- | ${operations.map((operation) => '-'.repeat(operation.length)).join(' | ')} |\n${lines.join('\n')}\n`,
  );
});

describe.each([
  ['fs', folderBackEnd],
  ['s3', s3BackEnd],
  ['sftp', sftpBackEnd],
  ['http', httpBackEnd],
] as const)('a store over %s', (name, open) => {
  let backEnd: BackEnd;
  let env: Record<string, string>;
  let source: string;
  let snapshot: string;
  beforeAll(async () => {
    backEnd = await open();
    const folder = await temporaryFolder('user');
    env = { ...backEnd.env, HOME: folder, XDG_CONFIG_HOME: join(folder, 'config'), WARDROBE_INDEX: join(folder, 'index') };
    source = join(folder, 'source');
    await mkdir(join(source, 'docs'), { recursive: true });
    await writeFile(join(source, 'docs', 'letter.txt'), 'Dear reader');
    await writeFile(join(source, 'random.bin'), Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 251)));
  });
  afterAll(() => backEnd.close());

  async function does(operation: string, args: readonly string[], at: readonly string[] = []): Promise<Run> {
    const options = backEnd.options.flatMap((option) => ['-o', option]);
    const run = await wardrobe(at.length > 0 ? [...at, ...args] : [...options, 'at', backEnd.location, ...args], env);
    const row = table.get(name) ?? new Map<string, string>();
    table.set(name, row.set(operation, run.code === 0 ? 'ok' : String(run.code)));
    expect(run.code, `${operation}: ${run.err}`).toBe(0);
    return run;
  }

  it('is made, written and listed', async () => {
    await does('create', ['create', '--plaintext']);
    await does('backup', ['backup', '--check', '--tag', 'one', source]);
    const listed = jsonLines((await does('ls', ['ls', '--json'])).out);
    expect(listed).toHaveLength(1);
    snapshot = String(listed[0]?.['id']).slice(0, 10);
    expect((await does('ls -r', ['ls', '--recursive', `${snapshot}:docs`])).out).toContain('letter.txt');
  });

  it('is read, proven and restored', async () => {
    expect((await does('cat', ['cat', `${snapshot}:docs/letter.txt`])).out).toBe('Dear reader');
    await does('check', ['check', '--store']);
    expect((await does('check', ['check'])).out).toMatch(/^1 snapshot checked .* no damage\n$/);
    const out = join(await temporaryFolder('out'), 'all');
    await does('restore', ['restore', '--to', out, '--verify', snapshot]);
    expect(await readFile(join(out, 'random.bin'))).toEqual(await readFile(join(source, 'random.bin')));
  });

  it('has a name, is copied to another store and changed', async () => {
    await does('store', ['store', 'add', 'team', backEnd.location, ...backEnd.options], ['--no-index']);
    const tried = await does('try', ['store', 'check', '@team', '--json'], ['--no-index']);
    expect(jsonLines(tried.out).every(({ ok }) => ok === true)).toBe(true);
    const copy = join(await temporaryFolder('copy'), 'store');
    expect((await wardrobe(['at', copy, 'create', '--plaintext'], env)).code).toBe(0);
    await does('sync', ['sync', 'from', '@team'], ['at', copy]);
    await does('dup', ['dup', snapshot], ['at', '@team']);
    await does('rm', ['rm', '--apply', snapshot], ['at', '@team']);
    await does('locks', ['locks', 'clear'], ['at', '@team']);
    expect(jsonLines((await does('ls @', ['ls', '--json'], ['at', '@team'])).out)).toHaveLength(1);
  });
});

describe('an archive', () => {
  it('is read, proven and restored by its file name, and never written', async () => {
    const folder = await temporaryFolder('ptar');
    const env = { HOME: folder, WARDROBE_INDEX: join(folder, 'index') };
    const [store, file] = [join(folder, 'store'), join(folder, 'one.ptar')];
    await writeFile(join(folder, 'letter.txt'), 'Dear reader');
    for (const args of [
      ['create', '--plaintext'],
      ['backup', join(folder, 'letter.txt')],
      ['ptar', '-o', file, '--plaintext'],
    ])
      expect((await wardrobe(['at', store, ...args], env)).code).toBe(0);
    const row = new Map<string, string>();
    table.set('ptar', row);
    const does = async (operation: string, args: readonly string[]): Promise<Run> => {
      const run = await wardrobe(['at', file, ...args], env);
      row.set(operation, run.code === 0 ? 'ok' : String(run.code));
      return run;
    };
    const [listed] = jsonLines((await does('ls', ['ls', '--json'])).out);
    const snapshot = String(listed?.['id']).slice(0, 10);
    expect((await does('cat', ['cat', `${snapshot}:${join(folder, 'letter.txt')}`])).out).toBe('Dear reader');
    expect((await does('check', ['check'])).code).toBe(0);
    expect((await does('restore', ['restore', '--to', join(folder, 'out'), snapshot])).code).toBe(0);
    expect((await does('try', ['store', 'check'])).code).toBe(0);
    expect((await wardrobe(['at', file, 'rm', '--apply', snapshot], env)).code).toBe(1);
    expect((await wardrobe(['at', join(folder, 'none.ptar'), 'ls'], env)).err).not.toContain('fault in wardrobe');
  });
});
