import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Surroundings } from '@wardrobe/connections';

export type CliEnvironment = {
  readonly passphrase: string | undefined;
  /** The store that the environment names; null: a configuration file may, else it is `homeStore`. */
  readonly store: string | null;
  readonly homeStore: string;
  /** Where stores get their names and options from. */
  readonly surroundings: Surroundings;
  /** Where rebuildable state indexes lie. */
  readonly indexDirectory: string;
  /** The agent's own configuration: its machine id. */
  readonly configDirectory: string;
  /** Data folder of the running server, for `admin`. */
  readonly dataDirectory: string | undefined;
  readonly cacheBase: string;
  /** Base of data folders by the OS's convention. */
  readonly dataBase: string;
  /** Tags of a backup that names none, as plakar takes them. */
  readonly tags: readonly string[];
  /** Of the second store of `sync`. */
  readonly syncPassphrase?: string | undefined;
  /** New password for `admin user`. */
  readonly password: string | undefined;
};

/** The only place of the command line that reads the environment. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): CliEnvironment {
  const home = homedir();
  const cacheBase = env['XDG_CACHE_HOME'] || (process.platform === 'win32' && env['LOCALAPPDATA']) || join(home, '.cache');
  const configBase = env['XDG_CONFIG_HOME'] || (process.platform === 'win32' && env['APPDATA']) || join(home, '.config');
  const configDirectory = env['WARDROBE_CONFIG'] || join(configBase, 'wardrobe');
  const plakarBase = env['XDG_CONFIG_HOME'] || (process.platform === 'win32' && env['LOCALAPPDATA']) || join(home, '.config');
  const dataBase = env['XDG_DATA_HOME'] || (process.platform === 'win32' && env['LOCALAPPDATA']) || join(home, '.local', 'share');
  return {
    passphrase: env['WARDROBE_PASSPHRASE'] ?? env['PLAKAR_PASSPHRASE'],
    store: env['WARDROBE_STORE'] || env['PLAKAR_REPOSITORY'] || null,
    homeStore: join(home, '.plakar'),
    surroundings: {
      host: { environment: env, home, temporaryFolder: tmpdir(), mayRunPrograms: true },
      configFolder: configDirectory,
      plakarFolder: join(plakarBase, 'plakar'),
      connectorsFolder: join(dataDirectory(env, dataBase), 'connectors'),
    },
    indexDirectory: env['WARDROBE_INDEX'] || join(cacheBase, 'wardrobe', 'index'),
    configDirectory,
    dataDirectory: env['WARDROBE_DATA'],
    cacheBase,
    dataBase,
    tags: env['PLAKAR_TAGS'] ? [env['PLAKAR_TAGS']] : [],
    syncPassphrase: env['WARDROBE_SYNC_PASSPHRASE'],
    password: env['WARDROBE_PASSWORD'],
  };
}

/** The data folder of the server and of this program, by one convention (README, "Data folder"). */
export function dataDirectory(env: NodeJS.ProcessEnv, dataBase: string): string {
  if (env['WARDROBE_DATA']) return env['WARDROBE_DATA'];
  if (process.getuid?.() === 0) return '/var/lib/wardrobe';
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'wardrobe');
  return join(dataBase, 'wardrobe');
}
