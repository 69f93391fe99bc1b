import { parseStoreLocation } from '@wardrobe/store-connector';
import { describe, expect, it } from 'vitest';
import { isPlainPath, parseEndpoint } from './endpoint.js';

const NOTHING = { username: undefined, port: undefined, root: undefined };
type Filling = { readonly username?: string; readonly port?: number; readonly root?: string };
const endpoint = (text: string, options: Filling = {}) => parseEndpoint(parseStoreLocation(text), { ...NOTHING, ...options });

describe('locations of SFTP stores', () => {
  it.each([
    ['sftp://nas/srv/x', { host: 'nas', port: undefined, username: undefined, paths: ['/srv/x'] }],
    ['sftp://me@nas:2222/srv/x/', { host: 'nas', port: 2222, username: 'me', paths: ['/srv/x'] }],
    ['sftp:me@nas/srv/x', { host: 'nas', port: undefined, username: 'me', paths: ['/srv/x'] }],
    ['sftp://me@[fe80::1%eth0]:22/x', { host: 'fe80::1%eth0', port: 22, username: 'me', paths: ['/x'] }],
    ['sftp://nas/~/x', { host: 'nas', port: undefined, username: undefined, paths: ['/~/x'] }],
    ['sftp://domain%5Cme@nas/', { host: 'nas', port: undefined, username: 'domain\\me', paths: ['/'] }],
  ])('%s', (text, expected) => expect(endpoint(text)).toEqual(expected));

  it('with a percent sign are tried as written, then decoded', () => {
    expect(endpoint('sftp://nas/srv/a%20b').paths).toEqual(['/srv/a%20b', '/srv/a b']);
    expect(endpoint('sftp://nas/srv/100%').paths).toEqual(['/srv/100%']);
    expect(endpoint('sftp://nas/srv/%ff').paths).toEqual(['/srv/%ff']);
    expect(isPlainPath('/srv/a%20b')).toBe(false);
    expect(isPlainPath('/srv/a-b_c.d~e')).toBe(true);
  });

  it('are filled in by options', () => {
    expect(endpoint('sftp://nas', { username: 'me', port: 23, root: '/srv/x/' })).toEqual({ host: 'nas', port: 23, username: 'me', paths: ['/srv/x'] });
  });

  it.each([
    ['sftp://nas', {}, 'names no folder'],
    ['sftp://nas:0/x', {}, '1 to 65535'],
    ['sftp://nas:99999/x', {}, '1 to 65535'],
    ['sftp:///x', {}, 'names no host'],
    ['sftp://-oProxyCommand=x/x', {}, 'names no host'],
    ['sftp://@nas/x', {}, "'@' without a user"],
    ['sftp://me@nas/x', { username: 'you' }, "'username'"],
    ['sftp://nas:22/x', { port: 23 }, "'port'"],
    ['sftp://nas/x', { root: '/y' }, "'root'"],
    ['sftp://nas', { root: 'relative' }, 'names no folder'],
  ])('%s with %j is refused with a sentence', (text, options, sentence) => {
    expect(() => endpoint(text, options)).toThrow(expect.objectContaining({ code: 'invalid-input', message: expect.stringContaining(sentence) }));
  });

  it('a password in one is refused and not repeated', () => {
    expect(() => endpoint('sftp://me:hunter2@nas/x')).toThrow(
      expect.objectContaining({ code: 'invalid-input', message: expect.not.stringContaining('hunter2') }),
    );
  });
});
