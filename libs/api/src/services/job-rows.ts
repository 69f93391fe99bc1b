import { jobPlan, jobWork, type JobDetailDto, type JobDto, type JobPlanDto, type ProblemDto, WORK_KINDS, type WorkKind } from '@wardrobe/contracts';
import type { JobRow, Json } from '@wardrobe/db';
import { z } from 'zod';
import { problemDto } from './problems.js';

const KINDS = ['refresh', 'sort', 'verify', ...WORK_KINDS] as const;

/** What the row of a piece of work keeps of what was asked. `planId`: the dry run that is applied. */
const payloadOf = z.object({ work: jobWork, label: z.string(), planId: z.string().nullable(), command: z.string().nullable() });
export type WorkPayload = z.infer<typeof payloadOf>;
/** What a job leaves. `engine`: for the doing, from its dry run. */
const resultOf = z.object({ sentence: z.string(), plan: jobPlan.nullable().optional(), engine: z.unknown().optional() });

export function workPayload(job: Pick<JobRow, 'payload'>): WorkPayload | null {
  const parsed = payloadOf.safeParse(job.payload);
  return parsed.success ? parsed.data : null;
}

export function planOfJob(job: Pick<JobRow, 'result'>): { plan: JobPlanDto; engine: unknown } | null {
  const parsed = resultOf.safeParse(job.result);
  return parsed.success && parsed.data.plan ? { plan: parsed.data.plan, engine: parsed.data.engine } : null;
}

export function jobDto(job: JobRow): JobDto {
  const result = resultOf.safeParse(job.result);
  const payload = workPayload(job);
  const name = payload?.label ?? (job.kind === 'refresh' ? 'Reading the store' : job.label);
  return {
    id: job.id,
    kind: KINDS.find((kind) => kind === job.kind) ?? 'refresh',
    storeId: job.storeId,
    state: job.state,
    dryRun: job.dryRun,
    done: job.done,
    total: job.total,
    label: name,
    phase: job.state === 'running' && job.label !== name ? job.label : null,
    startedBy: job.startedBy,
    createdAt: job.createdAt.toISOString(),
    startedAt: job.startedAt?.toISOString() ?? null,
    endedAt: job.endedAt?.toISOString() ?? null,
    log: [...job.log],
    problem: problemDto(job.problem),
    outcome: result.success ? result.data.sentence : null,
    command: payload?.command ?? null,
  };
}

export function jobDetail(job: JobRow): JobDetailDto {
  return { ...jobDto(job), work: workPayload(job)?.work ?? null, plan: planOfJob(job)?.plan ?? null };
}

export function isWorkKind(kind: string): kind is WorkKind {
  return (WORK_KINDS as readonly string[]).includes(kind);
}

/** Undefined members left out: what the database keeps as JSON. */
export function plain(problem: ProblemDto): Json {
  return { code: problem.code, sentence: problem.sentence, next: problem.next, ...(problem.detail === undefined ? {} : { detail: problem.detail }) };
}
