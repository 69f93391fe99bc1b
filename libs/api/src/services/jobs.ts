import { cancelJob, getJob, type JobRow, listJobs } from '@wardrobe/db';
import { forbidden, notFound } from '../errors/api-error.js';
import { audit, type Deps, now } from './deps.js';
import { jobDetail, jobDto, workPayload } from './job-rows.js';
import { readRoots } from './locations.js';
import type { Refreshes } from './refresh.js';
import type { Registry } from './registry.js';
import { requiredStore } from './tracking.js';
import type { Actor, JobService } from './types.js';
import type { Work } from './work.js';

/** Everything that runs or ran: readings of the console itself and work that people asked for. */
export function createJobs(
  deps: Deps,
  { refreshes, work, registry }: { readonly refreshes: Refreshes; readonly work: Work; readonly registry: Registry },
): JobService {
  async function required(id: string): Promise<JobRow> {
    const job = /^\d{1,18}$/.test(id) ? await getJob(deps.db, id) : null;
    if (job === null) throw notFound('This job');
    return job;
  }

  return {
    async list(storeId) {
      if (storeId !== undefined) await requiredStore(deps, storeId);
      return (await listJobs(deps.db, { ...(storeId !== undefined && { storeId }), limit: 100 })).map(jobDto);
    },
    async get(id) {
      return jobDetail(await required(id));
    },
    async limits() {
      const { config } = deps;
      return { restoreRoots: [...(config.restoreRoots ?? [])], restorePrivileges: config.restorePrivileges === true, readRoots: readRoots(config) };
    },
    async locks(storeId) {
      const reader = await registry.reader((await requiredStore(deps, storeId)).id);
      return reader.call('locks', { nowMs: deps.clock.nowMs() });
    },
    async plan(actor, input) {
      // Looking what a repair would do is reading; the other dry runs are for those who may do what they plan.
      if (actor.role !== 'admin' && input.work.kind !== 'repair') throw forbidden('start this: only admins may');
      return work.plan(actor, input);
    },
    apply: (actor, planId) => work.apply(actor, planId),
    async again(actor, id) {
      const job = await required(id);
      const payload = workPayload(job);
      if (payload === null || job.storeId === null) throw notFound('The plan of this job');
      return work.plan(actor, { storeId: job.storeId, work: payload.work });
    },
    async cancel(actor: Actor, id: string) {
      const job = await required(id);
      if (await cancelJob(deps.db, id, now(deps))) {
        if (!refreshes.abort(id)) work.abort(id);
        const row = await getJob(deps.db, id);
        if (row !== null) deps.bus.publish({ kind: 'job', storeId: row.storeId, at: now(deps).toISOString(), job: jobDto(row) });
      }
      await audit(deps, actor, { what: 'cancelled a job', about: job.label });
    },
  };
}
