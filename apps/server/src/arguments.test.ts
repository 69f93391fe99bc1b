import { describe, expect, test } from 'vitest';
import { allowedHosts, baseUrlFor, isLoopback } from './address.js';
import { readArguments, type ServerOptions } from './arguments.js';

const read = (line: string): ServerOptions => {
  const options = readArguments(line.split(' ').filter((word) => word !== ''));
  if (options === 'help') throw new Error('help');
  return options;
};

describe('where the console may listen', () => {
  test('without words: this computer only, port 7300, no demonstration', () => {
    expect(read('')).toEqual({ host: '127.0.0.1', port: 7300, data: undefined, demo: false, tls: null, behindProxy: false, baseUrl: null, insecure: false });
  });

  test.each([
    '--host 0.0.0.0',
    '--host ::',
    '--host 192.168.1.7',
    '--host example.org',
    '--host 0.0.0.0 --base-url https://w.example.org',
    '--host 10.0.0.1 --demo',
  ])('%s is refused without https', (line) => {
    expect(() => read(line)).toThrow(/--tls-cert.*--behind-proxy.*--insecure/);
  });

  test.each([
    '--host 0.0.0.0 --tls-cert c --tls-key k',
    '--host 0.0.0.0 --behind-proxy --base-url https://w.example.org',
    '--host 0.0.0.0 --insecure',
    '--host ::1',
    '--host localhost',
    '--host 127.8.0.1',
  ])('%s is taken', (line) => {
    expect(read(line).host).toBe(line.split(' ')[1]);
  });

  test('a proxy wants an https address, and both halves of a certificate', () => {
    expect(() => read('--behind-proxy')).toThrow(/--base-url https/);
    expect(() => read('--behind-proxy --base-url http://w.example.org')).toThrow(/--base-url https/);
    expect(() => read('--tls-cert c')).toThrow(/both/);
    expect(() => read('--tls-cert c --tls-key k --behind-proxy --base-url https://w')).toThrow(/not both/);
  });

  test('unknown words and ports that are none are refused with a sentence', () => {
    expect(() => read('--prot 80')).toThrow(/Usage/);
    expect(() => read('--port 70000')).toThrow(/not a port/);
    expect(() => read('--base-url nonsense')).toThrow(/want an address/);
    expect(() => read('--base-url https://w.example.org/path')).toThrow(/without a path/);
    expect(readArguments(['--help'])).toBe('help');
  });
});

describe('names of the console', () => {
  test('loopback is what only this computer reaches', () => {
    expect(['127.0.0.1', '127.255.0.3', '::1', '[::1]', 'localhost'].map(isLoopback)).toEqual([true, true, true, true, true]);
    expect(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.org', 'localhost.example.org'].map(isLoopback)).toEqual([false, false, false, false, false]);
  });

  test('on loopback only the names of loopback are answered to', () => {
    expect(allowedHosts(read(''), 7300, []).sort()).toEqual(['127.0.0.1:7300', '[::1]:7300', 'localhost:7300']);
  });

  test('the base address and further names are answered to, and the port of the scheme is left out', () => {
    const options = read('--behind-proxy --base-url https://W.example.org');
    expect(allowedHosts(options, 80, ['other.example.org'])).toEqual(expect.arrayContaining(['w.example.org', 'localhost', 'other.example.org']));
    expect(baseUrlFor(options, 80)).toBe('https://w.example.org');
    expect(baseUrlFor(read('--host ::1 --port 1'), 1)).toBe('http://[::1]:1');
  });
});
