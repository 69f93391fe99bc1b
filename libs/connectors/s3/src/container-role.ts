import { readFile } from 'node:fs/promises';
import { type ConnectorHost, StoreError } from '@wardrobe/store-connector';
import { callService } from './key-services.js';

/** Where the agents of ECS and EKS answer; nothing else does at these addresses. */
const AGENTS = ['169.254.170.2', '169.254.170.23', 'fd00:ec2::23'];
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;
const TRIES = 2;
const ANSWER_LIMIT_BYTES = 64 << 10;

export type RoleKeys = { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken: string; readonly expiration: Date };

/** Whether the environment names the role of a container. */
export function hasContainerRole({ environment }: Pick<ConnectorHost, 'environment'>): boolean {
  return Boolean(environment['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] || environment['AWS_CONTAINER_CREDENTIALS_FULL_URI']);
}

/**
 * The keys of a container's role. The agents' own addresses are asked although no store may lie there; any other is one that the host allows, and over a line that
 * others can read there must be TLS. Of two addresses or tokens the first is taken, as by Amazon's own programs.
 * @throws StoreError, and what reading the token file or the line throws; nothing of an answer is in a message
 */
export async function containerRole(host: ConnectorHost): Promise<RoleKeys> {
  const url = roleUrl(host);
  const bare = url.hostname.replace(/^\[|\]$/g, '');
  const isAgent = AGENTS.includes(bare);
  if (url.protocol !== 'https:' && !isAgent && !LOOPBACK.test(bare)) throw refused('would be asked for over a line that others can read');
  const { allowsAddress, ...plainHost } = host;
  const through = isAgent || allowsAddress === undefined ? plainHost : host;
  for (let tries = 1; ; tries += 1) {
    const { status, text } = await ask(through, url, await token(host));
    if (status === 200) return keysIn(text);
    if (status < 500 || tries >= TRIES) throw refused(`was answered with HTTP ${status}`);
  }
}

function roleUrl({ environment }: ConnectorHost): URL {
  const relative = environment['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] || '';
  if (relative === '') return new URL(environment['AWS_CONTAINER_CREDENTIALS_FULL_URI'] ?? '');
  if (!relative.startsWith('/')) throw refused('has an AWS_CONTAINER_CREDENTIALS_RELATIVE_URI that is no path');
  return new URL(`http://${AGENTS[0]}${relative}`);
}

/** Read at each call: files of tokens are renewed. */
async function token({ environment }: ConnectorHost): Promise<string | null> {
  const file = environment['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'] || '';
  const found = file === '' ? environment['AWS_CONTAINER_AUTHORIZATION_TOKEN'] || null : await readFile(file, 'utf8');
  if (found?.includes('\r\n') === true) throw refused('has a token with line ends in it');
  return found;
}

async function ask(host: ConnectorHost, url: URL, authorization: string | null): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await callService(host, {
    method: 'GET',
    tls: url.protocol === 'https:',
    hostname: url.hostname,
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    path: url.pathname + url.search,
    headers: { accept: 'application/json', ...(authorization === null ? {} : { authorization }) },
  });
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of answer) {
    pieces.push(piece as Buffer);
    sizeBytes += (piece as Buffer).length;
    if (sizeBytes > ANSWER_LIMIT_BYTES) throw refused('was answered with more than keys');
  }
  return { status: answer.statusCode ?? 0, text: Buffer.concat(pieces).toString('utf8') };
}

function keysIn(text: string): RoleKeys {
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken, Expiration: expires } = parsed(text);
  const expiration = new Date(typeof expires === 'string' ? expires : Number.NaN);
  if (typeof accessKeyId !== 'string' || typeof secretAccessKey !== 'string' || typeof sessionToken !== 'string' || Number.isNaN(expiration.getTime()))
    throw refused('was answered without keys');
  return { accessKeyId, secretAccessKey, sessionToken, expiration };
}

/** What cannot be parsed is not quoted: it may hold half a key. */
function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function refused(why: string): StoreError {
  return new StoreError(`no keys for the S3 server: the role of this container ${why}`, { fault: 'credentials' });
}
