import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { temporaryFolder } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InvalidInputError } from '../../errors/errors.js';
import { type ByteText, byteTextOfString, bytesOfText } from './byte-text.js';
import { exclusionRules } from './exclusion-rules.js';
import { goModeOfStat, resolveRoots, walkRoots } from './walk.js';
import type { WalkedEntry, WalkOptions } from './walk-types.js';

let folder: ByteText;

beforeAll(async () => {
  folder = byteTextOfString(await temporaryFolder('walk'));
});

// Not by Node: it cannot remove what is deeper than a path can be long.
afterAll(() => void execFileSync('rm', ['-rf', folder]));

const at = (path: ByteText): Buffer => bytesOfText(path === '' ? folder : `${folder}/${path}`) as Buffer;

function walk(paths: readonly ByteText[], options: Partial<WalkOptions> & { readonly line?: '1.0' | '1.1' } = {}) {
  const entries: WalkedEntry[] = [];
  const prefixes: WalkedEntry[] = [];
  const errors: string[] = [];
  const skipped: ByteText[] = [];
  const roots = resolveRoots(paths, options.line ?? '1.0');
  const all = { rules: exclusionRules([]), oneFileSystem: false, storeDirectory: null, onStoreSkipped: (path: ByteText) => skipped.push(path), ...options };
  for (const group of walkRoots(roots, all)) {
    (group.isPrefix ? prefixes : entries).push(...group.entries);
    errors.push(...group.errors.map(({ message }) => message.replaceAll(folder, '')));
  }
  const names = entries.map(({ path }) => path.slice(folder.length));
  return { entries, names, prefixes: prefixes.map(({ path }) => path), errors, roots, skipped };
}

describe('walk', () => {
  test('names are bytes and come in the order of bytes, a directory before what lies in it', () => {
    mkdirSync(at('order'));
    for (const name of ['b', 'a\u00ff\u00fe', 'a', 'Z', '\u00c3\u00bc', 'a.b']) writeFileSync(at(`order/${name}`), '');
    mkdirSync(at('order/a-'));
    writeFileSync(at('order/a-/x'), '');
    expect(walk([`${folder}/order`]).names).toEqual([
      '/order',
      '/order/Z',
      '/order/a',
      '/order/a-',
      '/order/a.b',
      '/order/a\u00ff\u00fe',
      '/order/b',
      '/order/\u00c3\u00bc',
      '/order/a-/x',
    ]);
  });

  test('every kind of file has the mode that Go gives it', () => {
    mkdirSync(at('kinds'));
    writeFileSync(at('kinds/file'), 'x');
    chmodSync(at('kinds/file'), 0o4751);
    symlinkSync(Buffer.from('/nowhere/\u00fc', 'latin1'), at('kinds/link'));
    execFileSync('mkfifo', [at('kinds/pipe').toString()]);
    linkSync(at('kinds/file'), at('kinds/second'));
    const { entries } = walk([`${folder}/kinds`]);
    const byName = new Map(entries.map((entry) => [entry.name, entry]));
    expect(byName.get('file')?.goMode).toBe(0x00800000 + 0o751);
    expect(byName.get('link')).toMatchObject({ goMode: 0x08000000 + 0o777, target: '/nowhere/\u00fc', isFile: false });
    expect((byName.get('pipe')?.goMode ?? 0) >>> 9).toBe(0x02000000 >>> 9);
    expect(byName.get('second')?.stat).toMatchObject({ ino: byName.get('file')?.stat.ino, nlink: 2n });
    expect(goModeOfStat(0o020644)).toBe(0x04200000 + 0o644);
    expect(goModeOfStat(0o060644)).toBe(0x04000000 + 0o644);
    expect(goModeOfStat(0o141777)).toBe(0x01000000 + 0x00100000 + 0o777);
    expect(goModeOfStat(0o042755)).toBe(0x80000000 + 0x00400000 + 0o755);
  });

  test('the folders above come once, also with several roots; nested roots are dropped', () => {
    mkdirSync(at('several/a/x'), { recursive: true });
    mkdirSync(at('several/b'));
    const { names, prefixes, roots } = walk([`${folder}/several/b`, `${folder}/several/a/x`, `${folder}/several/a/`, `${folder}/several/../several/b`]);
    expect(names).toEqual(['/several/a', '/several/a/x', '/several/b']);
    expect(roots.directory).toBe(`${folder}/several`);
    expect(new Set(prefixes).size).toBe(prefixes.length);
    expect(prefixes).toContain('/');
    expect(prefixes).toContain(`${folder}/several`);
    expect(prefixes).not.toContain(`${folder}/several/a`);
  });

  test('a root that is a link is saved as a link, and what it leads to is walked', () => {
    mkdirSync(at('real'));
    writeFileSync(at('real/x'), '');
    symlinkSync('real', at('link'));
    symlinkSync('link', at('link2'));
    const { names, roots } = walk([`${folder}/link2`]);
    expect(names).toEqual(['/link2', '/link', '/real', '/real/x']);
    expect(roots.directory).toBe(`${folder}/link2`);
    symlinkSync('round', at('round'));
    expect(() => walk([`${folder}/round`])).toThrow(InvalidInputError);
  });

  test('a root that is a file stands for itself on line 1.0 and for its folder on line 1.1', () => {
    writeFileSync(at('one'), 'x');
    expect(walk([`${folder}/one`])).toMatchObject({ names: ['/one'], roots: { directory: `${folder}/one` } });
    expect(walk([`${folder}/one`], { line: '1.1' }).roots.directory).toBe(folder);
    expect(() => walk([`${folder}/none`])).toThrow(`${folder}/none does not exist`);
  });

  test('rules leave out what they match, and directories with all that they hold', () => {
    mkdirSync(at('rules/node_modules/deep'), { recursive: true });
    mkdirSync(at('rules/src'));
    for (const name of ['node_modules/deep/keep.js', 'src/a.o', 'src/keep.o', 'src/a.c']) writeFileSync(at(`rules/${name}`), '');
    const rules = exclusionRules(['node_modules/', '*.o', '!keep.*']);
    expect(walk([`${folder}/rules`], { rules }).names).toEqual(['/rules', '/rules/src', '/rules/src/a.c', '/rules/src/keep.o']);
    expect(() => walk([`${folder}/rules`], { rules: exclusionRules([folder]) })).toThrow('leave out all of');
  });

  test('the store is left out by whatever name it is met, and is no root', () => {
    mkdirSync(at('holder/store/packfiles'), { recursive: true });
    symlinkSync(at('holder/store'), at('to-store'));
    const store = { storeDirectory: at('to-store').toString() };
    expect(walk([`${folder}/holder`], store)).toMatchObject({ names: ['/holder'], skipped: [`${folder}/holder/store`] });
    expect(() => walk([`${folder}/holder/store/packfiles`], store)).toThrow('lies in the store itself');
  });

  test('a large directory comes in groups', () => {
    mkdirSync(at('large'));
    for (let i = 0; i < 1200; i++) writeFileSync(at(`large/${i}`), '');
    const roots = resolveRoots([`${folder}/large`], '1.0');
    const groups = [...walkRoots(roots, { rules: exclusionRules([]), oneFileSystem: true, storeDirectory: null, onStoreSkipped: () => undefined })];
    expect(groups.filter(({ directory }) => directory === `${folder}/large`).map(({ entries }) => entries.length)).toEqual([512, 512, 176]);
  });

  test('a tree deeper than paths can be long ends in an error of its path', () => {
    mkdirSync(at('deep'));
    const name = 'd'.repeat(200);
    execFileSync('sh', ['-c', `cd "$0" && for i in $(seq 30); do mkdir ${name} && cd -P ${name} || exit 1; done`, `${folder}/deep`]);
    const { names, errors } = walk([`${folder}/deep`]);
    expect(names.length).toBeGreaterThan(15);
    expect(errors).toEqual([expect.stringMatching(/^(lstat|open) .*: file name too long$/)]);
  });
});
