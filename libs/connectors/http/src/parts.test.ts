import { describe, expect, it } from 'vitest';
import { InvalidInputError, parseStoreLocation } from '@wardrobe/store-connector';
import { Base64Decoder, base64LengthBytes, encodeBase64 } from './base64.js';
import { DataScanner } from './data-scanner.js';
import { answerError, lineError, StalledError } from './failures.js';
import { httpConnector } from './index.js';
import { pauseMs } from './retry.js';

const AT = { location: 'http://host', what: 'state x' };
const host = { environment: {}, home: '/', temporaryFolder: '/tmp' };

function pseudoRandom(lengthBytes: number): Buffer {
  let seed = 1;
  return Buffer.from(
    Array.from({ length: lengthBytes }, () => {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      return seed >> 16;
    }),
  );
}

describe('base64 in pieces', () => {
  it.each([0, 1, 2, 3, 4, 5, 1000])('of %i bytes is that of the whole, wherever it is cut', async (lengthBytes) => {
    const bytes = pseudoRandom(lengthBytes);
    for (const size of [1, 2, 3, 7, 400]) {
      const pieces = Array.from({ length: Math.ceil(lengthBytes / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
      let text = '';
      for await (const piece of encodeBase64(pieces)) text += Buffer.from(piece).toString('latin1');
      expect(text).toBe(bytes.toString('base64'));
      expect(text.length).toBe(base64LengthBytes(lengthBytes));
      const decoder = new Base64Decoder();
      const back: Uint8Array[] = [];
      for (let at = 0; at < text.length; at += size) back.push(decoder.push(text.slice(at, at + size)));
      decoder.end();
      expect(Buffer.concat(back).equals(bytes)).toBe(true);
    }
  });

  it.each(['A', 'AAAAA', 'AA==AAAA', '!AAA', 'A===', 'AA=A'])('%s is refused', (text) => {
    expect(() => {
      const decoder = new Base64Decoder();
      decoder.push(text);
      decoder.end();
    }).toThrow(SyntaxError);
  });
});

describe('an object with data, as it comes', () => {
  const scan = (text: string, size: number) => {
    const scanner = new DataScanner();
    const found: Uint8Array[] = [];
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += size) found.push(...scanner.push(bytes.subarray(at, at + size)));
    return { rest: scanner.end(), data: Buffer.concat(found).toString() };
  };
  it.each([1, 2, 5, 1000])('in pieces of %i bytes', (size) => {
    expect(scan('{"Data":"aGVsbG8=","Err":""}\n', size)).toEqual({ rest: { Data: '', Err: '' }, data: 'hello' });
    expect(scan('{ "MAC" : "x\\"Data\\":\\"", "data" : "aGVsbG8=" }', size)).toEqual({ rest: { MAC: 'x"Data":"', data: '' }, data: 'hello' });
    expect(scan('{"Data":null,"Err":"é \\"Data\\""}', size)).toEqual({ rest: { Data: null, Err: 'é "Data"' }, data: '' });
    expect(scan('{"Data":"Pz8\\/"}', size)).toEqual({ rest: { Data: '' }, data: '???' });
  });

  it.each(['{"Data":"aGVs', '{"Data":"aGV"}', '[]', '{"Data":"aGVs"', `{"Err":"${'x'.repeat(70_000)}"}`])('%.20s… is refused', (text) => {
    expect(() => scan(text, 3)).toThrow(SyntaxError);
  });
});

describe('failures', () => {
  const socket = (code: string) => lineError(Object.assign(new Error(code), { code }), 'http://host', 'CONFIG');
  it.each([
    ['ENOTFOUND', 'name', false],
    ['EAI_AGAIN', 'name', true],
    ['ECONNREFUSED', 'route', true],
    ['ECONNRESET', 'line', true],
    ['EPIPE', 'line', true],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'trust', false],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'trust', false],
    ['CERT_HAS_EXPIRED', 'trust', false],
    ['ETIMEDOUT', 'timeout', true],
  ])('%s is the fault %s', (code, fault, retryable) => expect(socket(code)).toMatchObject({ code: 'store', fault, retryable }));

  it('a stall is a timeout', () => expect(lineError(new StalledError(), 'x', 'y')).toMatchObject({ fault: 'timeout', retryable: true }));

  it.each([
    [401, '', { code: 'store', fault: 'credentials', retryable: false }],
    [403, 'forbidden', { code: 'permission' }],
    [403, 'not allowed to delete', { code: 'permission' }],
    [403, 'this server is read-only: …', { code: 'read-only' }],
    [405, '', { code: 'read-only' }],
    [429, '', { fault: 'throttled', retryable: true }],
    [503, '', { fault: 'throttled', retryable: true }],
    [500, 'disk on fire', { fault: 'server', retryable: true }],
    [500, 'write x: no space left on device', { code: 'disk-full' }],
    [507, '', { code: 'disk-full' }],
    [502, '', { fault: 'server', retryable: true }],
    [418, '', { fault: 'server', retryable: false }],
    [302, '', { fault: 'server', retryable: false }],
    [413, '', { fault: 'server', retryable: false }],
  ])('status %i with %j', (status, text, expected) => expect(answerError({ status, text, retryAfter: null }, AT)).toMatchObject(expected));

  it.each([
    [404, ''],
    [500, 'open /srv/x: no such file or directory'],
    [500, 'packfile not found'],
  ])('status %i with %j is a missing item', (status, text) =>
    expect(answerError({ status, text, retryAfter: null }, AT).constructor.name).toBe('MissingError'),
  );

  it('no control character of a server reaches a message', () =>
    expect(answerError({ status: 500, text: 'a\u001b[31mb\r\nc', retryAfter: null }, AT).message).not.toMatch(/[^ -~…]/));

  it('pauses grow, spread, and obey the server within reason', () => {
    const later = (retryAfter: string | null) => answerError({ status: 503, text: '', retryAfter }, AT);
    expect(pauseMs(later(null), 1, () => 0.5)).toBe(200);
    expect(pauseMs(later(null), 3, () => 0.5)).toBe(800);
    expect(pauseMs(later('3'), 1, () => 0.5)).toBe(3200);
    expect(pauseMs(later('3600'), 1, () => 0.5)).toBeNull();
    expect(pauseMs(later(null), 4, () => 0.5)).toBeNull();
    expect(pauseMs(socket('ENOTFOUND'), 1, () => 0.5)).toBeNull();
  });
});

describe('the connector', () => {
  const open = (location: string, options: Record<string, string> = {}) => httpConnector.open({ location: parseStoreLocation(location), options, host });
  it.each([
    ['http://u:p@host', {}, 'no place in the location'],
    ['http://host/#x', {}, "'#'"],
    ['http://', {}, 'names no place'],
    ['https://host', { tls_no_verify: 'true' }, 'tls_no_verify_confirmed'],
    ['https://host', { tls_ca: '/absent/ca.pem' }, 'cannot be read'],
    ['http://host', { timeout_seconds: '0' }, '1 or more'],
    ['http://host', { other: '1' }, "no option 'other'"],
  ])('refuses %s with %j', (location, options, said) => {
    expect(() => open(location, options)).toThrow(InvalidInputError);
    expect(() => open(location, options)).toThrow(said);
  });

  it('shows no query of a location', () => expect(open('http://host:1/base?sig=s3cr3t').location).toBe('http://host:1/base'));
});
