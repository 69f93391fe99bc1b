import { createDb, type DataFolder, type Db, type KeyRing, migrate, MigrationError, StartError, startEmbedded } from '@wardrobe/db';
import type { ServerEnvironment } from './env.js';
import type { Log } from './log.js';

export type Database = {
  readonly db: Db;
  readonly close: () => Promise<void> /** Settles when the built-in server ends; never for another server. */;
  readonly ended: Promise<void>;
};
type Options = {
  readonly data: DataFolder;
  readonly keys: KeyRing;
  readonly environment: ServerEnvironment;
  readonly migrations: string;
  readonly log: Log;
  readonly say: (line: string) => void;
};

/** Starts or reaches the database and brings its schema up to date. @throws StartError */
export async function openDatabase(options: Options): Promise<Database> {
  const url = options.environment.databaseUrl;
  return url === undefined ? openEmbedded(options) : openGiven(options, url);
}

async function openEmbedded({ data, keys, environment, migrations, log, say }: Options): Promise<Database> {
  const embedded = await startEmbedded({ data, keys, rootHome: environment.databaseHome, say });
  try {
    await applyMigrations(embedded.target, migrations, say);
  } catch (error) {
    await embedded.stop();
    throw error;
  }
  const db = createDb(embedded.target, { onError: (error) => log('warn', `a database connection broke: ${error.message}`) });
  const close = async (): Promise<void> => {
    await db.close();
    await embedded.stop();
  };
  return { db, close, ended: embedded.ended };
}

async function openGiven({ migrations, log, say }: Options, url: string): Promise<Database> {
  const place = placeOf(url);
  try {
    await applyMigrations(url, migrations, say);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(`The database that DATABASE_URL names (${place}) cannot be used: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  say(`Using the database at ${place}.`);
  const db = createDb(url, { onError: (error) => log('warn', `a database connection broke: ${error.message}`) });
  return { db, close: db.close, ended: new Promise(() => undefined) };
}

async function applyMigrations(target: Parameters<typeof migrate>[0], folder: string, say: (line: string) => void): Promise<void> {
  try {
    const applied = await migrate(target, folder);
    if (applied.length > 0) say(`Database schema: applied ${applied.join(', ')}.`);
  } catch (error) {
    if (error instanceof MigrationError) throw new StartError(error.message, { cause: error });
    throw error;
  }
}

/** The URL without user and password. */
function placeOf(text: string): string {
  if (!URL.canParse(text)) throw new StartError('DATABASE_URL is not an address like postgresql://user:password@host:5432/database.');
  const url = new URL(text);
  return `${url.host || url.searchParams.get('host') || 'local'}${url.pathname}`;
}
