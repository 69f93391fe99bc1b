'use client';
import { useQuery } from '@tanstack/react-query';
import type { JobDto } from '@wardrobe/contracts';
import { EmptyState, JobList, LinkButton, LoadingRows, PageHead, ProblemState } from '@wardrobe/ui';
import { counted, figure } from '@wardrobe/words';
import { ListChecks } from 'lucide-react';
import { paths } from '@/lib/paths';
import { Page } from '@/shell/page';
import { ReadAgain } from '@/shell/store-notices';
import { useMe } from '@/shell/use-me';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';
import { useCancel } from '@/work/work-panel';

/** Work of the server, for one store or for all. Live events keep it current. */
export function JobsView({ storeId }: { readonly storeId: string | null }) {
  const trpc = useTRPC();
  const { admin } = useMe();
  const jobs = useQuery(trpc.jobs.list.queryOptions(storeId === null ? {} : { storeId }));
  const stores = useQuery(trpc.stores.list.queryOptions());
  const cancel = useCancel();
  const actions =
    storeId === null ? null : (
      <>
        <ReadAgain storeId={storeId} />
        <LinkButton look="primary" href={paths.newJob(storeId, 'check')}>
          New job
        </LinkButton>
      </>
    );
  if (jobs.data === undefined) {
    return (
      <Page>
        <PageHead sentence={jobs.error ? 'The jobs cannot be shown.' : 'Reading the list of jobs.'} />
        <section className="panel">
          {jobs.error ? <ProblemState problem={problemOf(jobs.error)} onRetry={() => void jobs.refetch()} /> : <LoadingRows what="the list of jobs" rows={3} />}
        </section>
      </Page>
    );
  }
  return (
    <Page>
      <PageHead sentence={sentenceOf(jobs.data)} actions={actions} />
      {jobs.data.length === 0 ? (
        <section className="panel">
          <EmptyState icon={ListChecks} fact="Nothing was done yet.">
            Reading a store again is a job, and so are checks, repairs and removals. They go on when this page is closed.
          </EmptyState>
        </section>
      ) : (
        <JobList
          jobs={jobs.data}
          storeName={(id) => stores.data?.find((store) => store.id === id)?.name ?? null}
          onCancel={admin ? (job) => cancel(job.id) : null}
          hrefOf={hrefOf}
        />
      )}
    </Page>
  );
}

/** A dry run leads to its plan, work that did not end well to a new dry run of its kind. */
function hrefOf(job: JobDto): string | null {
  if (job.storeId === null || job.kind === 'refresh' || job.kind === 'sort' || job.kind === 'verify') return null;
  if (job.dryRun) return job.state === 'done' ? paths.planOf(job.storeId, job.kind, job.id) : null;
  const again = job.state === 'failed' || job.state === 'cancelled' || job.state === 'interrupted';
  return again && job.kind !== 'rm' && job.kind !== 'restore' ? paths.newJob(job.storeId, job.kind) : null;
}

function sentenceOf(jobs: readonly JobDto[]): string {
  const running = jobs.filter((job) => job.state === 'running').length;
  const waiting = jobs.filter((job) => job.state === 'queued').length;
  const failed = jobs.filter((job) => job.state === 'failed').length;
  const interrupted = jobs.filter((job) => job.state === 'interrupted').length;
  const parts = [
    running > 0 ? `${counted(running, 'job')} running` : 'No job is running',
    ...(waiting > 0 ? [`${figure(waiting)} waiting`] : []),
    ...(failed > 0 ? [`${figure(failed)} failed`] : []),
    ...(interrupted > 0 ? [`${figure(interrupted)} interrupted`] : []),
  ];
  return `${parts.join(', ')}.`;
}
