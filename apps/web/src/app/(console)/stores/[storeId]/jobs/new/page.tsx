import type { Metadata } from 'next';
import { Suspense } from 'react';
import { Prefetched } from '@/trpc/server';
import { NewJobView } from './new-job-view';

export const metadata: Metadata = { title: 'New job' };

export default async function NewJobPage({ params }: { readonly params: Promise<{ readonly storeId: string }> }) {
  const { storeId } = await params;
  return (
    <Prefetched
      queries={({ trpc, queryClient }) => [
        queryClient.prefetchQuery(trpc.stores.list.queryOptions()),
        queryClient.prefetchQuery(trpc.stores.get.queryOptions({ storeId })),
        queryClient.prefetchQuery(trpc.jobs.limits.queryOptions()),
      ]}
    >
      <Suspense>
        <NewJobView storeId={storeId} />
      </Suspense>
    </Prefetched>
  );
}
