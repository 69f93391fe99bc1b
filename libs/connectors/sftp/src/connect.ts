import { connect as connectSocket } from 'node:net';
import type { Duplex } from 'node:stream';
import { allowedLookup, type ConnectorHost, expectAllowedAddress, StoreError } from '@wardrobe/store-connector';
import type { AnyAuthMethod, AuthenticationType, Client, ConnectConfig, NextAuthHandler, ServerHostKeyAlgorithm, SFTPWrapper } from 'ssh2';
import type { Figures } from './figures.js';
import { type HostKeyCheck, hostKeyCheck } from './host-key.js';
import { type Credentials, credentialsFor } from './keys.js';
import { Line } from './line.js';
import { commandLine } from './proxy-command.js';
import type { Hop } from './route.js';
import { lineError, shortened } from './sftp-errors.js';
import { loadSshClient, type SshClient } from './ssh-client.js';

export type ConnectInput = {
  readonly hops: readonly Hop[];
  readonly host: Pick<ConnectorHost, 'allowsAddress' | 'environment'>;
  readonly figures: Figures;
  readonly connectMs: number;
  readonly keepAliveMs: number;
  readonly stallMs: number;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
};

/** Unanswered signs of life after which the line counts as lost. */
const KEEP_ALIVE_COUNT = 3;

/**
 * Logs in to each host in turn, each through the one before, and starts the SFTP session on the last. Loads the SSH client.
 * @throws StoreError with the `fault` that says what failed; the reason of `signal` as it came
 */
export async function connectLine(input: ConnectInput): Promise<Line> {
  const ssh = await loadSshClient();
  const made: Made = { socket: null, clients: [] };
  const stop = () => made.socket?.destroy();
  input.signal.addEventListener('abort', stop, { once: true });
  try {
    let through: Duplex | undefined;
    for (const [index, hop] of input.hops.entries()) {
      input.signal.throwIfAborted();
      const client = await logIn({ ssh, hop, through, made, input });
      const next = input.hops[index + 1];
      if (next !== undefined) through = await forward(client, hop, next);
    }
    const sftp = await startSftp(made.clients, input);
    const where = hopName(input.hops.at(-1));
    const lost = (cause: unknown) => lineError(cause, where, 'connected');
    return new Line({ ...made, sftp, figures: input.figures, where, stallMs: input.stallMs, lost });
  } catch (error) {
    stop();
    input.signal.throwIfAborted();
    throw error;
  } finally {
    input.signal.removeEventListener('abort', stop);
  }
}

/** What has to be ended when the rest fails. */
type Made = { socket: Duplex | null; readonly clients: Client[] };

type LogIn = {
  readonly ssh: SshClient;
  readonly hop: Hop;
  /** The way through the host before; undefined for the first one. */
  readonly through: Duplex | undefined;
  readonly made: Made;
  readonly input: ConnectInput;
};

async function logIn({ ssh, hop, through, made, input }: LogIn): Promise<Client> {
  const check = await hostKeyCheck(hop);
  const offered = await credentialsFor(ssh, hop);
  input.signal.throwIfAborted();
  const login = loginOf(hop, offered);
  const client = new ssh.Client();
  made.clients.push(client);
  expectAllowedAddress(input.host, hop.host);
  if (through === undefined) through = made.socket = firstLine(hop, input.host);
  const sock = through;
  await new Promise<void>((resolve, reject) => {
    let shaken = false;
    client
      .on('handshake', () => {
        shaken = true;
      })
      .on('ready', resolve)
      .on('change password', () => reject(new StoreError(`${hopName(hop)} demands a new password: change it there first`, { fault: 'credentials' })))
      .on('error', (error) => {
        // An agent that cannot be used: the next way to log in is tried, and the refusal names this one.
        if ('level' in error && error.level === 'agent') return login.agentFailed();
        reject(loginError({ error, hop, check, shaken, login }));
      })
      .on('close', () => reject(input.signal.aborted ? input.signal.reason : lineError(null, hopName(hop), 'connecting')));
    try {
      client.connect(configFor({ hop, check, login, sock, input }));
    } catch (error) {
      reject(lineError(error, hopName(hop), 'connecting'));
    }
  });
  await check.remember();
  return client;
}

/** The line to the first host: through a program where the user's SSH configuration says so. */
function firstLine(hop: Hop, host: ConnectInput['host']): Duplex {
  if (hop.proxyCommand !== undefined) return commandLine(hop.proxyCommand, { where: hopName(hop), environment: host.environment });
  const lookup = allowedLookup(host);
  return connectSocket({ host: hop.host, port: hop.port, noDelay: true, ...(lookup === undefined ? {} : { lookup }) });
}

type Config = { readonly hop: Hop; readonly check: HostKeyCheck; readonly login: Login; readonly sock: Duplex; readonly input: ConnectInput };

function configFor({ hop, check, login, sock, input }: Config): ConnectConfig {
  return {
    host: hop.host,
    port: hop.port,
    username: hop.username,
    readyTimeout: input.connectMs,
    keepaliveInterval: input.keepAliveMs,
    keepaliveCountMax: KEEP_ALIVE_COUNT,
    hostVerifier: (key: Buffer) => check.accepts(key),
    authHandler: (left, _partial, next) => login.next(left, next),
    ...(check.algorithms === undefined ? {} : { algorithms: { serverHostKey: [...check.algorithms] as ServerHostKeyAlgorithm[] } }),
    sock,
  };
}

type Login = { next(left: readonly AuthenticationType[] | null, next: NextAuthHandler): void; agentFailed(): void; refusal(): string };

/** Asks first what the server takes, then offers each credential of such a kind once. */
function loginOf(hop: Hop, { credentials, passedOver }: Credentials): Login {
  const waiting = [...credentials];
  const tried: string[] = [];
  let asked = false;
  let takes: readonly string[] = [];
  let agentNote = '';
  return {
    next(left, next) {
      if (!asked) {
        asked = true;
        next({ type: 'none', username: hop.username });
        return;
      }
      if (left !== null) takes = left;
      for (let way = waiting.shift(); way !== undefined; way = waiting.shift()) {
        if (!takes.includes(kindOf(way.method))) continue;
        tried.push(way.what);
        next(way.method);
        return;
      }
      // The client takes false for "nothing is left"; its types do not say so.
      next(false as unknown as AuthenticationType);
    },
    agentFailed() {
      agentNote = ', which could not be asked';
    },
    refusal() {
      const offered = tried.map((what) => (what === 'the agent' ? `${what}${agentNote}` : what));
      const those = offered.length === 0 ? 'nothing that it takes could be offered' : `it was offered ${offered.join(', ')}`;
      const unused = passedOver.length === 0 ? '' : `; not usable: ${passedOver.join(', ')}`;
      return `${hopName(hop)} refused the log-in: ${those}; it takes ${takes.join(', ') || 'nothing else'}${unused}`;
    },
  };
}

function kindOf(method: AnyAuthMethod): string {
  return method.type === 'agent' ? 'publickey' : method.type;
}

type Failed = { readonly error: Error; readonly hop: Hop; readonly check: HostKeyCheck; readonly shaken: boolean; readonly login: Login };

function loginError({ error, hop, check, shaken, login }: Failed): StoreError {
  if (check.refusal !== null) return check.refusal;
  const level = 'level' in error ? error.level : undefined;
  const tooMany = shaken && 'code' in error && typeof error.code === 'number' && /authentication/i.test(error.message);
  if (level === 'client-authentication' || tooMany) return new StoreError(login.refusal(), { cause: error, fault: 'credentials' });
  return lineError(error, hopName(hop), 'connecting');
}

/** A stream to the next host through the one that is logged in. */
function forward(client: Client, hop: Hop, next: Hop): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    client.forwardOut('127.0.0.1', 0, next.host, next.port, (error, stream) => {
      if (error) {
        const why = `${hopName(next)} cannot be reached through ${hopName(hop)}: ${shortened(error.message)}`;
        reject(new StoreError(why, { cause: error, fault: 'route', retryable: true }));
      } else resolve(stream);
    });
  });
}

/** The servers' own word that there is no SFTP comes as a refused request or as the end of its program. */
function startSftp(clients: readonly Client[], input: ConnectInput): Promise<SFTPWrapper> {
  const where = hopName(input.hops.at(-1));
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new StoreError(`${where} did not start SFTP in time`, { fault: 'timeout', retryable: true })), input.connectMs);
    const refuse = (error: StoreError) => {
      clearTimeout(late);
      reject(error);
    };
    for (const client of clients)
      client.on('error', (error) => refuse(lineError(error, where, 'connecting'))).on('close', () => refuse(lineError(null, where, 'connecting')));
    clients.at(-1)?.sftp((error, sftp) => {
      if (error) {
        refuse(new StoreError(`${where} offers no SFTP to this user: ${shortened(error.message)}`, { cause: error, fault: 'server' }));
        return;
      }
      clearTimeout(late);
      resolve(sftp);
    });
  });
}

/** User, host and port, for messages. */
export function hopName(hop: Hop | undefined): string {
  return hop === undefined ? 'the server' : `${hop.username}@${hop.host}:${hop.port}`;
}
