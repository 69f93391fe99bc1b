import type { Db } from '../db.js';
import { sql, sqlOne } from '../sql.js';
import type { AuditRow, Json } from '../types.js';

/** Audit, settings and rate limits: what the console keeps about itself. */
export async function addAudit(
  db: Db,
  entry: {
    readonly who: string;
    readonly userId: string | null;
    readonly what: string;
    readonly about: string;
    readonly address?: string | null;
    readonly at: Date;
  },
): Promise<void> {
  await db.prisma.auditEntry.create({ data: { ...entry, address: entry.address ?? null } });
}

/** Newest first; `before` is the id of the last entry of the page before. */
export async function listAudit(db: Db, options: { readonly limit: number; readonly before?: string | undefined }): Promise<AuditRow[]> {
  const rows = await db.prisma.auditEntry.findMany({
    where: options.before === undefined ? {} : { id: { lt: BigInt(options.before) } },
    orderBy: { id: 'desc' },
    take: options.limit,
  });
  return rows.map((row) => ({ id: row.id.toString(), at: row.at, who: row.who, what: row.what, about: row.about }));
}

export async function getSetting(db: Db, key: string): Promise<Json | undefined> {
  return (await db.prisma.setting.findUnique({ where: { key } }))?.value as Json | undefined;
}

export async function putSetting(db: Db, key: string, value: Json): Promise<void> {
  await sql(
    db.pool,
    'insert into settings (key, value, updated_at) values ($1, $2::jsonb, now()) on conflict (key) do update set value = excluded.value, updated_at = excluded.updated_at',
    [key, JSON.stringify(value)],
  );
}

/** Counts one attempt in a window that begins with the first; answers how many so far, this one included. */
export async function countAttempt(
  db: Db,
  attempt: { readonly key: string; readonly windowMs: number; readonly now: Date },
): Promise<{ count: number; startedAt: Date }> {
  return sqlOne(
    db.pool,
    `insert into rate_limits (key, count, started_at) values ($1, 1, $2)
     on conflict (key) do update set count = case when rate_limits.started_at < $3 then 1 else rate_limits.count + 1 end, started_at = case when rate_limits.started_at < $3 then excluded.started_at else rate_limits.started_at end
     returning count, started_at as "startedAt"`,
    [attempt.key, attempt.now, new Date(attempt.now.getTime() - attempt.windowMs)],
  );
}

export async function clearAttempts(db: Db, key: string): Promise<void> {
  await db.prisma.rateLimit.deleteMany({ where: { key } });
}

export async function pruneAttempts(db: Db, before: Date): Promise<void> {
  await db.prisma.rateLimit.deleteMany({ where: { startedAt: { lt: before } } });
}

/** Whether the database answers; for /healthz. */
export async function ping(db: Db): Promise<boolean> {
  return (await sqlOne<{ ok: number }>(db.pool, 'select 1 as ok')).ok === 1;
}
