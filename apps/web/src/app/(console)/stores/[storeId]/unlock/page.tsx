import type { Metadata } from 'next';
import { Prefetched } from '@/trpc/server';
import { UnlockView } from './unlock-view';

export const metadata: Metadata = { title: 'Unlock' };

export default async function UnlockPage({ params }: { readonly params: Promise<{ readonly storeId: string }> }) {
  const { storeId } = await params;
  return (
    <Prefetched queries={({ trpc, queryClient }) => [queryClient.prefetchQuery(trpc.stores.get.queryOptions({ storeId }))]}>
      <UnlockView storeId={storeId} />
    </Prefetched>
  );
}
