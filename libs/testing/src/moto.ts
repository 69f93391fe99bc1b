import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { S3Server } from './s3-server.js';

const VERSION = '5.2.5';
const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/wardrobe-moto/', import.meta.url));
const INSTALL_TIMEOUT_MS = 300_000;
const START_TIMEOUT_MS = 60_000;
const HOST = '127.0.0.1';

const run = promisify(execFile);
let installing: Promise<string> | undefined;
let found: { readonly python: string | null; readonly message: string } | undefined;

/** True when moto, an S3 server that is independent of Node, can be had here: it needs Python and, the first time, the package index. */
export function motoAvailable(): boolean {
  return pythonState().python !== null;
}

/** Why moto cannot be used here, in words for the reader of a test run. */
export function motoMessage(): string {
  return pythonState().message;
}

/** Fails where a run without moto counts for nothing (`CI=true`), says so elsewhere. One test of each suite that needs moto calls it. */
export function assertMoto(): void {
  if (motoAvailable()) return;
  if (process.env['CI'] === 'true') throw new Error(motoMessage());
  process.stderr.write(`${motoMessage()}\n`);
}

/** Starts a moto server of its own on a free port; installs it once below node_modules/.cache. It keeps objects in its memory and checks no signatures. */
export async function startMoto(): Promise<S3Server> {
  installing ??= install();
  const program = await installing;
  const port = await freePort();
  const child = spawn(program, ['-H', HOST, '-p', String(port)], { stdio: 'ignore' });
  const exited = once(child, 'exit');
  const stop = () => child.kill('SIGKILL');
  process.once('exit', stop);
  const close = async () => {
    process.removeListener('exit', stop);
    stop();
    await exited;
  };
  for (const end = Date.now() + START_TIMEOUT_MS; ; await wait(100)) {
    if (child.exitCode !== null || Date.now() > end) {
      await close();
      throw new Error('moto did not start');
    }
    if (await answers(port)) break;
  }
  return { name: 'moto', host: HOST, port, accessKey: 'moto', secretKey: 'moto-secret', close };
}

async function answers(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://${HOST}:${port}/moto-api/`)).status < 500;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, HOST);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

/**
 * Path of the server program. A virtual environment knows its own path, so each is made in a folder of its own, and a file with its name, put in place at
 * the end, says which one counts: several test processes may install at once.
 */
async function install(): Promise<string> {
  const { python, message } = pythonState();
  if (python === null) throw new Error(message);
  const pointer = join(CACHE, `moto-${VERSION}`);
  if (existsSync(pointer)) {
    const known = (await readFile(pointer, 'utf8')).trim();
    if (existsSync(known)) return known;
  }
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(join(CACHE, 'python-'));
  try {
    await run(python, ['-m', 'venv', folder], { timeout: INSTALL_TIMEOUT_MS });
    const packages = ['install', '--quiet', '--disable-pip-version-check', `moto[s3,server]==${VERSION}`];
    await run(join(folder, 'bin', 'pip'), packages, { timeout: INSTALL_TIMEOUT_MS });
    const program = join(folder, 'bin', 'moto_server');
    await writeFile(`${folder}.name`, program);
    await rename(`${folder}.name`, pointer);
    return program;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

function pythonState(): { readonly python: string | null; readonly message: string } {
  found ??= findPython();
  return found;
}

function findPython(): { readonly python: string | null; readonly message: string } {
  const missing = 'Tests against moto, a second S3 server, do not run: ';
  for (const python of ['python3', 'python']) {
    const version = /^Python 3\.(\d+)/.exec(spawnSync(python, ['--version'], { encoding: 'utf8' }).stdout ?? '');
    if (version === null) continue;
    if (Number(version[1]) < 10) return { python: null, message: `${missing}they need Python 3.10 or newer.` };
    const parts = spawnSync(python, ['-c', 'import venv, ensurepip'], { encoding: 'utf8' });
    if (parts.status !== 0) return { python: null, message: `${missing}this Python cannot make virtual environments (python3-venv).` };
    return { python, message: `moto runs with Python 3.${version[1]}.` };
  }
  return { python: null, message: `${missing}Python 3.10 or newer is not installed.` };
}
