import { isIP, isIPv4 } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import type { ServerOptions } from './arguments.js';

/** Only programs on this computer reach such an address. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  return bare === 'localhost' || bare === '::1' || (isIPv4(bare) && bare.startsWith('127.'));
}

/** The address to print and to put into commands. */
export function baseUrlFor(options: Pick<ServerOptions, 'host' | 'tls' | 'baseUrl'>, port: number): string {
  if (options.baseUrl !== null) return options.baseUrl;
  const scheme = options.tls === null ? 'http' : 'https';
  const everywhere = options.host === '0.0.0.0' || options.host === '::' || options.host === '';
  const host = everywhere ? hostname() : isIP(options.host) === 6 ? `[${options.host}]` : options.host;
  return new URL(`${scheme}://${host}:${port}`).origin;
}

/**
 * What a request's Host header may say. A page of another site that had its name point here (DNS rebinding) names its own host and is
 * refused. Lower case, with port unless it is the scheme's own.
 */
export function allowedHosts(options: Pick<ServerOptions, 'host' | 'tls' | 'baseUrl'>, port: number, further: readonly string[]): string[] {
  const names = ['localhost', '127.0.0.1', '[::1]'];
  if (!isLoopback(options.host)) {
    const own = Object.values(networkInterfaces())
      .flatMap((list) => list ?? [])
      .map((item) => (item.family === 'IPv6' ? `[${item.address}]` : item.address));
    names.push(...own, hostname().toLowerCase(), options.host.toLowerCase());
  }
  const scheme = options.tls === null ? 'http' : 'https';
  const hosts = names.filter((name) => URL.canParse(`${scheme}://${name}:${port}`)).map((name) => new URL(`${scheme}://${name}:${port}`).host);
  const base = new URL(baseUrlFor(options, port)).host;
  return [...new Set([...hosts, base, ...further.map((name) => name.toLowerCase())])];
}
