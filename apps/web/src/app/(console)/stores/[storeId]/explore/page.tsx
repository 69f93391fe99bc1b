import { entrySort } from '@wardrobe/ui/explorer';
import type { Metadata } from 'next';
import { Suspense } from 'react';
import { Prefetched } from '@/trpc/server';
import { PAGE_ENTRIES } from './address';
import { ExplorePage } from './explore-page';

export const metadata: Metadata = { title: 'Files' };

type Props = { readonly params: Promise<{ storeId: string }>; readonly searchParams: Promise<Record<string, string | string[] | undefined>> };

export default async function Explore({ params, searchParams }: Props) {
  const { storeId } = await params;
  const address = await searchParams;
  const text = (key: string): string => (Array.isArray(address[key]) ? address[key][0] : address[key]) ?? '';
  const snapshotId = text('snapshot');
  return (
    <Prefetched
      queries={({ trpc, queryClient }) => [
        queryClient.prefetchQuery(trpc.stores.get.queryOptions({ storeId })),
        ...(snapshotId === ''
          ? []
          : [
              queryClient.prefetchQuery(
                trpc.explorer.list.queryOptions({
                  storeId,
                  snapshotId,
                  path: text('path'),
                  offset: 0,
                  limit: PAGE_ENTRIES,
                  sort: entrySort(text('sort')),
                  ...(text('q') !== '' && { filter: text('q') }),
                }),
              ),
            ]),
      ]}
    >
      <Suspense>
        <ExplorePage storeId={storeId} />
      </Suspense>
    </Prefetched>
  );
}
