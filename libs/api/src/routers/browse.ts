import {
  auditEntry,
  entriesInput,
  entriesPage,
  entryDetail,
  hexId,
  job,
  jobDetail,
  jobLimits,
  jobWork,
  type LiveEvent,
  snapshotFilter,
  snapshotRow,
  snapshotsPage,
  storeLock,
} from '@wardrobe/contracts';
import { z } from 'zod';
import { adminProcedure, router, userProcedure, viewerProcedure } from '../trpc.js';
import { done, OK } from './accounts.js';

const storeId = z.string().min(1).max(64);

export const snapshotsRouter = router({
  list: viewerProcedure
    .input(snapshotFilter.extend({ storeId }))
    .output(snapshotsPage)
    .query(({ ctx, input }) => ctx.services.snapshots.list(input)),
  get: viewerProcedure
    .input(z.object({ storeId, snapshotId: hexId }))
    .output(snapshotRow)
    .query(({ ctx, input }) => ctx.services.snapshots.get(input)),
});

export const explorerRouter = router({
  list: viewerProcedure
    .input(entriesInput)
    .output(entriesPage)
    .query(({ ctx, input }) => ctx.services.explorer.list(input)),
  detail: viewerProcedure
    .input(z.object({ storeId, snapshotId: hexId, path: z.string().max(20_000) }))
    .output(entryDetail)
    .query(({ ctx, input }) => ctx.services.explorer.detail(input)),
});

export const jobsRouter = router({
  list: viewerProcedure
    .input(z.object({ storeId: storeId.optional() }))
    .output(z.array(job))
    .query(({ ctx, input }) => ctx.services.jobs.list(input.storeId)),
  get: viewerProcedure
    .input(z.object({ id: z.string().max(20) }))
    .output(jobDetail)
    .query(({ ctx, input }) => ctx.services.jobs.get(input.id)),
  limits: viewerProcedure.output(jobLimits).query(({ ctx }) => ctx.services.jobs.limits()),
  locks: viewerProcedure
    .input(z.object({ storeId }))
    .output(z.array(storeLock))
    .query(({ ctx, input }) => ctx.services.jobs.locks(input.storeId)),
  plan: userProcedure
    .input(z.object({ storeId, work: jobWork }))
    .output(job)
    .mutation(({ ctx, input }) => ctx.services.jobs.plan(ctx.actor, input)),
  start: adminProcedure
    .input(z.object({ planId: z.string().max(20) }))
    .output(job)
    .mutation(({ ctx, input }) => ctx.services.jobs.apply(ctx.actor, input.planId)),
  again: adminProcedure
    .input(z.object({ id: z.string().max(20) }))
    .output(job)
    .mutation(({ ctx, input }) => ctx.services.jobs.again(ctx.actor, input.id)),
  cancel: adminProcedure
    .input(z.object({ id: z.string() }))
    .output(done)
    .mutation(async ({ ctx, input }) => {
      await ctx.services.jobs.cancel(ctx.actor, input.id);
      return OK;
    }),
});

export const auditRouter = router({
  list: adminProcedure
    .input(z.object({ limit: z.number().int().min(1).max(500).default(100), before: z.string().optional() }))
    .output(z.array(auditEntry))
    .query(({ ctx, input }) => ctx.services.audit.list(input)),
});

export const liveRouter = router({
  /** Ends by itself after `session-ended`. */
  events: viewerProcedure.input(z.object({ storeId: storeId.optional() })).subscription(async function* ({
    ctx,
    input,
    signal,
  }): AsyncGenerator<LiveEvent, void, undefined> {
    yield* ctx.services.live.events(ctx.actor, { storeId: input.storeId, signal });
  }),
});
