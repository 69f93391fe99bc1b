import { execFileSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { temporaryFolder } from '@wardrobe/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ByteText, bytesOfText, byteTextOfString } from './byte-text.js';
import { readRawXattrs } from './raw-xattrs.js';
import { systemXattrs } from './xattr-reader.js';

let folder: ByteText;

beforeAll(async () => {
  folder = byteTextOfString(await temporaryFolder('xattr'));
});

afterAll(() => void execFileSync('rm', ['-rf', folder]));

/** lsetxattr through Perl, whatever the bytes; false where the file system or the system has none. */
function setXattr(path: ByteText, name: ByteText, value: Uint8Array): boolean {
  const number = process.arch === 'arm64' ? 6 : 189;
  const script = `my ($p, $n, $v) = map { pack("H*", $_) } @ARGV; exit(syscall(${number}, $p, $n, $v, length($v), 0) == 0 ? 0 : 1);`;
  const hex = (text: ByteText): string => Buffer.from(`${text}\0`, 'latin1').toString('hex');
  try {
    execFileSync('perl', ['-e', script, hex(path), hex(name), Buffer.from(value).toString('hex')], { stdio: 'ignore' });
    return true;
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
}

test('attributes are bytes: values, their names, and the paths that bear them', async () => {
  const plain = `${folder}/plain`;
  const odd = `${folder}/a\u00ff\u00fe`;
  const mixed = `${folder}/mixed`;
  for (const path of [plain, odd, mixed]) writeFileSync(bytesOfText(path) as Buffer, 'x');
  symlinkSync('plain', bytesOfText(`${folder}/link`) as Buffer);
  const reader = await systemXattrs();
  if (reader === null) return;
  if (!setXattr(plain, 'user.b', Buffer.from([0, 255]))) {
    // A file system without attributes.
    expect(reader.list(plain)).toEqual({ names: [] });
    return;
  }
  setXattr(plain, 'user.\u00c3\u00a9', Buffer.from(''));
  setXattr(plain, 'user.a', Buffer.alloc(300, 7));
  setXattr(odd, 'user.q', Buffer.from([1, 0, 2]));
  setXattr(mixed, 'user.\u00fe', Buffer.from('odd'));
  setXattr(mixed, 'user.n', Buffer.from('even'));
  reader.prepare?.([plain, odd, mixed]);
  expect(reader.list(plain)).toEqual({ names: ['user.a', 'user.b', 'user.\u00c3\u00a9'] });
  expect(reader.get(plain, 'user.b')).toEqual({ value: Buffer.from([0, 255]) });
  expect(reader.get(plain, 'user.a')).toEqual({ value: Buffer.alloc(300, 7) });
  expect(reader.get(plain, 'user.\u00c3\u00a9')).toEqual({ value: Buffer.from('') });
  expect(reader.list(odd)).toEqual({ names: ['user.q'] });
  expect(reader.get(odd, 'user.q')).toEqual({ value: Buffer.from([1, 0, 2]) });
  expect(reader.list(mixed)).toEqual({ names: ['user.n', 'user.\u00fe'] });
  expect(reader.get(mixed, 'user.\u00fe')).toEqual({ value: Buffer.from('odd') });
  expect(reader.get(mixed, 'user.n')).toEqual({ value: Buffer.from('even') });
  // A link is not its target.
  expect(reader.list(`${folder}/link`)).toEqual({ names: [] });
  expect(reader.list(`${folder}/gone`)).toEqual({ error: `xattr.list ${folder}/gone: no such file or directory` });
  expect(readRawXattrs([`${folder}/gone`])?.get(`${folder}/gone`)).toEqual({ error: 'no such file or directory' });
  // Python and Perl say the same of the same paths, each by itself.
  const asked = [plain, odd, mixed, `${folder}/link`, `${folder}/gone`];
  const both = (['python3', 'perl'] as const).flatMap((program) => readRawXattrs(asked, [program]) ?? []);
  expect(both.length).toBeGreaterThan(0);
  for (const found of both) {
    expect(found.get(odd)).toEqual({ values: new Map([['user.q', { value: Buffer.from([1, 0, 2]) }]]) });
    expect(found).toEqual(both[0]);
  }
  expect(reader.get(plain, 'user.none')).toEqual({ error: `xattr.get ${folder}/plain user.none: no data available` });
});
