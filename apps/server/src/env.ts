import { defaultDataFolder } from '@wardrobe/db';

/** Everything the server takes from its environment. Flags win over it. */
export type ServerEnvironment = {
  /** WARDROBE_DATA, else the system's convention. */
  readonly dataFolder: string;
  /** WARDROBE_KEY_FILE: the key file when it lies outside the data folder. */
  readonly keyFile: string | undefined;
  /** DATABASE_URL: another PostgreSQL instead of the built-in one. */
  readonly databaseUrl: string | undefined;
  /** WARDROBE_PG_HOME: where the built-in database lies when root starts the console. */
  readonly databaseHome: string | undefined;
  /** WARDROBE_STORE_ROOTS: folders below which local stores may lie, separated as in PATH. */
  readonly storeRoots: readonly string[];
  /** WARDROBE_RESTORE_ROOTS: folders below which restores may write; none unless named here. */
  readonly restoreRoots: readonly string[];
  /** WARDROBE_RESTORE_OWNERS=1: restores may set owners and setuid bits. */
  readonly restorePrivileges: boolean;
  /** WARDROBE_ALLOWED_HOSTS: further names that requests may call this console by, separated by commas. */
  readonly allowedHosts: readonly string[];
};

/** The only place of the server that reads the environment. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): ServerEnvironment {
  const list = (text: string | undefined, separator: string): string[] =>
    (text ?? '')
      .split(separator)
      .map((item) => item.trim())
      .filter((item) => item !== '');
  return {
    dataFolder: textOf(env['WARDROBE_DATA']) ?? defaultDataFolder(),
    keyFile: textOf(env['WARDROBE_KEY_FILE']),
    databaseUrl: textOf(env['DATABASE_URL']),
    databaseHome: textOf(env['WARDROBE_PG_HOME']),
    storeRoots: list(env['WARDROBE_STORE_ROOTS'], process.platform === 'win32' ? ';' : ':'),
    restoreRoots: list(env['WARDROBE_RESTORE_ROOTS'], process.platform === 'win32' ? ';' : ':'),
    restorePrivileges: env['WARDROBE_RESTORE_OWNERS'] === '1',
    allowedHosts: list(env['WARDROBE_ALLOWED_HOSTS'], ','),
  };
}

/** The pages' framework picks its builds by this variable when it is first loaded; and secrets do not reach child processes. */
export function settleEnvironment(env: NodeJS.ProcessEnv = process.env): void {
  Object.assign(env, { NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1', AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' });
  for (const name of ['DATABASE_URL', 'WARDROBE_PASSPHRASE', 'PLAKAR_PASSPHRASE']) delete env[name];
}

function textOf(value: string | undefined): string | undefined {
  return value === undefined || value.trim() === '' ? undefined : value.trim();
}
