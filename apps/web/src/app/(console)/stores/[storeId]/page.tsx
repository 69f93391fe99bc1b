import type { Metadata } from 'next';
import { Suspense } from 'react';
import { Prefetched } from '@/trpc/server';
import { MachinesView } from './machines-view';

export const metadata: Metadata = { title: 'Machines' };

export default async function MachinesPage({ params }: { readonly params: Promise<{ readonly storeId: string }> }) {
  const { storeId } = await params;
  return (
    <Prefetched
      queries={({ trpc, queryClient }) => [
        queryClient.prefetchQuery(trpc.machines.list.queryOptions({ storeId })),
        queryClient.prefetchQuery(trpc.stores.get.queryOptions({ storeId })),
      ]}
    >
      <Suspense>
        <MachinesView storeId={storeId} />
      </Suspense>
    </Prefetched>
  );
}
