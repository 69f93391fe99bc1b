import type { Metadata } from 'next';
import { Suspense } from 'react';
import { Prefetched } from '@/trpc/server';
import { AddMachineView } from './add-machine-view';

export const metadata: Metadata = { title: 'Add a machine' };

export default async function AddMachinePage({ params }: { readonly params: Promise<{ readonly storeId: string }> }) {
  const { storeId } = await params;
  return (
    <Prefetched queries={({ trpc, queryClient }) => [queryClient.prefetchQuery(trpc.stores.get.queryOptions({ storeId }))]}>
      <Suspense>
        <AddMachineView storeId={storeId} />
      </Suspense>
    </Prefetched>
  );
}
