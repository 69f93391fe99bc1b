import { CacheReadError, damaged, errorCode } from '../cache-error.js';

export type SqliteRow = Readonly<Record<string, unknown>>;

/** The little of a SQLite engine that is needed: rows of a statement, one after the other. */
export type SqliteDatabase = { readonly rows: (sql: string) => Iterable<SqliteRow>; readonly close: () => void };

/** Opens the private copy at `path`. An engine that ignores the `-wal` beside it gives old answers and must not be used. */
export type SqliteEngine = { readonly open: (path: string) => SqliteDatabase };

type LibsqlConstructor = new (
  path: string,
) => {
  prepare(sql: string): { iterate(): Iterable<unknown>; raw(on: boolean): unknown };
  exec(sql: string): void;
  close(): void;
};

/**
 * The engine of the `libsql` package: native, reads the `-wal`. Its `readonly` option has no effect, so writing is switched off by pragma.
 * @throws CacheReadError `unsupported` where the package has no binary for this platform
 */
export async function loadLibsql(): Promise<SqliteEngine> {
  let Database: LibsqlConstructor;
  try {
    const module = await import('libsql');
    Database = module.default as unknown as LibsqlConstructor;
  } catch (error) {
    throw new CacheReadError('unsupported', 'the SQLite engine (npm package libsql) is not installed for this platform: caches of plakar 1.1 cannot be read', {
      cause: error,
    });
  }
  return { open: (path) => openLibsql(Database, path) };
}

function openLibsql(Database: LibsqlConstructor, path: string): SqliteDatabase {
  const database = guarded(() => new Database(path));
  guarded(() => database.exec('PRAGMA query_only=ON; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0'));
  return {
    rows: function* (sql) {
      const rows = guarded(() => database.prepare(sql).iterate()[Symbol.iterator]());
      for (let step = guarded(() => rows.next()); step.done !== true; step = guarded(() => rows.next())) yield step.value as SqliteRow;
    },
    close: () => database.close(),
  };
}

/** What SQLite says about a broken copy becomes damage, to be tried again; its own words stay in the cause. */
function guarded<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof CacheReadError) throw error;
    const code = errorCode(error);
    throw damaged(`state.db: SQLite refuses it${code === null ? '' : ` (${code})`}`, error);
  }
}
