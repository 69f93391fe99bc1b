import type { Metadata } from 'next';
import { Suspense } from 'react';
import { Prefetched } from '@/trpc/server';
import { DivergenceView } from './divergence-view';

export const metadata: Metadata = { title: 'Divergence' };

export default async function DivergencePage({ params }: { readonly params: Promise<{ readonly storeId: string }> }) {
  const { storeId } = await params;
  return (
    <Prefetched
      queries={({ trpc, queryClient }) => [
        queryClient.prefetchQuery(trpc.divergence.get.queryOptions({ storeId })),
        queryClient.prefetchQuery(trpc.stores.get.queryOptions({ storeId })),
      ]}
    >
      <Suspense>
        <DivergenceView storeId={storeId} />
      </Suspense>
    </Prefetched>
  );
}
