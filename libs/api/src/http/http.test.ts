import { describe, expect, it } from 'vitest';
import { decodeText } from '../engine/text-preview.js';
import { pathOfQuery } from '../engine/paths.js';
import { sessionCookie, sessionOfCookies } from './cookies.js';
import { contentDisposition } from './disposition.js';
import { servedType } from './media-types.js';
import { parseRange } from './range.js';
import { checkHost, checkOrigin } from './request.js';

describe('names in headers', () => {
  it.each([
    ['plain.txt', 'attachment; filename="plain.txt"'],
    ['zurück.txt', `attachment; filename="zur_ck.txt"; filename*=UTF-8''zur%C3%BCck.txt`],
    ['a"b\\c%41.txt', `attachment; filename="a_b_c_41.txt"; filename*=UTF-8''a%22b_c%2541.txt`],
    ['a\r\nSet-Cookie: x', `attachment; filename="a__Set-Cookie: x"`],
    ['../../etc/passwd', `attachment; filename=".._.._etc_passwd"`],
    ['..', 'attachment; filename="_"'],
    ['', 'attachment; filename="file"'],
    ['bad\ufffdname', `attachment; filename="bad_name"; filename*=UTF-8''bad%EF%BF%BDname`],
    ["it's(1)*.txt", `attachment; filename="it's(1)*.txt"`],
    ['\u202etxt.exe', `attachment; filename="_txt.exe"`],
  ])('%j becomes %s', (name, header) => {
    expect(contentDisposition('attachment', name)).toBe(header);
  });
  it('half a surrogate pair breaks nothing', () => {
    expect(contentDisposition('inline', 'a\ud83d')).toMatch(/^inline; filename="a_"; filename\*=UTF-8''a%EF%BF%BD$/);
  });
});

describe('byte ranges', () => {
  it.each([
    [undefined, { kind: 'whole' }],
    ['bytes=0-0', { kind: 'part', start: 0, end: 1 }],
    ['bytes=5-', { kind: 'part', start: 5, end: 10 }],
    ['bytes=-3', { kind: 'part', start: 7, end: 10 }],
    ['bytes=-30', { kind: 'part', start: 0, end: 10 }],
    ['bytes=5-100', { kind: 'part', start: 5, end: 10 }],
    ['bytes=10-', { kind: 'unsatisfiable' }],
    ['bytes=-0', { kind: 'unsatisfiable' }],
    ['bytes=6-5', { kind: 'whole' }],
    ['bytes=0-1,3-4', { kind: 'whole' }],
    ['items=0-1', { kind: 'whole' }],
    ['bytes=-', { kind: 'whole' }],
    ['bytes=99999999999999999999-', { kind: 'whole' }],
  ])('%s of 10 bytes', (header, answer) => {
    expect(parseRange(header, 10)).toEqual(answer);
  });
  it('an empty file has no part', () => {
    expect(parseRange('bytes=0-', 0)).toEqual({ kind: 'unsatisfiable' });
  });
});

describe('types that files are served in', () => {
  it.each([
    ['a.html', 'text/plain; charset=utf-8'],
    ['a.svg', 'text/plain; charset=utf-8'],
    ['a.js', 'text/plain; charset=utf-8'],
    ['a.PNG', 'image/png'],
    ['a.pdf', 'application/pdf'],
    ['a.swf', 'application/octet-stream'],
    ['constructor', 'application/octet-stream'],
    ['x.__proto__', 'application/octet-stream'],
    ['noext', 'application/octet-stream'],
  ])('%s is %s', (name, type) => {
    expect(servedType(name)).toBe(type);
  });
});

describe('paths in queries', () => {
  it.each([
    ['/srv/a%20b', '/srv/a b'],
    ['%2Fsrv%2Fa%2520b', '/srv/a b'],
    ['%2Fsrv%2Fcaf%25C3%25A9', '/srv/café'],
    ['/srv/100%25', '/srv/100%'],
    ['%2Fsrv%2F100%2525', '/srv/100%'],
    ['', '/'],
  ])('%s is %s', (raw, path) => {
    expect(Buffer.from(pathOfQuery(raw)).toString()).toBe(path);
  });
  it('bytes that are not UTF-8 come through both ways', () => {
    expect(Buffer.from(pathOfQuery('/a%FFb')).toString('hex')).toBe('2f61ff62');
    expect(Buffer.from(pathOfQuery('%2Fa%25FFb')).toString('hex')).toBe('2f61ff62');
  });
});

describe('cookies', () => {
  it('with https the cookie is bound to the host and to https', () => {
    expect(sessionCookie('wds_x', true)).toBe('__Host-wardrobe=wds_x; Path=/; HttpOnly; SameSite=Lax; Max-Age=1209600; Secure');
    expect(sessionOfCookies(`a=b; __Host-wardrobe=${'x'.repeat(43)}; wardrobe=${'y'.repeat(43)}`, true)).toBe('x'.repeat(43));
    expect(sessionOfCookies('wardrobe=bad value', false)).toBeNull();
  });
});

describe('hosts and origins', () => {
  const config = { baseUrl: 'https://wardrobe.example.org', secure: true, demo: false, storeRoots: [], version: '', workerUrl: new URL('file:///none') };
  it.each([
    ['wardrobe.example.org', true],
    ['wardrobe.example.org:443', true],
    ['evil.example', false],
    ['localhost', false],
    ['', false],
    ['wardrobe.example.org.evil.example', false],
    ['a@wardrobe.example.org', true],
  ])('host %j is let in: %s', (host, passes) => {
    const check = (): void => checkHost(host, config);
    if (passes) expect(check).not.toThrow();
    else expect(check).toThrow();
  });
  it('loopback has several names', () => {
    for (const host of ['localhost:7300', '127.0.0.1:7300', '[::1]:7300'])
      expect(() => checkHost(host, { ...config, baseUrl: 'http://127.0.0.1:7300' })).not.toThrow();
  });
  it('reading needs no origin, changing does', () => {
    const base = { host: 'h', fetchSite: undefined, hasBearer: false };
    expect(() => checkOrigin({ ...base, method: 'GET', origin: 'https://evil' })).not.toThrow();
    expect(() => checkOrigin({ ...base, method: 'POST', origin: 'https://h' })).not.toThrow();
    expect(() => checkOrigin({ ...base, method: 'POST', origin: 'https://evil' })).toThrow();
    expect(() => checkOrigin({ ...base, method: 'POST', origin: undefined })).toThrow();
    expect(() => checkOrigin({ ...base, method: 'POST', origin: undefined, hasBearer: true })).not.toThrow();
  });
});

describe('text in files', () => {
  it('knows UTF-8, UTF-16, Windows-1252 and binary', () => {
    expect(decodeText(Buffer.from('grün'), false)).toEqual({ text: 'grün', encoding: 'utf-8' });
    expect(decodeText(Buffer.from('\ufeffa', 'utf16le'), false)).toEqual({ text: 'a', encoding: 'utf-16le' });
    expect(decodeText(Buffer.from([0x67, 0x72, 0xfc, 0x6e]), false)).toEqual({ text: 'grün', encoding: 'windows-1252' });
    expect(decodeText(Buffer.from([1, 0, 2]), false).encoding).toBe('binary');
  });
  it('a character cut in half at the end of the first MiB is left out, not taken for another encoding', () => {
    expect(decodeText(Buffer.from('a€').subarray(0, 3), true)).toEqual({ text: 'a', encoding: 'utf-8' });
    expect(decodeText(Buffer.from('a€').subarray(0, 3), false).encoding).toBe('windows-1252');
  });
});
