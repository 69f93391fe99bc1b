import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError } from '@wardrobe/store-connector';
import { containerRole, hasContainerRole } from './container-role.js';
import { keyServiceHandler } from './key-services.js';
import { isAmazon } from './place.js';
import type { S3Settings } from './settings.js';
import type { Keys } from './signature.js';

const METADATA_TIMEOUT_MS = 2_000;

/**
 * Where the keys come from, asked in this order: options, option `profile`, keys of the environment, web identity, the profile of the environment or
 * the default one, the container's or machine's role. Asked anew at each call.
 * @throws StoreError (at the first call) fault `credentials`
 */
export function credentialsOf(settings: S3Settings): () => Promise<Keys> {
  return async () => {
    if (settings.keys !== null) return settings.keys;
    try {
      return await findKeys(settings);
    } catch (error) {
      if (error instanceof StoreError) throw error;
      // What a provider says may hold parts of files: only its kind is kept.
      throw new StoreError(`no keys for the S3 server: ${sourceOf(settings)} gave none (${error instanceof Error ? error.name : 'unknown'})`, {
        fault: 'credentials',
      });
    }
  };
}

async function findKeys(settings: S3Settings): Promise<Keys> {
  const { environment } = settings.host;
  if (settings.profile !== null) return await fromProfile(settings, settings.profile);
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = environment;
  if (id && secret) return { accessKeyId: id, secretAccessKey: secret, ...(token ? { sessionToken: token } : {}) };
  if (environment['AWS_WEB_IDENTITY_TOKEN_FILE'] && environment['AWS_ROLE_ARN']) return await fromWebIdentity(settings);
  if (environment['AWS_PROFILE']) return await fromProfile(settings, environment['AWS_PROFILE']);
  if (await hasDefaultProfile(settings)) return await fromProfile(settings, 'default');
  const asked = settings.instanceRole || isAmazon(settings.place.hostname);
  if (asked && environment['AWS_EC2_METADATA_DISABLED'] !== 'true') return await fromRoleOfMachine(settings);
  throw new StoreError(
    'no keys for the S3 server: set the options access_key and secret_access_key, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile',
    { fault: 'credentials' },
  );
}

function sourceOf({ profile, host: { environment } }: S3Settings): string {
  if (profile !== null) return `profile '${profile}'`;
  if (environment['AWS_WEB_IDENTITY_TOKEN_FILE']) return 'the web identity of AWS_WEB_IDENTITY_TOKEN_FILE';
  if (environment['AWS_PROFILE']) return `profile '${environment['AWS_PROFILE']}'`;
  if (hasContainerRole({ environment })) return 'the default profile or the role of this container';
  return 'the default profile or the role of this machine';
}

async function fromProfile(settings: S3Settings, profile: string): Promise<Keys> {
  const { fromIni } = await import('@aws-sdk/credential-providers');
  const files = profileFiles(settings);
  return await fromIni({ profile, filepath: files.credentials, configFilepath: files.config, ignoreCache: true, ...stsOf(settings) })();
}

async function fromWebIdentity(settings: S3Settings): Promise<Keys> {
  const { environment } = settings.host;
  const { fromWebToken } = await import('@aws-sdk/credential-providers');
  const webIdentityToken = (await readFile(environment['AWS_WEB_IDENTITY_TOKEN_FILE'] ?? '', 'utf8')).trim();
  const roleSessionName = environment['AWS_ROLE_SESSION_NAME'] ?? 'wardrobe';
  return await fromWebToken({ webIdentityToken, roleArn: environment['AWS_ROLE_ARN'] ?? '', roleSessionName, ...stsOf(settings) })();
}

/** The machine's own service is asked where the SDK knows it to be: at an address where no store may lie, and only when its role is wanted. */
async function fromRoleOfMachine({ host }: S3Settings): Promise<Keys> {
  if (hasContainerRole(host)) return await containerRole(host);
  const { fromInstanceMetadata } = await import('@aws-sdk/credential-providers');
  return await fromInstanceMetadata({ timeout: METADATA_TIMEOUT_MS, maxRetries: 1 })();
}

/** The token service speaks for a region, and may stand elsewhere (as for S3 servers that bring their own). */
function stsOf({ region, host }: S3Settings) {
  const { environment } = host;
  const endpoint = environment['AWS_ENDPOINT_URL_STS'];
  return {
    clientConfig: {
      requestHandler: keyServiceHandler(host),
      region: region ?? environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'] ?? 'us-east-1',
      ...(endpoint ? { endpoint } : {}),
    },
  };
}

function profileFiles({ host: { environment, home } }: S3Settings): { readonly credentials: string; readonly config: string } {
  return {
    credentials: environment['AWS_SHARED_CREDENTIALS_FILE'] || join(home, '.aws', 'credentials'),
    config: environment['AWS_CONFIG_FILE'] || join(home, '.aws', 'config'),
  };
}

async function hasDefaultProfile(settings: S3Settings): Promise<boolean> {
  const files = profileFiles(settings);
  for (const file of [files.credentials, files.config]) {
    try {
      if (/^\s*\[(profile\s+)?default\]/m.test(await readFile(file, 'utf8'))) return true;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))) throw error;
    }
  }
  return false;
}
