import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defaultDataFolder, openDataFolder } from './data-folder.js';
import { createSealer, keyRing, openKeyFile, UnsealError } from './key-file.js';
import { openKeyRing } from './open-key.js';
import { lockFolder } from './process-lock.js';
import { processStart } from './processes.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wardrobe-data-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the data folder', () => {
  test('lies where the system keeps such things', () => {
    const at = (platform: NodeJS.Platform, uid: number | undefined, env: Record<string, string> = {}): string =>
      defaultDataFolder({ platform, uid, env, home: '/home/u' });
    expect(at('linux', 1000)).toBe('/home/u/.local/share/wardrobe');
    expect(at('linux', 1000, { XDG_DATA_HOME: '/d' })).toBe('/d/wardrobe');
    expect(at('linux', 1000, { XDG_DATA_HOME: 'relative' })).toBe('/home/u/.local/share/wardrobe');
    expect(at('linux', 0)).toBe('/var/lib/wardrobe');
    expect(at('darwin', 501)).toBe('/home/u/Library/Application Support/wardrobe');
  });

  test('is made for its owner alone, and refused when others can write to it', () => {
    const path = join(folder, 'deep', 'data');
    const data = openDataFolder(path);
    expect(statSync(data.path).mode & 0o777).toBe(0o700);
    expect(statSync(data.indexes).mode & 0o777).toBe(0o700);
    chmodSync(path, 0o770);
    expect(() => openDataFolder(path)).toThrow(/chmod 700/);
  });
});

describe('the key file', () => {
  test('is made once, 0600, and gives the same keys again', () => {
    const path = join(folder, 'k', 'wardrobe.key');
    const first = openKeyFile(path, { mayCreate: true });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const second = openKeyFile(path, { mayCreate: false });
    expect(second.databasePassword('wardrobe')).toBe(first.databasePassword('wardrobe'));
    expect(first.databasePassword('wardrobe')).not.toBe(first.databasePassword('postgres'));
    expect(Buffer.from(second.sealer.open(first.sealer.seal(Buffer.from('secret'), 'store 1'), 'store 1')).toString()).toBe('secret');
  });

  test('is refused when others can read it, when it is none, and when it is missing beside data', () => {
    const path = join(folder, 'wardrobe.key');
    openKeyFile(path, { mayCreate: true });
    chmodSync(path, 0o644);
    expect(() => openKeyFile(path, { mayCreate: true })).toThrow(/chmod 600/);
    chmodSync(path, 0o600);
    writeFileSync(path, 'something else');
    expect(() => openKeyFile(path, { mayCreate: true })).toThrow(/not a Wardrobe key file/);
    const data = openDataFolder(join(folder, 'data'));
    openKeyRing(data);
    rmSync(join(data.path, 'wardrobe.key'));
    expect(() => openKeyRing(data)).toThrow(/is missing/);
    expect(() => openKeyRing(data, path)).toThrow(/not a Wardrobe key file/);
    expect(existsSync(join(data.path, 'wardrobe.key'))).toBe(false);
  });

  test('a sealed value opens only unchanged, in its own context, and under its own key; two seals of one value differ', () => {
    const { sealer } = keyRing(new Uint8Array(32).fill(1));
    const sealed = sealer.seal(Buffer.from('passphrase'), 'store 7');
    expect(sealer.seal(Buffer.from('passphrase'), 'store 7')).not.toEqual(sealed);
    expect(() => sealer.open(sealed, 'store 8')).toThrow(UnsealError);
    expect(() => createSealer(new Uint8Array(32).fill(2)).open(sealed, 'store 7')).toThrow(UnsealError);
    for (let index = 0; index < sealed.length; index++) {
      const changed = Uint8Array.from(sealed);
      changed[index] = (changed[index] ?? 0) ^ 1;
      expect(() => sealer.open(changed, 'store 7'), `byte ${index}`).toThrow(UnsealError);
      expect(() => sealer.open(sealed.subarray(0, index), 'store 7'), `cut at ${index}`).toThrow(UnsealError);
    }
  });
});

describe('the lock of a folder', () => {
  const path = (): string => join(folder, 'wardrobe.lock');

  test('names its holder, is given back, and is gone afterwards', () => {
    const lock = lockFolder(folder);
    expect(JSON.parse(readFileSync(path(), 'utf8'))).toMatchObject({ pid: process.pid, host: hostname() });
    expect(() => lockFolder(folder)).toThrow(new RegExp(`process ${process.pid} on ${hostname()}, since `));
    lock.release();
    expect(existsSync(path())).toBe(false);
    lockFolder(folder).release();
  });

  test('of a process that is gone, or whose pid another program bears now, is taken over', () => {
    const holder = { pid: 2 ** 22 - 3, since: new Date().toISOString(), host: hostname(), started: '1' };
    writeFileSync(path(), JSON.stringify(holder));
    lockFolder(folder).release();
    writeFileSync(path(), JSON.stringify({ ...holder, pid: process.ppid, started: 'another start' }));
    lockFolder(folder).release();
    writeFileSync(path(), JSON.stringify({ ...holder, pid: process.ppid, started: processStart(process.ppid) }));
    expect(() => lockFolder(folder)).toThrow(`process ${process.ppid}`);
  });

  test('of another host counts while it beats', () => {
    writeFileSync(path(), JSON.stringify({ pid: 1, since: 'yesterday', host: 'another-host', started: null }));
    expect(() => lockFolder(folder)).toThrow(/another-host/);
    utimesSync(path(), new Date(Date.now() - 120_000), new Date(Date.now() - 120_000));
    lockFolder(folder).release();
  });

  test('that is damaged is a sentence, not a take-over', () => {
    writeFileSync(path(), 'not json');
    expect(() => lockFolder(folder)).toThrow(/is damaged/);
  });
});
