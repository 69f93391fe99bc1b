import { type ConnectorOption, checkOptions, InvalidInputError } from '@wardrobe/store-connector';

/** Names as in plakar's configuration where it has them. @source 04-remote-stores 2.2, 4.1 */
export const SFTP_OPTIONS: readonly ConnectorOption[] = [
  { name: 'username', title: 'User', help: 'The user on the server, when the location names none.', kind: 'text' },
  { name: 'identity', title: 'Key file', help: 'The private key to log in with (OpenSSH or PEM).', kind: 'file' },
  { name: 'identity_passphrase', title: 'Passphrase of the key', help: 'Opens an encrypted private key.', kind: 'secret' },
  { name: 'password', title: 'Password', help: 'Logs in with a password, after the keys were tried.', kind: 'secret' },
  { name: 'port', title: 'Port', help: 'The port, when the location names none; 22 by default.', kind: 'number' },
  { name: 'root', title: 'Folder', help: 'The absolute path of the store on the server, when the location names none.', kind: 'text', advanced: true },
  { name: 'ssh_private_key', title: 'Private key', help: 'The text of the private key itself, instead of a key file.', kind: 'secret', advanced: true },
  {
    name: 'ssh_private_key_ttl',
    title: 'Life of the private key',
    help: "Accepted because plakar's configuration has it; the key is never handed to an agent, so it changes nothing.",
    kind: 'text',
    advanced: true,
  },
  { name: 'ssh_auth_sock', title: 'Agent', help: 'The socket of the key agent; by default that of the environment.', kind: 'file', advanced: true },
  {
    name: 'known_hosts',
    title: 'Known hosts',
    help: 'The file with the keys of trusted servers; by default ~/.ssh/known_hosts.',
    kind: 'file',
    advanced: true,
  },
  {
    name: 'ssh_config',
    title: 'SSH configuration',
    help: "A file in OpenSSH's form; by default ~/.ssh/config. The word none reads no such file.",
    kind: 'file',
    advanced: true,
  },
  { name: 'jump', title: 'Jump hosts', help: 'Hosts to go through, first one first: [user@]host[:port], separated by commas.', kind: 'text', advanced: true },
  {
    name: 'insecure_ignore_host_key',
    title: 'Trust any server',
    help: 'Exactly true: the key of the server is not checked, so anyone on the line can pose as it.',
    kind: 'boolean',
    default: 'false',
    advanced: true,
  },
];

export type SftpOptions = {
  readonly username: string | undefined;
  readonly port: number | undefined;
  readonly root: string | undefined;
  readonly identity: string | undefined;
  readonly identityPassphrase: string | undefined;
  readonly privateKey: string | undefined;
  readonly password: string | undefined;
  readonly agentSocket: string | undefined;
  readonly knownHosts: string | undefined;
  readonly configFile: string | undefined;
  readonly jump: string | undefined;
  readonly ignoreHostKey: boolean;
};

/** @throws InvalidInputError that names the option, never its value */
export function readOptions(given: Readonly<Record<string, string>>): SftpOptions {
  const word = given['insecure_ignore_host_key'];
  if (word !== undefined && word !== 'true' && word !== 'false' && word !== '')
    throw new InvalidInputError(
      "option 'insecure_ignore_host_key' of connector 'sftp' gives up the protection of the line: it is true or false, in just these letters",
    );
  const checked = checkOptions('sftp', SFTP_OPTIONS, given);
  if (checked['identity'] !== undefined && checked['ssh_private_key'] !== undefined)
    throw new InvalidInputError("options 'identity' and 'ssh_private_key' of connector 'sftp' both name a key: give one of them");
  return {
    username: checked['username'],
    port: checked['port'] === undefined ? undefined : portNumber(checked['port'], "option 'port' of connector 'sftp'"),
    root: checked['root'],
    identity: checked['identity'],
    identityPassphrase: checked['identity_passphrase'],
    privateKey: checked['ssh_private_key'],
    password: checked['password'],
    agentSocket: checked['ssh_auth_sock'],
    knownHosts: checked['known_hosts'],
    configFile: checked['ssh_config'],
    jump: checked['jump'],
    ignoreHostKey: checked['insecure_ignore_host_key'] === 'true',
  };
}

/** @throws InvalidInputError `what` is not a port */
export function portNumber(text: string, what: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65535) throw new InvalidInputError(`${what} must be a port from 1 to 65535`);
  return port;
}
