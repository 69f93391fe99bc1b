import { type Db, lockFor, transaction } from '../db.js';
import type { Job } from '../generated/client.js';
import { sql } from '../sql.js';
import type { JobRow, JobState, Json } from '../types.js';
import { jsonText } from './json.js';

/** Lines of log that are kept. */
const LOG_LINES = 500;

/** Queues a job; where one with the same key waits already, that one is answered. */
export async function queueJob(
  db: Db,
  job: {
    readonly kind: string;
    readonly key: string;
    readonly storeId: string | null;
    readonly startedBy: string;
    readonly label?: string;
    readonly payload?: Json;
    readonly runAfter?: Date;
    /** Of the jobs of one lane one runs at a time. */
    readonly lane?: string;
    readonly dryRun?: boolean;
  },
): Promise<JobRow> {
  const id = await transaction(db, async (client) => {
    await lockFor(client, 'jobs', job.key);
    const waiting = await sql<{ id: string }>(client, `select id from jobs where key = $1 and state = 'queued' order by id limit 1`, [job.key]);
    if (waiting[0] !== undefined) {
      await sql(client, 'update jobs set run_after = least(run_after, $2) where id = $1', [waiting[0].id, job.runAfter ?? new Date()]);
      return waiting[0].id;
    }
    const rows = await sql<{ id: string }>(
      client,
      'insert into jobs (kind, key, store_id, started_by, label, payload, run_after, lane, dry_run) values ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9) returning id',
      [
        job.kind,
        job.key,
        job.storeId,
        job.startedBy,
        job.label ?? '',
        jsonText(job.payload ?? {}),
        job.runAfter ?? new Date(),
        job.lane ?? null,
        job.dryRun ?? false,
      ],
    );
    return rows[0]?.id ?? '0';
  });
  return requireJob(db, id);
}

/** Takes the oldest job that is due and whose key and lane are not running; null: nothing to do. */
export async function claimJob(db: Db, claim: { readonly worker: string; readonly now: Date; readonly kinds?: readonly string[] }): Promise<JobRow | null> {
  const rows = await sql<{ id: string }>(
    db.pool,
    `update jobs set state = 'running', worker = $1, started_at = $2, heartbeat_at = $2
     where id = (select id from jobs waiting where state = 'queued' and run_after <= $2 and ($3::text[] is null or kind = any($3::text[]))
         and not exists (select 1 from jobs busy where busy.state = 'running' and (busy.key = waiting.key or busy.lane = waiting.lane))
       order by run_after, id limit 1 for update skip locked)
     returning id`,
    [claim.worker, claim.now, claim.kinds ?? null],
  );
  return rows[0] === undefined ? null : requireJob(db, rows[0].id);
}

/** Progress and new lines of log; `total` null: not known. Answers whether somebody asked to cancel. */
export async function reportProgress(
  db: Db,
  jobId: string,
  progress: { readonly done?: number; readonly total?: number | null; readonly label?: string; readonly lines?: readonly string[]; readonly now: Date },
): Promise<{ cancelAsked: boolean }> {
  const rows = await sql<{ cancelAsked: boolean }>(
    db.pool,
    `update jobs set done = coalesce($2, done), total = case when $7 then $3 else total end, label = coalesce($4, label), heartbeat_at = $6,
       log = case when cardinality($5::text[]) = 0 then log else (log || $5::text[])[greatest(1, cardinality(log) + cardinality($5::text[]) - ${LOG_LINES - 1}):] end
     where id = $1 and state = 'running' returning cancel_asked as "cancelAsked"`,
    [jobId, progress.done ?? null, progress.total ?? null, progress.label ?? null, progress.lines ?? [], progress.now, progress.total !== undefined],
  );
  return { cancelAsked: rows[0]?.cancelAsked ?? true };
}

export async function endJob(
  db: Db,
  jobId: string,
  end: { readonly state: Exclude<JobState, 'queued' | 'running'>; readonly problem?: Json; readonly result?: Json; readonly now: Date },
): Promise<JobRow> {
  await sql(db.pool, `update jobs set state = $2, problem = $3::jsonb, ended_at = $4, result = $5::jsonb where id = $1 and state in ('queued', 'running')`, [
    jobId,
    end.state,
    jsonText(end.problem ?? null),
    end.now,
    jsonText(end.result ?? null),
  ]);
  return requireJob(db, jobId);
}

/** A waiting job ends at once; a running one is asked to. False: it has ended already. */
export async function cancelJob(db: Db, jobId: string, now: Date): Promise<boolean> {
  const rows = await sql(
    db.pool,
    `update jobs set cancel_asked = true, state = case when state = 'queued' then 'cancelled' else state end, ended_at = case when state = 'queued' then $2::timestamptz else ended_at end
     where id = $1 and state in ('queued', 'running') returning id`,
    [jobId, now],
  );
  return rows.length > 0;
}

/** At start: jobs of these kinds that a dead process left running count as interrupted. Answers them. */
export async function interruptJobs(
  db: Db,
  interrupt: { readonly worker: string; readonly kinds: readonly string[]; readonly problem: Json; readonly now: Date },
): Promise<JobRow[]> {
  const rows = await sql<{ id: string }>(
    db.pool,
    `update jobs set state = 'interrupted', problem = $3::jsonb, ended_at = $4 where state = 'running' and worker is distinct from $1 and kind = any($2::text[]) returning id`,
    [interrupt.worker, [...interrupt.kinds], jsonText(interrupt.problem), interrupt.now],
  );
  return Promise.all(rows.map(({ id }) => requireJob(db, id)));
}

/** At start: jobs that a dead process left running wait again. Answers how many. */
export async function takeBackJobs(db: Db, worker: string, kinds?: readonly string[]): Promise<number> {
  const rows = await sql(
    db.pool,
    `update jobs set state = 'queued', worker = null, started_at = null where state = 'running' and worker is distinct from $1 and ($2::text[] is null or kind = any($2::text[])) returning id`,
    [worker, kinds ?? null],
  );
  return rows.length;
}

/** Newest first. */
export async function listJobs(db: Db, options: { readonly storeId?: string; readonly limit?: number } = {}): Promise<JobRow[]> {
  const rows = await db.prisma.job.findMany({
    where: options.storeId === undefined ? {} : { storeId: BigInt(options.storeId) },
    orderBy: { id: 'desc' },
    take: options.limit ?? 50,
  });
  return rows.map(toJob);
}

export async function getJob(db: Db, jobId: string): Promise<JobRow | null> {
  const row = await db.prisma.job.findUnique({ where: { id: BigInt(jobId) } });
  return row === null ? null : toJob(row);
}

/** Removes jobs that ended before this. */
export async function pruneJobs(db: Db, before: Date): Promise<number> {
  return (await db.prisma.job.deleteMany({ where: { endedAt: { lt: before } } })).count;
}

async function requireJob(db: Db, jobId: string): Promise<JobRow> {
  const job = await getJob(db, jobId);
  if (job === null) throw new Error(`job ${jobId} was removed`);
  return job;
}

function toJob(row: Job): JobRow {
  return {
    id: row.id.toString(),
    kind: row.kind,
    storeId: row.storeId?.toString() ?? null,
    key: row.key,
    lane: row.lane,
    state: row.state as JobState,
    dryRun: row.dryRun,
    result: row.result as Json,
    payload: row.payload as Json,
    done: Number(row.done),
    total: row.total === null ? null : Number(row.total),
    label: row.label,
    log: row.log,
    problem: row.problem as Json,
    startedBy: row.startedBy,
    createdAt: row.createdAt,
    startedAt: row.startedAt,
    endedAt: row.endedAt,
    cancelAsked: row.cancelAsked,
  };
}
