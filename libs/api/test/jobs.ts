import type { JobDetailDto, JobDto, JobWorkInput, StoreDto } from '@wardrobe/contracts';
import type { Console } from './console.js';

/** Waits until a job has ended. */
export async function ended(run: Console, id: string): Promise<JobDetailDto> {
  for (;;) {
    const job = (await run.call<JobDetailDto>('jobs.get', { id }, { cookie: run.admin })).data;
    if (job.state !== 'queued' && job.state !== 'running') return job;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A dry run that has ended. */
export async function planned(run: Console, store: Pick<StoreDto, 'id'>, work: JobWorkInput): Promise<JobDetailDto> {
  const answer = await run.call<JobDto>('jobs.plan', { storeId: store.id, work }, { cookie: run.admin, mutation: true });
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.problem));
  return ended(run, answer.data.id);
}

/** A dry run, and the job that does what it planned. */
export async function done(run: Console, store: Pick<StoreDto, 'id'>, work: JobWorkInput): Promise<JobDetailDto> {
  const plan = await planned(run, store, work);
  const answer = await run.call<JobDto>('jobs.start', { planId: plan.id }, { cookie: run.admin, mutation: true });
  if (answer.status !== 200) throw new Error(`${JSON.stringify(answer.problem)} ${JSON.stringify(plan)}`);
  return ended(run, answer.data.id);
}
