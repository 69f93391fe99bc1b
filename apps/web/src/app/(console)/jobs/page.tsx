import type { Metadata } from 'next';
import { Prefetched } from '@/trpc/server';
import { JobsView } from './jobs-view';

export const metadata: Metadata = { title: 'Jobs' };

export default function JobsPage() {
  return (
    <Prefetched queries={({ trpc, queryClient }) => [queryClient.prefetchQuery(trpc.jobs.list.queryOptions({}))]}>
      <JobsView storeId={null} />
    </Prefetched>
  );
}
