import type { Metadata } from 'next';
import { Suspense } from 'react';
import { Page } from '@/shell/page';
import { Prefetched } from '@/trpc/server';
import { MatrixPage } from './matrix-page';

export const metadata: Metadata = { title: 'Matrix' };

export default async function Matrix({ params }: { readonly params: Promise<{ storeId: string }> }) {
  const { storeId } = await params;
  return (
    <Prefetched
      queries={({ trpc, queryClient }) => [
        queryClient.prefetchQuery(trpc.machines.list.queryOptions({ storeId })),
        queryClient.prefetchQuery(trpc.stores.get.queryOptions({ storeId })),
      ]}
    >
      <Page>
        <Suspense>
          <MatrixPage storeId={storeId} />
        </Suspense>
      </Page>
    </Prefetched>
  );
}
