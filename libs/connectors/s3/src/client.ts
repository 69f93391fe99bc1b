import { readFile } from 'node:fs/promises';
import { allowedLookup, InvalidInputError } from '@wardrobe/store-connector';
import { credentialsOf } from './credentials.js';
import type { Transport } from './handler.js';
import { heldKeys } from './held-keys.js';
import { endpointUrl, isAmazon, isHostStyle, regionOfHost } from './place.js';
import { S3Client } from './s3-client.js';
import { ServerClock } from './server-clock.js';
import type { S3Settings } from './settings.js';
import type { Keys } from './signature.js';

const SOCKETS = 64;
const DEFAULT_REGION = 'us-east-1';

/** The client of one store, made at its first call and made anew when its region turns out to be another. */
export class Clients {
  #region: string;
  /** Nobody has named the region: the server may. */
  readonly mayDiscover: boolean;
  readonly #keys: () => Promise<Keys>;
  readonly #clock = new ServerClock();
  #made: Promise<S3Client> | null = null;
  #transport: Transport | null = null;

  constructor(readonly settings: S3Settings) {
    const { place, host } = settings;
    const named = settings.region ?? regionOfHost(place.hostname);
    this.mayDiscover = named === null;
    const fromEnvironment = isAmazon(place.hostname) ? (host.environment['AWS_REGION'] ?? host.environment['AWS_DEFAULT_REGION']) : undefined;
    this.#region = named ?? fromEnvironment ?? DEFAULT_REGION;
    this.#keys = heldKeys(credentialsOf(settings));
  }

  get region(): string {
    return this.#region;
  }

  /** @throws InvalidInputError the file of `tls_ca` cannot be read */
  get(): Promise<S3Client> {
    this.#made ??= this.#make();
    return this.#made;
  }

  useRegion(region: string): void {
    this.#region = region;
    this.#made = null;
  }

  close(): void {
    this.#transport?.agent.destroy();
    this.#transport = null;
    this.#made = null;
  }

  async #make(): Promise<S3Client> {
    const { place } = this.settings;
    this.#transport ??= await this.#makeTransport();
    return new S3Client({
      region: this.#region,
      endpoint: endpointUrl(place, this.#region),
      hostStyle: isHostStyle(place.hostname),
      keys: this.#keys,
      clock: this.#clock,
      transport: this.#transport,
    });
  }

  /** TLS takes memory: it is loaded for stores that use it. */
  async #makeTransport(): Promise<Transport> {
    const { place, tlsCaFile, verifyCertificate, host } = this.settings;
    const lookup = allowedLookup(host);
    const pool = { keepAlive: true, maxSockets: SOCKETS, scheduling: 'lifo' as const, ...(lookup === undefined ? {} : { lookup }) };
    if (!place.tls) {
      const { Agent, request } = await import('node:http');
      return { request, agent: new Agent(pool), host };
    }
    const { Agent, request } = await import('node:https');
    const trust = tlsCaFile === null ? {} : { ca: [...(await import('node:tls')).rootCertificates, await readAuthorities(tlsCaFile)] };
    return { request, agent: new Agent({ ...pool, ...trust, rejectUnauthorized: verifyCertificate }), host };
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
