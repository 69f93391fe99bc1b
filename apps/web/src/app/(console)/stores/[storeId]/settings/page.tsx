import type { Metadata } from 'next';
import { Prefetched } from '@/trpc/server';
import { StoreSettingsView } from './store-settings-view';

export const metadata: Metadata = { title: 'Store settings' };

export default async function StoreSettingsPage({ params }: { readonly params: Promise<{ readonly storeId: string }> }) {
  const { storeId } = await params;
  return (
    <Prefetched queries={({ trpc, queryClient }) => [queryClient.prefetchQuery(trpc.stores.get.queryOptions({ storeId }))]}>
      <StoreSettingsView storeId={storeId} />
    </Prefetched>
  );
}
