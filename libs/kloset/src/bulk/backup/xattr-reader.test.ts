import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { temporaryFolder } from '@wardrobe/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ByteText, bytesOfText, byteTextOfString } from './byte-text.js';
import { xattrReader } from './xattr-reader.js';

let folder: ByteText;

beforeAll(async () => {
  folder = byteTextOfString(await temporaryFolder('xattr'));
});

afterAll(() => void execFileSync('rm', ['-rf', folder]));

/** The native module, or null where it or attributes are missing. */
async function nativeModule() {
  try {
    const native = await import('@napi-rs/xattr');
    writeFileSync(`${folder}/probe`, '');
    native.setAttributeSync(`${folder}/probe`, 'user.probe', Buffer.from('x'));
    return native;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return null;
  }
}

test('attributes are bytes: values, and the paths that bear them as far as they can be named', async () => {
  const native = await nativeModule();
  if (native === null) return;
  const reader = xattrReader(native);
  const plain = `${folder}/plain`;
  writeFileSync(plain, 'x');
  symlinkSync('plain', `${folder}/link`);
  native.setAttributeSync(plain, 'user.b', Buffer.from([0, 255]));
  native.setAttributeSync(plain, 'user.\u00e9', Buffer.from(''));
  native.setAttributeSync(plain, 'user.a', Buffer.alloc(300, 7));
  expect(reader.list(plain)).toEqual({ names: ['user.a', 'user.b', 'user.\u00c3\u00a9'] });
  expect(reader.get(plain, 'user.b')).toEqual({ value: Buffer.from([0, 255]) });
  expect(reader.get(plain, 'user.a')).toEqual({ value: Buffer.alloc(300, 7) });
  expect(reader.get(plain, 'user.\u00c3\u00a9')).toEqual({ value: Buffer.from('') });
  // A link is not its target.
  expect(reader.list(`${folder}/link`)).toEqual({ names: [] });
  expect(reader.list(`${folder}/gone`)).toEqual({ error: `xattr.list ${folder}/gone: no such file or directory` });
  expect(reader.get(plain, 'user.none')).toEqual({ error: `xattr.get ${folder}/plain user.none: no data available` });
});

test.runIf(process.platform === 'linux')('a folder whose name is not UTF-8 and what lies below it can be asked, a file with such a name cannot', async () => {
  const native = await nativeModule();
  if (native === null) return;
  const reader = xattrReader(native);
  const odd = `${folder}/a\u00ff\u00fe`;
  mkdirSync(bytesOfText(odd) as Buffer);
  writeFileSync(bytesOfText(`${odd}/file`) as Buffer, 'x');
  writeFileSync(bytesOfText(`${odd}/\u00ff`) as Buffer, 'x');
  const handle = openSync(bytesOfText(odd) as Buffer, 'r');
  native.setAttributeSync(`/proc/self/fd/${handle}/.`, 'user.d', Buffer.from('folder'));
  native.setAttributeSync(`/proc/self/fd/${handle}/file`, 'user.q', Buffer.from([1, 0, 2]));
  closeSync(handle);
  expect(reader.list(odd)).toEqual({ names: ['user.d'] });
  expect(reader.get(odd, 'user.d')).toEqual({ value: Buffer.from('folder') });
  expect(reader.list(`${odd}/file`)).toEqual({ names: ['user.q'] });
  expect(reader.get(`${odd}/file`, 'user.q')).toEqual({ value: Buffer.from([1, 0, 2]) });
  expect(reader.list(`${odd}/\u00ff`)).toBeNull();
  expect(reader.get(`${odd}/\u00ff`, 'user.q')).toMatchObject({ error: expect.stringContaining('the name is not UTF-8') });
});

test('an attribute whose name is not UTF-8 is an error that says so, not the loss of nothing', async () => {
  const reader = xattrReader({
    listAttributesSync() {
      throw new Error('Invalid attribute name');
    },
    getAttributeSync: () => null,
  });
  expect(reader.list('/file')).toEqual({ error: 'xattr.list /file: the name of an attribute is not UTF-8, and none of its attributes can be read' });
  expect(reader.get('/file', 'user.\u00fe')).toMatchObject({ error: expect.stringContaining('the name is not UTF-8') });
});
