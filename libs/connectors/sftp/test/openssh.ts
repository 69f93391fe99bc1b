import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';
import { temporaryFolder } from '@wardrobe/testing';

const run = promisify(execFile);
const PLACES = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/usr/bin/sshd', '/opt/homebrew/sbin/sshd'];
/** The server wants this empty folder when it is started by root, and its package makes it at the start of the machine. */
const ROOT_FOLDER = '/run/sshd';

let state: { readonly program: string | null; readonly message: string } | undefined;

/** True when OpenSSH's own server can be run here. */
export function opensshAvailable(): boolean {
  state ??= findServer();
  return state.program !== null;
}

/** Fails where a run without OpenSSH counts for nothing (`CI=true`), says so elsewhere. */
export function assertOpenssh(): void {
  if (opensshAvailable()) return;
  const message = state?.message ?? '';
  if (process.env['CI'] === 'true') throw new Error(message);
  process.stderr.write(`${message}\n`);
}

function findServer(): { readonly program: string | null; readonly message: string } {
  const program = PLACES.find((place) => existsSync(place)) ?? null;
  const hasKeygen = spawnSync('ssh-keygen', ['-?'], { stdio: 'ignore' }).error === undefined;
  if (program === null || !hasKeygen) return { program: null, message: 'Tests against OpenSSH do not run: sshd and ssh-keygen are not installed.' };
  if (process.platform === 'linux' && process.getuid?.() === 0 && !existsSync(ROOT_FOLDER)) mkdirSync(ROOT_FOLDER, { mode: 0o755 });
  return { program, message: `OpenSSH's server is ${program}.` };
}

export type KeyType = 'ed25519' | 'rsa' | 'ecdsa';
export type KeyPair = { readonly file: string; readonly publicLine: string };

/** A new key pair as `ssh-keygen` makes it. `form`: PEM or PKCS8 instead of OpenSSH's own. */
export async function makeKey(
  file: string,
  { type = 'ed25519', passphrase = '', form }: { type?: KeyType; passphrase?: string; form?: 'PEM' | 'PKCS8' } = {},
): Promise<KeyPair> {
  const bits = type === 'rsa' ? ['-b', '2048'] : [];
  await run('ssh-keygen', ['-q', '-t', type, ...bits, '-N', passphrase, '-C', 'test', ...(form === undefined ? [] : ['-m', form]), '-f', file]);
  return { file, publicLine: (await readFile(`${file}.pub`, 'utf8')).trim() };
}

export type OpensshServer = {
  readonly port: number;
  readonly username: string;
  /** For stores, keys and known hosts of this server. */
  readonly folder: string;
  /** A key that may log in. */
  readonly key: KeyPair;
  /** Line for a file of known hosts. */
  readonly knownHost: string;
  /** Ends the server and all its sessions. */
  stop(): Promise<void>;
  start(): Promise<void>;
};

export type OpensshInput = {
  readonly hostKey?: KeyType;
  /** More lines of its configuration. */
  readonly settings?: readonly string[];
  /** Shell words before the server's own command, for a server in a namespace of its own. */
  readonly before?: string;
};

/** OpenSSH's server on a high port of this machine, with keys of its own. */
export async function opensshServer({ hostKey = 'ed25519', settings = [], before = '' }: OpensshInput = {}): Promise<OpensshServer> {
  const program = state?.program ?? '';
  const folder = await temporaryFolder('sshd');
  const [host, key] = [await makeKey(join(folder, 'host'), { type: hostKey }), await makeKey(join(folder, 'user'))];
  await writeFile(join(folder, 'authorized'), `${key.publicLine}\n`);
  const port = await freePort();
  const lines = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${host.file}`,
    'PidFile none',
    `AuthorizedKeysFile ${join(folder, 'authorized')}`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'Subsystem sftp internal-sftp',
    'MaxStartups 100',
    'LogLevel ERROR',
    ...settings,
  ];
  await writeFile(join(folder, 'config'), `${lines.join('\n')}\n`);
  let child: ChildProcess | null = null;
  const start = async () => {
    const command = [program, '-D', '-e', '-f', join(folder, 'config')];
    child = before === '' ? spawn(program, command.slice(1), { stdio: 'ignore' }) : spawn('sh', ['-c', `${before} ${command.join(' ')}`], { stdio: 'ignore' });
    await listening(port, child);
  };
  await start();
  return {
    port,
    username: userInfo().username,
    folder,
    key,
    knownHost: `[127.0.0.1]:${port} ${host.publicLine}`,
    start,
    async stop() {
      if (child === null) return;
      const ended = once(child, 'exit');
      for (const pid of [child.pid ?? 0, ...(await descendants(child.pid ?? 0))]) kill(pid);
      if (child.exitCode === null && child.signalCode === null) await ended;
      child = null;
    },
  };
}

/** Processes that the server has started, by Linux's own list; elsewhere by `pgrep`. */
async function descendants(pid: number): Promise<readonly number[]> {
  const { stdout } = await run('pgrep', ['-P', String(pid)]).catch(() => ({ stdout: '' }));
  const children = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);
  return [...children, ...(await Promise.all(children.map(descendants))).flat()];
}

function kill(pid: number): void {
  try {
    if (pid > 0) process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`sshd ended with ${child.exitCode}`);
    const answered = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('data', () => {
        socket.destroy();
        resolve(true);
      });
      socket.once('error', () => resolve(false));
      socket.once('close', () => resolve(false));
    });
    if (answered) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('sshd does not listen');
}

export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export type Agent = { readonly socket: string; add(keyFile: string): Promise<void>; stop(): void };

/** An `ssh-agent` of its own. */
export async function sshAgent(): Promise<Agent> {
  const folder = await temporaryFolder('agent');
  await chmod(folder, 0o700);
  const socket = join(folder, 's');
  const child = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  for (let attempt = 0; attempt < 200 && !(await listens(socket)); attempt += 1) await new Promise((resolve) => setTimeout(resolve, 20));
  return {
    socket,
    add: async (keyFile) => void (await run('ssh-add', ['-q', keyFile], { env: { ...process.env, SSH_AUTH_SOCK: socket } })),
    stop: () => void child.kill('SIGKILL'),
  };
}

function listens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** A home folder with the lines as its known hosts. */
export async function homeWith(knownHosts: readonly string[]): Promise<string> {
  const home = await temporaryFolder('home');
  await mkdir(join(home, '.ssh'));
  await writeFile(join(home, '.ssh', 'known_hosts'), knownHosts.map((line) => `${line}\n`).join(''));
  return home;
}
