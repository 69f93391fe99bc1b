import { createHash } from 'node:crypto';
import { createReadStream, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { InvalidInputError, interfaceMismatch } from '@wardrobe/store-connector';
import { extract, type Header } from 'tar-stream';
import { type ConnectorRegistry, folderDigest, type InstalledConnector, readRegistry, REGISTRY_FILE } from './packages.js';

/** What a package says of itself, before anything of it is run. */
export type PackageFacts = Omit<InstalledConnector, 'folder' | 'digest' | 'source'>;
/** A package that lies aside: to be kept or dropped. */
export type Unpacked = { readonly facts: PackageFacts; readonly digest: string; keep(source: string): InstalledConnector; drop(): void };

const LIMIT_BYTES = 256 << 20;
const LIMIT_FILES = 20_000;

/** SHA-512 of a package file in the form that npm shows: `sha512-…`. */
export async function fileIntegrity(file: string): Promise<string> {
  const hash = createHash('sha512');
  await pipeline(createReadStream(file), hash);
  return `sha512-${hash.digest('base64')}`;
}

/**
 * Unpacks a package (`.tgz` as npm makes them) aside and reads what it says of itself. Runs nothing of it.
 * @throws InvalidInputError it is no package of a connector, or one for another version of the interface
 */
export async function unpackPackage(connectorsFolder: string, file: string): Promise<Unpacked> {
  const aside = asideFolder(connectorsFolder);
  try {
    await unpack(file, aside);
    return await unpacked(connectorsFolder, aside, '');
  } catch (error) {
    rmSync(aside, { recursive: true, force: true });
    throw error;
  }
}

/** A new folder beside the installed ones. */
export function asideFolder(connectorsFolder: string): string {
  mkdirSync(connectorsFolder, { recursive: true, mode: 0o700 });
  return mkdtempSync(join(connectorsFolder, 'tmp.'));
}

/** What lies in a folder aside; `below`: where in it the package is. @throws InvalidInputError as `unpackPackage` */
export async function unpacked(connectorsFolder: string, aside: string, below: string): Promise<Unpacked> {
  const facts = readFacts(aside, below);
  const digest = folderDigest(aside);
  return {
    facts,
    digest,
    drop: () => rmSync(aside, { recursive: true, force: true }),
    keep(source) {
      const folder = `${facts.name}-${facts.version}-${createHash('sha256').update(digest).digest('hex').slice(0, 12)}`;
      const place = join(connectorsFolder, folder);
      rmSync(place, { recursive: true, force: true });
      renameSync(aside, place);
      const installed: InstalledConnector = { ...facts, folder, digest, source };
      const before = readRegistry(connectorsFolder);
      const replaced = before.installed.filter(({ name }) => name === facts.name);
      writeRegistry(connectorsFolder, {
        installed: [...before.installed.filter(({ name }) => name !== facts.name), installed],
        disabled: before.disabled.filter((name) => name !== facts.name),
      });
      for (const old of replaced) if (old.folder !== folder) rmSync(join(connectorsFolder, old.folder), { recursive: true, force: true });
      return installed;
    },
  };
}

/** Removes an installed connector, else switches one that comes along off. @returns what was done */
export function removeConnector(connectorsFolder: string, name: string, builtIn: boolean): 'removed' | 'disabled' | 'nothing' {
  const before = readRegistry(connectorsFolder);
  const found = before.installed.find((installed) => installed.name === name);
  if (found !== undefined) {
    writeRegistry(connectorsFolder, { ...before, installed: before.installed.filter((installed) => installed !== found) });
    rmSync(join(connectorsFolder, found.folder), { recursive: true, force: true });
    return 'removed';
  }
  if (!builtIn || before.disabled.includes(name)) return 'nothing';
  writeRegistry(connectorsFolder, { ...before, disabled: [...before.disabled, name] });
  return 'disabled';
}

function writeRegistry(connectorsFolder: string, registry: ConnectorRegistry): void {
  mkdirSync(connectorsFolder, { recursive: true, mode: 0o700 });
  const file = join(connectorsFolder, REGISTRY_FILE);
  const aside = `${file}.${process.pid}.partial`;
  writeFileSync(aside, `${JSON.stringify(registry, null, 2)}\n`, { mode: 0o600 });
  renameSync(aside, file);
}

function readFacts(aside: string, below: string): PackageFacts {
  let said: { readonly version?: unknown; readonly wardrobe?: Readonly<Record<string, unknown>> };
  try {
    said = JSON.parse(readFileSync(join(aside, below, 'package.json'), 'utf8')) as typeof said;
  } catch (error) {
    throw new InvalidInputError('this is no package of a connector: it has no package.json that can be read', { cause: error });
  }
  const { connector, name, schemes, interfaceVersion } = said.wardrobe ?? {};
  const { version } = said;
  if (typeof connector !== 'string' || typeof interfaceVersion !== 'string' || !Array.isArray(schemes))
    throw new InvalidInputError("this is no package of a connector: its package.json has no 'wardrobe' with connector, name, schemes and interfaceVersion");
  if (
    typeof name !== 'string' ||
    !/^[a-z0-9][a-z0-9-]{0,40}$/.test(name) ||
    typeof version !== 'string' ||
    !/^\d+\.\d+\.\d+[A-Za-z0-9.+-]{0,40}$/.test(version)
  )
    throw new InvalidInputError('the package names no connector: a name of small letters and a version are needed');
  const words = schemes.map(String);
  if (words.length === 0 || words.some((scheme) => !/^[a-z0-9+.-]{2,40}$/.test(scheme)))
    throw new InvalidInputError('the package names no schemes that a connector may have');
  const mismatch = interfaceMismatch({ name, interfaceVersion });
  if (mismatch !== null) throw new InvalidInputError(mismatch);
  return { name, version, schemes: words, interfaceVersion, entry: join(below, inside(connector)) };
}

async function unpack(file: string, into: string): Promise<void> {
  const tar = extract();
  let [bytes, files] = [0, 0];
  const reading = pipeline(createReadStream(file), createGunzip(), tar).catch((error: unknown) => {
    if (error instanceof InvalidInputError) throw error;
    throw new InvalidInputError(`${file} is no package: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  });
  const writing = (async () => {
    for await (const entry of tar) {
      const path = placeOf(entry.header);
      const pieces: Buffer[] = [];
      for await (const piece of entry) {
        bytes += (piece as Buffer).length;
        if (bytes > LIMIT_BYTES) throw new InvalidInputError(`${file} holds more than ${LIMIT_BYTES >> 20} MiB`);
        pieces.push(piece as Buffer);
      }
      files += 1;
      if (files > LIMIT_FILES) throw new InvalidInputError(`${file} holds more than ${LIMIT_FILES} files`);
      if (path === null) continue;
      mkdirSync(dirname(join(into, path)), { recursive: true });
      writeFileSync(join(into, path), Buffer.concat(pieces), { mode: 0o600 });
    }
  })();
  await Promise.all([reading, writing]);
}

/** The first folder of npm's packages is left out. Null for folders. @throws InvalidInputError links, and names that lead elsewhere */
function placeOf({ type, name }: Header): string | null {
  if (type === 'directory') return null;
  if (type !== 'file' && type !== 'contiguous-file') throw new InvalidInputError(`the package holds a ${String(type)}: only files are taken`);
  return inside(name.replace(/^[^/]+\//, ''));
}

function inside(path: string): string {
  const clean = normalize(path);
  if (path === '' || path.includes('\0') || path.includes('\\') || clean.startsWith('..') || clean.startsWith('/') || /^[A-Za-z]:/.test(clean))
    throw new InvalidInputError('the package names a file outside of itself');
  return clean;
}
