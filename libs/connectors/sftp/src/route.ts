import { userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { type ConnectorHost, InvalidInputError } from '@wardrobe/store-connector';
import { type Endpoint, type HostName, parseHost } from './endpoint.js';
import { portNumber, type SftpOptions } from './options.js';
import { type HostConfig, readSshConfig } from './ssh-config.js';

/** One host to log in to, with all that the options and the SSH configuration say of it. Paths are absolute. */
export type Hop = {
  /** As the user named it. */
  readonly alias: string;
  /** The user that was named with it; undefined: the configuration or the system says who. */
  readonly named: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly username: string;
  /** Key files in the order in which they are tried. `explicit`: named for this store, so that it has to be usable. */
  readonly identities: readonly { readonly path: string; readonly explicit: boolean }[];
  readonly identitiesOnly: boolean;
  /** Socket of the key agent. */
  readonly agentSocket: string | undefined;
  /** For this host only: those of the options are for the store's own host, never for a jump host. */
  readonly secrets: HopSecrets;
  readonly trust: HopTrust;
  /** A program that makes the line, instead of a connection; of the first host only. */
  readonly proxyCommand?: string;
};

export type HopSecrets = { readonly password: string | undefined; readonly privateKey: string | undefined; readonly passphrase: string | undefined };

export type HopTrust = {
  readonly ignoreHostKey: boolean;
  /** Instead of host and port in known_hosts. */
  readonly hostKeyAlias: string | undefined;
  /** The first one is where a new host is noted. */
  readonly userFiles: readonly string[];
  readonly globalFiles: readonly string[];
  /** The configuration lets new hosts in, to be noted; changed keys are refused all the same. */
  readonly acceptNew: boolean;
};

export type RouteInput = { readonly endpoint: Endpoint; readonly options: SftpOptions; readonly host: ConnectorHost };

const MAX_HOPS = 8;
const DEFAULT_IDENTITIES = ['id_ed25519', 'id_ecdsa', 'id_rsa'];
const NO_SECRETS: HopSecrets = { password: undefined, privateKey: undefined, passphrase: undefined };

/**
 * The hosts to log in to, the store's own one last.
 * @throws InvalidInputError the configuration asks for what is not supported, or names no user
 */
export async function resolveRoute(input: RouteInput): Promise<readonly Hop[]> {
  const { endpoint, options, host } = input;
  const configFor = await readSshConfig({ files: configFiles(options, host), home: host.home });
  const final = hopOf({ named: endpoint, config: configFor(endpoint.host, endpoint.username), input, isTarget: true });
  const [first = final, ...others] = [...(await jumpsOf({ named: endpoint, asked: options.jump, configFor, input, depth: 0 })), final];
  const command = others.length === 0 && options.jump !== undefined ? undefined : commandOf(first, configFor(first.alias, first.named), host);
  return [command === undefined ? first : { ...first, proxyCommand: command }, ...others];
}

/** How the SSH configuration reaches a host by a program. @throws InvalidInputError programs may not be run here, or one cannot be given these names */
function commandOf(hop: Hop, { proxyCommand: written, proxyJump }: HostConfig, host: ConnectorHost): string | undefined {
  if (written === undefined || written.toLowerCase() === 'none') return undefined;
  const where = `the SSH configuration reaches ${hop.alias} by a ProxyCommand`;
  if (host.mayRunPrograms !== true)
    throw new InvalidInputError(`${where}, and no programs are run here: use ProxyJump or the option 'jump', or the command line`);
  if (proxyJump !== undefined && proxyJump.toLowerCase() !== 'none')
    throw new InvalidInputError(`${where} and by a ProxyJump as well: take one of them out, or give the option 'jump'`);
  // They become words of a shell.
  const odd = [hop.host, hop.alias, hop.username].find((name) => !/^[A-Za-z0-9_.:][A-Za-z0-9_.:@+%-]*$/.test(name));
  if (odd !== undefined) throw new InvalidInputError(`${where}, which must not be given a name with characters like those of '${odd}'`);
  return withTokens(written, { host: hop.host, alias: hop.alias, port: hop.port, username: hop.username, home: host.home, local: localUser(host) });
}

function configFiles(options: SftpOptions, host: ConnectorHost): readonly string[] {
  if (options.configFile === 'none') return [];
  if (options.configFile !== undefined) return [absolute(options.configFile, host.home)];
  return [join(host.home, '.ssh', 'config'), '/etc/ssh/ssh_config'];
}

type JumpInput = {
  readonly named: HostName;
  readonly asked: string | undefined;
  readonly configFor: (alias: string, user: string | undefined) => HostConfig;
  readonly input: RouteInput;
  readonly depth: number;
};

/** Jump hosts before one host. The first of them may need jumps of its own, as its part of the configuration says. */
async function jumpsOf({ named, asked, configFor, input, depth }: JumpInput): Promise<readonly Hop[]> {
  const config = configFor(named.host, named.username);
  const isByCommand = config.proxyCommand !== undefined && config.proxyCommand.toLowerCase() !== 'none';
  if (isByCommand && asked === undefined) return [];
  const written = asked ?? config.proxyJump ?? 'none';
  if (written.toLowerCase() === 'none' || written === '') return [];
  if (depth >= MAX_HOPS) throw new InvalidInputError(`the SSH configuration leads through more than ${MAX_HOPS} hosts to ${named.host}`);
  const jumps = written.split(',').map((text) => parseHost(text.trim().replace(/^ssh:\/\//, ''), `the jump host '${withoutPassword(text.trim())}'`));
  const [nearest] = jumps;
  if (nearest === undefined || jumps.length > MAX_HOPS)
    throw new InvalidInputError(`${jumps.length} jump hosts lead to ${named.host}; the limit is ${MAX_HOPS}`);
  const hops = jumps.map((jump) => hopOf({ named: jump, config: configFor(jump.host, jump.username), input, isTarget: false }));
  return [...(await jumpsOf({ named: nearest, asked: undefined, configFor, input, depth: depth + 1 })), ...hops];
}

function withoutPassword(text: string): string {
  return text.replace(/^([^@:]*):.*@/, '$1:…@');
}

type HopInput = { readonly named: HostName; readonly config: HostConfig; readonly input: RouteInput; readonly isTarget: boolean };

function hopOf({ named, config, input, isTarget }: HopInput): Hop {
  const { options, host } = input;
  const hostName = (config.hostName ?? named.host).replaceAll('%h', named.host).replaceAll('%%', '%');
  const port = named.port ?? (config.port === undefined ? 22 : portNumber(config.port, `the Port of ${named.host} in the SSH configuration`));
  const username = named.username ?? config.user ?? localUser(host);
  const fill = (text: string) =>
    absolute(withTokens(text, { host: hostName, alias: named.host, port, username, home: host.home, local: localUser(host) }), host.home);
  const configured = config.identityFiles.filter((path) => path.toLowerCase() !== 'none').map((path) => ({ path: fill(path), explicit: false }));
  const standard = config.identityFiles.length > 0 ? [] : DEFAULT_IDENTITIES.map((name) => ({ path: join(host.home, '.ssh', name), explicit: false }));
  const asked = isTarget && options.identity !== undefined ? [{ path: fill(options.identity), explicit: true }] : [];
  return {
    alias: named.host,
    named: named.username,
    host: hostName,
    port,
    username,
    identities: [...asked, ...configured, ...standard],
    identitiesOnly: config.identitiesOnly,
    agentSocket: agentSocket({ options, config, host, fill }),
    secrets: isTarget ? { password: options.password, privateKey: options.privateKey, passphrase: options.identityPassphrase } : NO_SECRETS,
    trust: trustOf({ options, config, fill, isTarget }),
  };
}

type Filled = { readonly options: SftpOptions; readonly config: HostConfig; readonly fill: (text: string) => string };

/** A server that is trusted blindly is the store's own one, never a jump host. */
function trustOf({ options, config, fill, isTarget }: Filled & { readonly isTarget: boolean }): HopTrust {
  const none = (path: string) => path.toLowerCase() === 'none';
  const userFiles = options.knownHosts !== undefined ? [options.knownHosts] : (config.userKnownHostsFiles ?? ['~/.ssh/known_hosts', '~/.ssh/known_hosts2']);
  const globalFiles = options.knownHosts !== undefined ? [] : (config.globalKnownHostsFiles ?? ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2']);
  return {
    ignoreHostKey: options.ignoreHostKey && isTarget,
    hostKeyAlias: config.hostKeyAlias?.toLowerCase(),
    userFiles: userFiles.filter((path) => !none(path)).map(fill),
    globalFiles: globalFiles.filter((path) => !none(path)).map(fill),
    acceptNew: config.strictHostKeyChecking === 'accept-new',
  };
}

function agentSocket({ options, config, host, fill }: Filled & { readonly host: ConnectorHost }): string | undefined {
  if (options.agentSocket !== undefined) return fill(options.agentSocket);
  const standard = host.environment['SSH_AUTH_SOCK'] || undefined;
  if (config.identityAgent === undefined || config.identityAgent === 'SSH_AUTH_SOCK') return standard;
  if (config.identityAgent.toLowerCase() === 'none') return undefined;
  if (config.identityAgent.startsWith('$')) return host.environment[config.identityAgent.slice(1).replace(/^\{(.*)\}$/, '$1')] || undefined;
  return fill(config.identityAgent);
}

function localUser({ environment }: ConnectorHost): string {
  const named = environment['USER'] || environment['LOGNAME'] || environment['USERNAME'];
  return named || userInfo().username;
}

type Tokens = {
  readonly host: string;
  readonly alias: string;
  readonly port: number;
  readonly username: string;
  readonly home: string;
  readonly local: string;
};

/** @source ssh_config(5), TOKENS */
function withTokens(text: string, tokens: Tokens): string {
  const values: Readonly<Record<string, string>> = {
    '%': '%',
    h: tokens.host,
    n: tokens.alias,
    p: String(tokens.port),
    r: tokens.username,
    d: tokens.home,
    u: tokens.local,
  };
  return text.replace(/%(.)/g, (whole, token: string) => values[token] ?? whole);
}

function absolute(path: string, home: string): string {
  if (path === '~' || path.startsWith('~/')) return join(home, path.slice(1));
  return isAbsolute(path) || path.startsWith('\\\\') ? path : join(home, path);
}
