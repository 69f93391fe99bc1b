import type { Metadata } from 'next';
import { Prefetched } from '@/trpc/server';
import { StoresView } from './stores-view';

export const metadata: Metadata = { title: 'Stores' };

export default function StoresPage() {
  return (
    <Prefetched queries={({ trpc, queryClient }) => [queryClient.prefetchQuery(trpc.stores.list.queryOptions())]}>
      <StoresView />
    </Prefetched>
  );
}
