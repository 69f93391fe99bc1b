import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline/promises';
import { BUILT_IN_CONNECTORS } from '@wardrobe/connections';
import { asideFolder, fileIntegrity, type Unpacked, unpacked, unpackPackage } from '@wardrobe/connections/install';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { sayMistake, usage } from '../failures.js';
import type { Session } from '../session.js';
import { connectorsFolder } from './pkg.js';

type Found = { readonly package: Unpacked; readonly integrity: string; readonly source: string; readonly trusted: boolean };

/** `pkg add`: from what comes along, from a file, or through the npm client; its facts are shown and taken once. */
export async function addConnector(session: Session, text: string, options: { readonly yes?: boolean }): Promise<ExitCode> {
  const found = await sayMistake(() => find(session, text));
  const { facts } = found.package;
  await session.terminal.line(`connector ${facts.name} ${facts.version}, for ${facts.schemes.map((scheme) => `${scheme}:`).join(' ')}`);
  await session.terminal.line(`from      ${found.source}`);
  await session.terminal.line(`integrity ${found.integrity}`);
  if (!found.trusted && options.yes !== true && !(await isTaken())) {
    found.package.drop();
    throw usage(
      'Nothing was installed: it was not confirmed.',
      'A connector gets every key of its stores, and connects to whatever it likes. Compare the integrity with what its makers say, then give --yes.',
    );
  }
  const installed = await sayMistake(() => found.package.keep(found.source));
  await session.terminal.line(`${installed.name}@${installed.version}: installed`);
  return EXIT.fine;
}

async function isTaken(): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await reader.question("It will get every key of its stores, and nothing here watches which addresses it connects to. Type 'yes' to take it: ");
  reader.close();
  return answer.trim() === 'yes';
}

async function find(session: Session, text: string): Promise<Found> {
  const folder = connectorsFolder(session);
  if (/\.(?:tgz|tar\.gz)$/.test(text)) {
    if (!existsSync(text)) throw usage(`There is no file ${text}.`);
    return { package: await unpackPackage(folder, resolve(text)), integrity: await fileIntegrity(text), source: resolve(text), trusted: false };
  }
  const [name = '', version] = text.startsWith('@') ? [text] : text.split('@');
  if (BUILT_IN_CONNECTORS.some((built) => built.name === name)) {
    const file = shipped(name);
    if (file === null) throw usage(`This program came without the package of connector ${name}.`, 'Give its package as a FILE.tgz.');
    const made = await unpackPackage(folder, file);
    if (version !== undefined && made.facts.version !== version) {
      made.drop();
      throw usage(
        `Version ${version} of connector ${name} does not come along: this program has ${made.facts.version}.`,
        'Give its package as a FILE.tgz, or its full npm name.',
      );
    }
    return { package: made, integrity: await fileIntegrity(file), source: 'this program', trusted: true };
  }
  if (!/^@?[a-z0-9][a-z0-9._-]*(?:\/[a-z0-9][a-z0-9._-]*)?(?:@[A-Za-z0-9.^~+-]+)?$/.test(text))
    throw usage(`'${text}' is neither a connector that comes along, nor a FILE.tgz, nor the name of an npm package.`, 'See: wardrobe pkg add --help');
  return fromNpm(folder, text, session.signal);
}

/** The package of a connector that comes along, beside this program. */
function shipped(name: string): string | null {
  const folder = fileURLToPath(new URL('./connectors/', import.meta.url));
  if (!existsSync(folder)) return null;
  const file = readdirSync(folder).find((one) => one.startsWith(`${name}-`) && one.endsWith('.tgz'));
  return file === undefined ? null : join(folder, file);
}

/** Lets the npm client fetch a package and what it needs into a folder of its own, without running anything of it. */
async function fromNpm(folder: string, spec: string, signal: AbortSignal): Promise<Found> {
  const aside = asideFolder(folder);
  try {
    writeFileSync(join(aside, 'package.json'), '{"private":true}\n');
    await npm(['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-bin-links', '--install-links', '--prefix', aside, spec], signal);
    const name = spec.replace(/(?<=.)@[^@/]*$/, '');
    const lock = JSON.parse(readFileSync(join(aside, 'node_modules', '.package-lock.json'), 'utf8')) as {
      readonly packages?: Readonly<Record<string, { readonly integrity?: string }>>;
    };
    const integrity = lock.packages?.[`node_modules/${name}`]?.integrity ?? 'not told by npm';
    return { package: await unpacked(folder, aside, join('node_modules', name)), integrity, source: `npm: ${spec}`, trusted: false };
  } catch (error) {
    rmSync(aside, { recursive: true, force: true });
    throw error;
  }
}

function npm(args: readonly string[], signal: AbortSignal): Promise<void> {
  return new Promise((done, reject) => {
    const child = spawn(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      signal,
      shell: process.platform === 'win32',
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said = `${said}${chunk.toString('utf8')}`.slice(-2000);
    });
    child.once('error', (error) =>
      reject(signal.aborted ? signal.reason : usage(`The npm client cannot be run: ${error.message}.`, 'Install npm, or give the package as a FILE.tgz.')),
    );
    child.once('close', (code) =>
      code === 0 ? done() : reject(usage(`npm could not fetch it (exit code ${code}): ${said.trim().split('\n').slice(0, 3).join(' ')}`)),
    );
  });
}
