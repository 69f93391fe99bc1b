import type { ConnectorOption } from '@wardrobe/store-connector';

/** Classes whose objects must be brought back before they can be read. @source 04-remote-stores 3.8 */
export const ARCHIVE_CLASSES: ReadonlySet<string> = new Set(['GLACIER', 'DEEP_ARCHIVE']);

export const STORAGE_CLASSES = [
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER',
  'GLACIER_IR',
  'DEEP_ARCHIVE',
] as const;

/** Names up to `virtual_host` as in plakar's configuration. @source 04-remote-stores 2.2 */
export const S3_OPTIONS: readonly ConnectorOption[] = [
  { name: 'access_key', title: 'Access key', kind: 'text', help: 'Id of the key pair. Without it, the usual AWS environment, profile or role is used.' },
  { name: 'secret_access_key', title: 'Secret access key', kind: 'secret', help: 'Secret half of the key pair.' },
  {
    name: 'use_tls',
    title: 'Use TLS',
    kind: 'boolean',
    default: 'true',
    help: 'Speak HTTPS. Turn it off only for a server on this machine or a trusted network.',
  },
  {
    name: 'storage_class',
    title: 'Storage class',
    kind: 'choice',
    choices: STORAGE_CLASSES,
    default: 'STANDARD',
    advanced: true,
    help: 'Class of packfiles and states. GLACIER and DEEP_ARCHIVE cannot be read back at once, so nothing is written with them.',
  },
  { name: 'region', title: 'Region', kind: 'text', advanced: true, help: 'Region to sign for. By default the one of the host name, or what the server says.' },
  { name: 'endpoint', title: 'Endpoint', kind: 'text', advanced: true, help: 'host[:port] of the server; the location then begins with the bucket.' },
  { name: 'port', title: 'Port', kind: 'number', advanced: true, help: 'Port of the server where the location names none.' },
  { name: 'root', title: 'Root', kind: 'text', advanced: true, help: '/bucket/prefix where the location names only the server; /prefix with an endpoint.' },
  {
    name: 'virtual_host',
    title: 'Bucket in the host name',
    kind: 'boolean',
    default: 'false',
    advanced: true,
    help: 'The location is bucket.host/prefix instead of host/bucket/prefix.',
  },
  { name: 'session_token', title: 'Session token', kind: 'secret', advanced: true, help: 'Belongs to temporary keys.' },
  { name: 'profile', title: 'AWS profile', kind: 'text', advanced: true, help: 'Profile of ~/.aws/config and ~/.aws/credentials to take keys or a role from.' },
  {
    name: 'instance_role',
    title: 'Role of this machine',
    kind: 'boolean',
    default: 'false',
    advanced: true,
    help: 'Ask the metadata service of this machine or container for keys; done without asking for Amazon hosts.',
  },
  { name: 'tls_ca', title: 'Certificate authority', kind: 'file', advanced: true, help: 'PEM file with authorities to trust besides the usual ones.' },
  {
    name: 'tls_insecure_no_verify',
    title: 'Do not check the certificate',
    kind: 'boolean',
    default: 'false',
    advanced: true,
    help: 'Anybody on the line can then read the keys in use. Needs tls_insecure_confirmed besides; tls_ca is the better way.',
  },
  {
    name: 'tls_insecure_confirmed',
    title: 'Unchecked certificates confirmed',
    kind: 'boolean',
    default: 'false',
    advanced: true,
    help: 'Says that tls_insecure_no_verify is meant.',
  },
  {
    name: 'sse',
    title: 'Server-side encryption',
    kind: 'choice',
    choices: ['AES256', 'aws:kms'],
    advanced: true,
    help: 'Encrypt at rest with keys of the server (AES256) or of its key service (aws:kms).',
  },
  { name: 'sse_kms_key_id', title: 'Key of the key service', kind: 'text', advanced: true, help: 'Id of the key for aws:kms; by default the account’s own.' },
  {
    name: 'sse_customer_key',
    title: 'Customer key',
    kind: 'secret',
    advanced: true,
    help: 'Base64 of 32 bytes: the server encrypts with this key and forgets it (SSE-C). Needs TLS, and the same key for every use of the store.',
  },
];
