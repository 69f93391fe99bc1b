import { readFile } from 'node:fs/promises';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { rootCertificates } from 'node:tls';
import type { S3Client } from '@aws-sdk/client-s3';
import { allowedLookup, InvalidInputError } from '@wardrobe/store-connector';
import { credentialsOf } from './credentials.js';
import { type Attempts, requestHandler } from './handler.js';
import { endpointUrl, isAmazon, isHostStyle, regionOfHost } from './place.js';
import type { S3Settings } from './settings.js';

type Sdk = typeof import('./sdk.js');

/** The SDK, loaded, and its client for this store. `attempts`: where a call's abort signal must be entered. */
export type S3 = { readonly sdk: Sdk; readonly client: S3Client; readonly attempts: Attempts };

/** What the library would print is in the errors already. */
const SILENT = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };

function ignore(): void {
  // See SILENT.
}

const SOCKETS = 64;
const DEFAULT_REGION = 'us-east-1';

/** The client of one store, made at its first call and made anew when its region turns out to be another. */
export class Clients {
  #region: string;
  /** Nobody has named the region: the server may. */
  readonly mayDiscover: boolean;
  #made: Promise<S3> | null = null;
  #agent: HttpAgent | HttpsAgent | null = null;

  constructor(readonly settings: S3Settings) {
    const { place, host } = settings;
    const named = settings.region ?? regionOfHost(place.hostname);
    this.mayDiscover = named === null;
    const fromEnvironment = isAmazon(place.hostname) ? (host.environment['AWS_REGION'] ?? host.environment['AWS_DEFAULT_REGION']) : undefined;
    this.#region = named ?? fromEnvironment ?? DEFAULT_REGION;
  }

  get region(): string {
    return this.#region;
  }

  /** @throws InvalidInputError the file of `tls_ca` cannot be read */
  get(): Promise<S3> {
    this.#made ??= this.#make();
    return this.#made;
  }

  useRegion(region: string): void {
    this.#region = region;
    this.#made = null;
  }

  close(): void {
    this.#agent?.destroy();
    this.#agent = null;
    this.#made = null;
  }

  async #make(): Promise<S3> {
    const { place } = this.settings;
    const sdk = await import('./sdk.js');
    const attempts: Attempts = new WeakMap();
    this.#agent ??= await this.#makeAgent();
    const client = new sdk.S3Client({
      region: this.#region,
      endpoint: endpointUrl(place, this.#region),
      forcePathStyle: !isHostStyle(place.hostname),
      credentials: credentialsOf(this.settings),
      requestHandler: requestHandler({ tls: place.tls, agent: this.#agent, attempts, host: this.settings.host }),
      // Retries are ours, so that they are counted, bounded in time and stopped at once.
      maxAttempts: 1,
      retryMode: 'standard',
      // Some vendors refuse the checksum headers; Content-MD5 is known to all.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      expectContinueHeader: false,
      followRegionRedirects: false,
      useDualstackEndpoint: false,
      useFipsEndpoint: false,
      useArnRegion: false,
      userAgentAppId: 'wardrobe',
      logger: SILENT,
    });
    return { sdk, client, attempts };
  }

  async #makeAgent(): Promise<HttpAgent | HttpsAgent> {
    const { place, tlsCaFile, verifyCertificate, host } = this.settings;
    const lookup = allowedLookup(host);
    const pool = { keepAlive: true, maxSockets: SOCKETS, scheduling: 'lifo' as const, ...(lookup === undefined ? {} : { lookup }) };
    if (!place.tls) return new HttpAgent(pool);
    const trust = tlsCaFile === null ? {} : { ca: [...rootCertificates, await readAuthorities(tlsCaFile)] };
    return new HttpsAgent({ ...pool, ...trust, rejectUnauthorized: verifyCertificate });
  }
}

async function readAuthorities(file: string): Promise<string> {
  try {
    const text = await readFile(file, 'utf8');
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text;
  } catch (cause) {
    throw new InvalidInputError(`option 'tls_ca' of connector 's3': the file ${file} cannot be read`, { cause });
  }
  throw new InvalidInputError(`option 'tls_ca' of connector 's3': the file ${file} holds no certificate in PEM form`);
}
