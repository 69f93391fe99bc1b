import { describe, expect, it } from 'vitest';
import { checkOptions } from './options.js';
import { type Connector, type ConnectorOption, INTERFACE_VERSION, interfaceMismatch } from './connector.js';
import { formatStoreLocation, parseStoreLocation } from './location.js';

describe('locations', () => {
  it.each([
    ['/abs/path', 'fs', '/abs/path'],
    ['rel', 'fs', 'rel'],
    ['fs:rel', 'fs', 'rel'],
    ['fs:/abs', 'fs', '/abs'],
    ['fs:///abs', 'fs', '/abs'],
    ['C:\\x', 'fs', 'C:\\x'],
    ['./with:colon', 'fs', './with:colon'],
    ['ptar:rel.ptar', 'ptar', 'rel.ptar'],
    ['rel.ptar', 'ptar', 'rel.ptar'],
    ['ptar+https://host/x.ptar', 'ptar+https', 'host/x.ptar'],
    ['s3://host:9000/bucket/pre/fix', 's3', 'host:9000/bucket/pre/fix'],
    ['sftp://user@host/srv/x', 'sftp', 'user@host/srv/x'],
    ['S3://host/bucket', 'S3', 'host/bucket'],
  ])('%s is of the scheme %s', (text, scheme, rest) => {
    expect(parseStoreLocation(text)).toEqual({ scheme, rest });
  });

  it('come back in one form', () => {
    expect(formatStoreLocation(parseStoreLocation('s3:host/bucket'))).toBe('s3://host/bucket');
    expect(formatStoreLocation(parseStoreLocation('fs:///srv/store'))).toBe('/srv/store');
  });

  it.each(['', 's3:', 's3://', 'a\0b'])('%j names no place', (text) => {
    expect(() => parseStoreLocation(text)).toThrow(expect.objectContaining({ code: 'invalid-input' }));
  });
});

describe('options', () => {
  const known: readonly ConnectorOption[] = [
    { name: 'key', title: 'Key', help: 'The key.', kind: 'secret', required: true },
    { name: 'use_tls', title: 'TLS', help: 'Whether.', kind: 'boolean', default: 'true' },
    { name: 'class', title: 'Class', help: 'Which.', kind: 'choice', choices: ['STANDARD', 'COLD'] },
    { name: 'port', title: 'Port', help: 'Where.', kind: 'number' },
  ];

  it('get defaults and one spelling', () => {
    expect(checkOptions('x', known, { key: 'k', use_tls: 'F', class: 'cold', port: '22' })).toEqual({ key: 'k', use_tls: 'false', class: 'COLD', port: '22' });
    expect(checkOptions('x', known, { key: 'k' })).toEqual({ key: 'k', use_tls: 'true' });
  });

  it.each([
    [{}, "needs the option 'key'"],
    [{ key: 'k', kay: '1' }, "has no option 'kay'"],
    [{ key: 'k', use_tls: 'yes please' }, 'true or false'],
    [{ key: 'k', class: 'WARM' }, 'one of STANDARD, COLD'],
    [{ key: 'k', port: '-1' }, 'a whole number'],
  ])('%j are refused by name, without their values', (given, sentence) => {
    expect(() => checkOptions('x', known, given)).toThrow(sentence);
    expect(() => checkOptions('x', known, { ...given, key: 'very-secret', bad: '1' })).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('very-secret') }),
    );
  });
});

describe('the version of the interface', () => {
  const made = (interfaceVersion: string): Pick<Connector, 'name' | 'interfaceVersion'> => ({ name: 'x', interfaceVersion });

  it('fits by major, and by minor up to ours', () => {
    expect(interfaceMismatch(made(INTERFACE_VERSION))).toBeNull();
    expect(interfaceMismatch(made('1.0.7'))).toBeNull();
  });

  it.each(['2.0', '0.9', '1.99', 'new'])('%s is refused with a sentence', (version) => {
    expect(interfaceMismatch(made(version))).toContain(`'x'`);
  });
});
