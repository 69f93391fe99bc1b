import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  baseName,
  byteName,
  cleanPath,
  compareBytes,
  comparePathOrder,
  concatBytes,
  durationSecondsText,
  durationText,
  entryTypeOf,
  equalBytes,
  goModeOf,
  isAtOrBelow,
  isCleanPath,
  isExactText,
  isPlainName,
  modeText,
  nameBytes,
  nameText,
  parentPath,
  parseSnapshotPath,
  percentDecode,
  percentEncodeName,
  percentEncodePath,
  permissionsOf,
  permissionsText,
  posixModeText,
  resolveSnapshotPath,
  sizeText,
  timestampText,
} from './index.js';

const bytes = nameBytes;
const text = nameText;

describe('byte names', () => {
  it('bad UTF-8 shows as U+FFFD and the bytes stay exact', () => {
    const name = byteName(Uint8Array.of(0x61, 0xff, 0x62));
    expect(name.text).toBe('a\ufffdb');
    expect(isExactText(name.bytes)).toBe(false);
    expect(isExactText(bytes('zurück'))).toBe(true);
  });
  it('a leading byte order mark is part of the name', () => {
    expect(nameText(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa');
  });
  it('orders above U+FFFF by bytes, not by UTF-16 units', () => {
    expect(compareBytes(bytes('\uffee'), bytes('😀'))).toBeLessThan(0);
    expect('\uffee' < '😀').toBe(false);
  });
  it('path order counts slashes first', () => {
    const sorted = ['/b/c', '/', '/z', '/a/b/c', '/a'].map(bytes).sort(comparePathOrder).map(text);
    expect(sorted).toEqual(['/', '/a', '/z', '/b/c', '/a/b/c']);
  });
});

describe('paths', () => {
  it.each([
    ['/a//b/./c/', '/a/b/c'],
    ['/../../etc', '/etc'],
    ['', '/'],
    ['/..', '/'],
    ['a/../b', '/b'],
    ['/a/..b', '/a/..b'],
  ])('%s is cleaned to %s', (from, to) => {
    expect(text(cleanPath(bytes(from)))).toBe(to);
  });
  it('a relative path starts at its base', () => {
    expect(text(cleanPath(bytes('../x'), bytes('/srv/team')))).toBe('/srv/x');
    expect(text(resolveSnapshotPath(null, '/srv/team'))).toBe('/srv/team');
  });
  it('cleaning any bytes gives a clean path, twice the same', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (raw) => {
        const clean = cleanPath(raw);
        expect(isCleanPath(clean)).toBe(true);
        expect(equalBytes(cleanPath(concatBytes(clean, bytes('/'))), clean)).toBe(true);
      }),
    );
  });
  it('a path is clean when cleaning leaves it as it is, and only then', () => {
    const part = fc.constantFrom('', '/', '//', '.', '..', 'a', '.a', '...');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const path = bytes(parts.join(''));
        expect(isCleanPath(path)).toBe(path.length > 0 && equalBytes(cleanPath(path), path));
      }),
      { numRuns: 2000 },
    );
  });
  it('parent and base name meet at the root', () => {
    expect(text(parentPath(bytes('/a')))).toBe('/');
    expect(text(parentPath(bytes('/')))).toBe('/');
    expect(text(baseName(bytes('/')))).toBe('/');
    expect(text(baseName(bytes('/a/b')))).toBe('b');
  });
  it('below means whole components', () => {
    expect(isAtOrBelow(bytes('/ab'), bytes('/a'))).toBe(false);
    expect(isAtOrBelow(bytes('/a/b'), bytes('/a'))).toBe(true);
    expect(isAtOrBelow(bytes('/x'), bytes('/'))).toBe(true);
  });
  it('dots, slashes and nothing are no names', () => {
    expect(['', '.', '..', 'a/b'].map((name) => isPlainName(bytes(name)))).toEqual([false, false, false, false]);
    expect(isPlainName(bytes('...'))).toBe(true);
  });
});

describe('percent encoding', () => {
  it('is reversible for every byte', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (raw) => {
        expect(equalBytes(percentDecode(percentEncodePath(raw)), raw)).toBe(true);
        expect(equalBytes(percentDecode(percentEncodeName(raw)), raw)).toBe(true);
        expect(percentEncodeName(raw)).toMatch(/^[A-Za-z0-9._~%-]*$/);
      }),
    );
  });
  it('keeps a percent sign that escapes nothing', () => {
    expect(text(percentDecode('100%.txt%4'))).toBe('100%.txt%4');
    expect([...percentDecode('%ff%FE')]).toEqual([255, 254]);
  });
  it('keeps slashes in paths and not in names', () => {
    expect(percentEncodePath(bytes('/a b/ü'))).toBe('/a%20b/%C3%BC');
    expect(percentEncodeName(bytes('a/b'))).toBe('a%2Fb');
  });
});

describe('SNAP:path', () => {
  it('splits at the first colon', () => {
    const parsed = parseSnapshotPath('ABcd:/a:b%ff');
    expect(parsed.prefix).toBe('abcd');
    expect([...(parsed.path ?? [])]).toEqual([...bytes('/a:b'), 0xff]);
  });
  it('no path means the backup root', () => {
    expect(parseSnapshotPath('ab')).toEqual({ prefix: 'ab', path: null });
    expect(parseSnapshotPath('ab:')).toEqual({ prefix: 'ab', path: null });
    expect(parseSnapshotPath('/etc').prefix).toBe('');
  });
  it('a prefix that is not hex is refused', () => {
    expect(() => parseSnapshotPath('xyz:/a')).toThrow(TypeError);
  });
});

describe('modes', () => {
  it.each([
    [0x80000000 + 0o755, 'drwxr-xr-x', 'drwxr-xr-x', 'directory', 0o755],
    [0o644, '-rw-r--r--', '-rw-r--r--', 'file', 0o644],
    [0x08000000 + 0o777, 'Lrwxrwxrwx', 'lrwxrwxrwx', 'symlink', 0o777],
    [0x00800000 + 0o755, 'urwxr-xr-x', '-rwsr-xr-x', 'file', 0o4755],
    [0x80100000 + 0o777, 'dtrwxrwxrwx', 'drwxrwxrwt', 'directory', 0o1777],
    [0x02000000 + 0o600, 'prw-------', 'prw-------', 'fifo', 0o600],
    [0x04200000 + 0o620, 'Dcrw--w----', 'crw--w----', 'device', 0o620],
  ] as const)('%i is %s', (mode, plakar, posix, type, permissions) => {
    expect(modeText(mode)).toBe(plakar);
    expect(posixModeText(mode)).toBe(posix);
    expect(entryTypeOf(mode)).toBe(type);
    expect(permissionsOf(mode)).toBe(permissions);
  });
  it('a mode is rebuilt from type and permissions', () => {
    expect(goModeOf('directory', 0o1777)).toBe(0x80100000 + 0o777);
    expect(permissionsText(0o4755)).toBe('0o4755');
  });
});

describe('words', () => {
  it.each([
    [0, '0 B'],
    [9, '9 B'],
    [512, '512 B'],
    [1024, '1.0 KiB'],
    [300_000, '293 KiB'],
    [10_066_330, '9.6 MiB'],
    [1n << 60n, '1.0 EiB'],
  ] as const)('%s bytes are %s', (bytesCount, words) => {
    expect(sizeText(bytesCount)).toBe(words);
  });
  it.each([
    [0n, '0s'],
    [55_318_937n, '55.318937ms'],
    [65_000_000_000n, '1m5s'],
    [7_203_500_000_000n, '2h0m3.5s'],
    [-1_500n, '-1.5µs'],
  ] as const)('%s ns are %s', (ns, words) => {
    expect(durationText(ns)).toBe(words);
  });
  it('ls rounds durations to seconds', () => {
    expect(durationSecondsText(1_499_999_999n)).toBe('1s');
    expect(durationSecondsText(499_999_999n)).toBe('0s');
  });
  it('times are UTC to the nanosecond', () => {
    expect(timestampText(1704164645123456789n, { fraction: true })).toBe('2024-01-02T03:04:05.123456789Z');
    expect(timestampText(-1n, { fraction: true })).toBe('1969-12-31T23:59:59.999999999Z');
    expect(timestampText(1704164645123456789n)).toBe('2024-01-02T03:04:05Z');
  });
});
