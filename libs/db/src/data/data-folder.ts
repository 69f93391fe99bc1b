import { chmodSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { StartError } from './start-error.js';

export type DataFolder = {
  /** Absolute, links resolved. */
  readonly path: string;
  /** Where state indexes of stores lie; rebuilt when removed. */
  readonly indexes: string;
  /** Socket of `wardrobe admin`. */
  readonly adminSocket: string;
};

type Surroundings = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly uid: number | undefined;
  readonly home: string;
};

/**
 * Where the console keeps its data when nothing is said: root `/var/lib/wardrobe`, else `$XDG_DATA_HOME/wardrobe` (default
 * `~/.local/share/wardrobe`); macOS `~/Library/Application Support/wardrobe`; Windows `%LOCALAPPDATA%\wardrobe`.
 */
export function defaultDataFolder(around: Surroundings = { env: process.env, platform: process.platform, uid: process.getuid?.(), home: homedir() }): string {
  const { env, platform, uid, home } = around;
  if (platform === 'win32') return join(env['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'), 'wardrobe');
  if (uid === 0) return '/var/lib/wardrobe';
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'wardrobe');
  const base = env['XDG_DATA_HOME'];
  return join(base?.startsWith('/') ? base : join(home, '.local', 'share'), 'wardrobe');
}

/** Makes the folder (0700) if it is not there. A folder that others can write to is refused. @throws StartError */
export function openDataFolder(path: string): DataFolder {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StartError(`The data folder ${path} cannot be made: ${reasonOf(error)}. Name another with --data or WARDROBE_DATA.`, { cause: error });
  }
  const real = realpathSync(path);
  const info = statSync(real);
  const uid = process.getuid?.();
  if (!info.isDirectory()) throw new StartError(`The data folder ${path} is not a folder.`);
  if (uid !== undefined && info.uid !== uid)
    throw new StartError(
      `The data folder ${path} belongs to another user (uid ${info.uid}, this is ${uid}). Start as that user, or name another folder with --data.`,
    );
  if (process.platform !== 'win32' && (info.mode & 0o022) !== 0)
    throw new StartError(`The data folder ${path} can be written to by other users. Run: chmod 700 ${path}`);
  const indexes = join(real, 'index');
  mkdirSync(indexes, { recursive: true, mode: 0o700 });
  chmodSync(indexes, 0o700);
  return { path: real, indexes, adminSocket: join(real, 'admin.sock') };
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
