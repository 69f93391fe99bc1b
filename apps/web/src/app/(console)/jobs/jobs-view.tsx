'use client';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { JobDto } from '@wardrobe/contracts';
import { EmptyState, JobList, LoadingRows, PageHead, ProblemState, useToast } from '@wardrobe/ui';
import { counted, figure } from '@wardrobe/words';
import { ListChecks } from 'lucide-react';
import { Page } from '@/shell/page';
import { ReadAgain } from '@/shell/store-notices';
import { useMe } from '@/shell/use-me';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';

/** Work of the server, for one store or for all. Live events keep it current. */
export function JobsView({ storeId }: { readonly storeId: string | null }) {
  const trpc = useTRPC();
  const client = useQueryClient();
  const toast = useToast();
  const { admin } = useMe();
  const jobs = useQuery(trpc.jobs.list.queryOptions(storeId === null ? {} : { storeId }));
  const stores = useQuery(trpc.stores.list.queryOptions());
  const cancel = useMutation(
    trpc.jobs.cancel.mutationOptions({
      onSuccess: () => void client.invalidateQueries({ queryKey: trpc.jobs.pathKey() }),
      onError: (error) => toast({ kind: 'warning', text: problemOf(error).sentence }),
    }),
  );
  const actions = storeId === null ? null : <ReadAgain storeId={storeId} />;
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
            Reading a store again is a job, and so is sorting a large directory. They go on when this page is closed.
          </EmptyState>
        </section>
      ) : (
        <JobList
          jobs={jobs.data}
          storeName={(id) => stores.data?.find((store) => store.id === id)?.name ?? null}
          onCancel={admin ? (job) => cancel.mutate({ id: job.id }) : null}
        />
      )}
    </Page>
  );
}

function sentenceOf(jobs: readonly JobDto[]): string {
  const running = jobs.filter((job) => job.state === 'running').length;
  const waiting = jobs.filter((job) => job.state === 'queued').length;
  const failed = jobs.filter((job) => job.state === 'failed').length;
  const parts = [
    running > 0 ? `${counted(running, 'job')} running` : 'No job is running',
    ...(waiting > 0 ? [`${figure(waiting)} waiting`] : []),
    ...(failed > 0 ? [`${figure(failed)} failed`] : []),
  ];
  return `${parts.join(', ')}.`;
}
