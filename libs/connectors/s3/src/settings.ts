import { createHash } from 'node:crypto';
import { type ConnectorHost, type ConnectorInput, checkOptions, InvalidInputError } from '@wardrobe/store-connector';
import { ARCHIVE_CLASSES, S3_OPTIONS } from './options.js';
import { parsePlace, type S3Place } from './place.js';
import type { Headers } from './signature.js';

export type StaticKeys = { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string };

/** Headers of the requests that write, and of those that write or read, encrypted objects. */
export type Encryption = { readonly write: Headers; readonly customer: Headers };

/** Location and options, looked at as a whole; nothing of it has been tried. */
export type S3Settings = {
  readonly place: S3Place;
  readonly region: string | null;
  readonly storageClass: string;
  readonly keys: StaticKeys | null;
  readonly profile: string | null;
  readonly instanceRole: boolean;
  readonly tlsCaFile: string | null;
  readonly verifyCertificate: boolean;
  readonly encryption: Encryption;
  readonly host: ConnectorHost;
  /** Never to be seen in a message. */
  readonly secrets: readonly string[];
};

const CUSTOMER_KEY_BYTES = 32;
const SSE = 'x-amz-server-side-encryption';

/** @throws InvalidInputError with a sentence that names the option or part of the location */
export function readSettings({ location, options, host }: ConnectorInput): S3Settings {
  const checked = checkOptions('s3', S3_OPTIONS, options);
  const place = parsePlace(location, checked);
  const insecure = checked['tls_insecure_no_verify'] === 'true';
  if (insecure && place.tls && checked['tls_insecure_confirmed'] !== 'true')
    throw new InvalidInputError(
      "option 'tls_insecure_no_verify' lets anybody on the line pose as the server: give the server's authority with 'tls_ca' instead, or set 'tls_insecure_confirmed' as well if it is meant",
    );
  return {
    place,
    region: checked['region'] ?? null,
    storageClass: checked['storage_class'] ?? 'STANDARD',
    keys: staticKeys(checked),
    profile: checked['profile'] ?? null,
    instanceRole: checked['instance_role'] === 'true',
    tlsCaFile: checked['tls_ca'] ?? null,
    verifyCertificate: !insecure,
    encryption: encryptionOf(checked, place),
    host,
    secrets: ['secret_access_key', 'session_token', 'sse_customer_key'].flatMap((name) => checked[name] ?? []),
  };
}

/** Why nothing is written with this storage class, null when it may be. @source 04-remote-stores 3.8 */
export function archiveRefusal(storageClass: string): string | null {
  if (!ARCHIVE_CLASSES.has(storageClass)) return null;
  return `storage class ${storageClass} cannot be read back at once, and a store needs that: use GLACIER_IR or STANDARD_IA for little used data`;
}

function staticKeys(options: Readonly<Record<string, string>>): StaticKeys | null {
  const { access_key: id, secret_access_key: secret, session_token: token } = options;
  if (id === undefined && secret === undefined && token === undefined) return null;
  if (id === undefined || secret === undefined) throw new InvalidInputError("options 'access_key' and 'secret_access_key' of connector 's3' go together");
  return { accessKeyId: id, secretAccessKey: secret, ...(token === undefined ? {} : { sessionToken: token }) };
}

function encryptionOf(options: Readonly<Record<string, string>>, place: S3Place): Encryption {
  const { sse, sse_kms_key_id: kmsKey, sse_customer_key: customerKey } = options;
  if (kmsKey !== undefined && sse !== 'aws:kms') throw new InvalidInputError("option 'sse_kms_key_id' of connector 's3' needs sse=aws:kms");
  if (customerKey === undefined) {
    const algorithm = sse === 'AES256' || sse === 'aws:kms' ? { [SSE]: sse } : {};
    return { write: { ...algorithm, ...(kmsKey === undefined ? {} : { [`${SSE}-aws-kms-key-id`]: kmsKey }) }, customer: {} };
  }
  if (sse !== undefined) throw new InvalidInputError("options 'sse' and 'sse_customer_key' of connector 's3' exclude each other");
  if (!place.tls) throw new InvalidInputError("option 'sse_customer_key' of connector 's3' sends the key to the server: it needs TLS");
  const keyBytes = Buffer.from(customerKey, 'base64');
  if (!/^[A-Za-z0-9+/]{43}=$/.test(customerKey) || keyBytes.length !== CUSTOMER_KEY_BYTES)
    throw new InvalidInputError(`option 'sse_customer_key' of connector 's3' must be the base64 of ${CUSTOMER_KEY_BYTES} bytes`);
  const keyMd5 = createHash('md5').update(keyBytes).digest('base64');
  return { write: {}, customer: { [`${SSE}-customer-algorithm`]: 'AES256', [`${SSE}-customer-key`]: customerKey, [`${SSE}-customer-key-md5`]: keyMd5 } };
}
