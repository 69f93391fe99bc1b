import { snapshotFilterOf, snapshotQuery } from '@wardrobe/ui/snapshots';
import type { Metadata } from 'next';
import { Suspense } from 'react';
import { Page } from '@/shell/page';
import { Prefetched } from '@/trpc/server';
import { PAGE_ROWS } from './page-rows';
import { SnapshotsPage } from './snapshots-page';

export const metadata: Metadata = { title: 'Snapshots' };

type Props = { readonly params: Promise<{ storeId: string }>; readonly searchParams: Promise<Record<string, string | string[] | undefined>> };

export default async function Snapshots({ params, searchParams }: Props) {
  const { storeId } = await params;
  const address = await searchParams;
  const first = (value: string | string[] | undefined): string | null => (Array.isArray(value) ? value[0] : value) ?? null;
  const filter = snapshotFilterOf(snapshotQuery((key) => first(address[key])));
  return (
    <Prefetched
      queries={({ trpc, queryClient }) => [
        queryClient.prefetchQuery(trpc.snapshots.list.queryOptions({ storeId, ...filter, offset: 0, limit: PAGE_ROWS })),
        queryClient.prefetchQuery(trpc.stores.get.queryOptions({ storeId })),
      ]}
    >
      <Page>
        <Suspense>
          <SnapshotsPage storeId={storeId} />
        </Suspense>
      </Page>
    </Prefetched>
  );
}
