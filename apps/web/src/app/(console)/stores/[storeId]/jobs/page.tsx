import type { Metadata } from 'next';
import { JobsView } from '@/app/(console)/jobs/jobs-view';
import { Prefetched } from '@/trpc/server';

export const metadata: Metadata = { title: 'Jobs' };

export default async function StoreJobsPage({ params }: { readonly params: Promise<{ readonly storeId: string }> }) {
  const { storeId } = await params;
  return (
    <Prefetched queries={({ trpc, queryClient }) => [queryClient.prefetchQuery(trpc.jobs.list.queryOptions({ storeId }))]}>
      <JobsView storeId={storeId} />
    </Prefetched>
  );
}
