import type { Metadata } from 'next';
import { Suspense } from 'react';
import { storeName } from '@/lib/store-title';
import { Prefetched } from '@/trpc/server';
import { MachinesView } from './machines-view';

type Props = { readonly params: Promise<{ readonly storeId: string }> };

/** The layout's template does not reach the page of its own segment. */
export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const name = await storeName((await params).storeId);
  return { title: name === null ? 'Machines' : { absolute: `Machines of ${name} · Wardrobe` } };
}

export default async function MachinesPage({ params }: Props) {
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
