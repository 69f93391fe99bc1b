import { InvalidInputError, type StoreLocation } from '@wardrobe/store-connector';

/** Where a store lies: server, bucket, and the prefixes to try in turn (without slashes at the ends; empty for the top of the bucket). */
export type S3Place = {
  readonly tls: boolean;
  readonly hostname: string;
  /** Null: the default of the protocol. */
  readonly port: number | null;
  readonly bucket: string;
  /** One, or two where percent signs can be read two ways: as written, then decoded. @source 04-remote-stores 2.1 */
  readonly prefixes: readonly string[];
  /** `s3://host[:port]/bucket[/prefix]`, for messages. */
  readonly shown: string;
};

type PlaceOptions = Readonly<Record<string, string>>;
type Authority = { readonly hostname: string; readonly port: number | null };

const AUTHORITY = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?$/;
const BUCKET = /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/;
/** What every connector version reads as the same key. */
const UNRESERVED = /^[A-Za-z0-9._~/-]*$/;

/**
 * Takes a location and the options `endpoint`, `port`, `root`, `virtual_host`, `use_tls` apart. All variants of one place give the same answer.
 * @source 04-remote-stores 2.2
 * @throws InvalidInputError
 */
export function parsePlace(location: StoreLocation, options: PlaceOptions): S3Place {
  const slash = location.rest.indexOf('/');
  const authorityText = slash < 0 ? location.rest : location.rest.slice(0, slash);
  if (authorityText.includes('@')) throw new InvalidInputError('a location holds no keys: give access_key and secret_access_key as options');
  let segments = segmentsOf(slash < 0 ? '' : location.rest.slice(slash));
  if (options['root'] !== undefined) {
    if (segments.length > 0) throw new InvalidInputError("option 'root' of connector 's3' stands in place of a path: the location has one already");
    segments = segmentsOf(options['root']);
  }
  const endpoint = options['endpoint'] === undefined ? null : endpointOf(options['endpoint'], options['use_tls'] !== 'false');
  const { server, bucket, prefix } = divide({ authorityText, segments, endpoint, virtualHost: options['virtual_host'] === 'true' });
  if (!BUCKET.test(bucket))
    throw new InvalidInputError(bucket === '' ? 'the location names no bucket: s3://host/bucket' : `'${bucket}' is no name of a bucket`);
  const optionPort = options['port'] === undefined ? null : portOf(options['port']);
  if (optionPort !== null && server.port !== null && optionPort !== server.port)
    throw new InvalidInputError(`the location names port ${server.port}, option 'port' of connector 's3' names ${optionPort}`);
  const port = server.port ?? optionPort;
  return {
    tls: endpoint?.tls ?? options['use_tls'] !== 'false',
    hostname: server.hostname,
    port,
    bucket,
    prefixes: prefixesOf(prefix),
    shown: `s3://${server.hostname}${port === null ? '' : `:${port}`}/${[bucket, ...prefix].join('/')}`,
  };
}

/** Whether a store may be made below this prefix. */
export function mayCreateAt(place: S3Place): boolean {
  return place.prefixes.every((prefix) => UNRESERVED.test(prefix));
}

/** Host-style requests are for those that ask for them; everyone else gets `host/bucket`. @source 04-remote-stores 2.2 */
export function isHostStyle(hostname: string): boolean {
  return isAmazon(hostname) || /(^|\.)(storage\.googleapis\.com|aliyuncs\.com)$/i.test(hostname);
}

export function isAmazon(hostname: string): boolean {
  return /(^|\.)amazonaws\.com(\.cn)?$/i.test(hostname);
}

const REGION_IN_HOST: readonly RegExp[] = [
  /^s3[.-](?:dualstack\.)?([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com(?:\.cn)?$/i,
  /^s3\.([a-z0-9-]+)\.(?:backblazeb2\.com|wasabisys\.com|scw\.cloud|io\.cloud\.ovh\.(?:net|us))$/i,
  /^([a-z0-9-]+)\.digitaloceanspaces\.com$/i,
  /^oss-([a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com$/i,
];

/** The region that a vendor's host name stands for, null where it says nothing. */
export function regionOfHost(hostname: string): string | null {
  if (/\.r2\.cloudflarestorage\.com$/i.test(hostname)) return 'auto';
  for (const pattern of REGION_IN_HOST) {
    const region = pattern.exec(hostname)?.[1];
    if (region !== undefined) return region.toLowerCase();
  }
  return null;
}

/** URL of the server for a region: Amazon's one host name for all regions is the one of us-east-1 in fact. */
export function endpointUrl(place: Pick<S3Place, 'tls' | 'hostname' | 'port'>, region: string): string {
  const hostname = /^s3\.amazonaws\.com$/i.test(place.hostname) && region !== 'us-east-1' ? `s3.${region}.amazonaws.com` : place.hostname;
  return `${place.tls ? 'https' : 'http'}://${hostname}${place.port === null ? '' : `:${place.port}`}`;
}

type Parts = {
  readonly authorityText: string;
  readonly segments: readonly string[];
  readonly endpoint: (Authority & { readonly tls: boolean }) | null;
  readonly virtualHost: boolean;
};

/** Which part of the location is the bucket. */
function divide({ authorityText, segments, endpoint, virtualHost }: Parts): { server: Authority; bucket: string; prefix: readonly string[] } {
  if (virtualHost) {
    const { hostname, port } = authorityOf(authorityText);
    const suffix = endpoint === null ? null : `.${endpoint.hostname}`;
    const cut = suffix !== null && hostname.toLowerCase().endsWith(suffix.toLowerCase()) ? hostname.length - suffix.length : hostname.indexOf('.');
    if (cut <= 0) throw new InvalidInputError("with 'virtual_host' the location is bucket.host/prefix: there is no bucket in front of the host");
    const server = endpoint ?? { hostname: hostname.slice(cut + 1), port };
    return { server: { hostname: server.hostname, port: server.port ?? port }, bucket: hostname.slice(0, cut), prefix: segments };
  }
  if (endpoint !== null) return { server: endpoint, bucket: authorityText, prefix: segments };
  return { server: authorityOf(authorityText), bucket: segments[0] ?? '', prefix: segments.slice(1) };
}

function authorityOf(text: string): Authority {
  const found = AUTHORITY.exec(text);
  if (found?.[1] === undefined) throw new InvalidInputError(`'${text}' is no host[:port] of an S3 server`);
  return { hostname: found[1], port: found[2] === undefined ? null : portOf(found[2]) };
}

function endpointOf(text: string, tls: boolean): Authority & { tls: boolean } {
  const found = /^(?:(https?):\/\/)?([^/]+)\/?$/i.exec(text);
  if (found?.[2] === undefined) throw new InvalidInputError("option 'endpoint' of connector 's3' must be host[:port]");
  return { ...authorityOf(found[2]), tls: found[1] === undefined ? tls : found[1].toLowerCase() === 'https' };
}

function portOf(text: string): number {
  const port = Number(text);
  if (port < 1 || port > 65_535) throw new InvalidInputError(`${text} is no port: 1 to 65535`);
  return port;
}

/** Slashes at the ends and doubled ones change nothing. */
function segmentsOf(path: string): readonly string[] {
  return path.split('/').filter((segment) => segment !== '');
}

function prefixesOf(segments: readonly string[]): readonly string[] {
  const raw = segments.join('/');
  if (!raw.includes('%')) return [raw];
  try {
    return [raw, segmentsOf(decodeURIComponent(raw)).join('/')];
  } catch (error) {
    if (error instanceof URIError) return [raw];
    throw error;
  }
}
