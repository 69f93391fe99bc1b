import { PrismaPg } from '@prisma/adapter-pg';
import pg from 'pg';
import { PrismaClient } from './generated/client.js';

/** Where the database is: a URL, or parts (a unix socket's folder is a `host`). */
export type DbTarget = string | { readonly host: string; readonly port: number; readonly user: string; readonly password: string; readonly database: string };

/** One pool, shared by the client and by the set-based statements. Passed as first argument to every query of this library. */
export type Db = {
  readonly prisma: PrismaClient;
  readonly pool: pg.Pool;
  readonly close: () => Promise<void>;
};

export type DbOptions = { readonly maxConnections?: number; readonly onError?: (error: Error) => void };

/** Opens no connection by itself. `onError` hears of idle connections that break (the server went away). */
export function createDb(target: DbTarget, options: DbOptions = {}): Db {
  const pool = new pg.Pool({ ...clientConfig(target), max: options.maxConnections ?? 10, connectionTimeoutMillis: 10_000, application_name: 'wardrobe' });
  let closing = false;
  pool.on('error', (error) => {
    if (!closing) options.onError?.(error);
  });
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) });
  return {
    prisma,
    pool,
    close: async () => {
      closing = true;
      await prisma.$disconnect();
      if (!pool.ended) await pool.end();
    },
  };
}

export function clientConfig(target: DbTarget): pg.ClientConfig {
  return typeof target === 'string' ? { connectionString: target } : { ...target };
}

/** Runs `work` in one transaction on one connection; any error rolls it back and is rethrown. */
export async function transaction<T>(db: Db, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await db.pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((failure: Error) => {
      broken = failure;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

/** Serialises writers of one thing for the rest of the transaction. */
export async function lockFor(client: pg.PoolClient, kind: 'store' | 'machine' | 'jobs', id: string): Promise<void> {
  await client.query('select pg_advisory_xact_lock(hashtextextended($1, 7300))', [`wardrobe ${kind} ${id}`]);
}
