import type { Metadata } from 'next';
import { redirect } from 'next/navigation';
import { Suspense } from 'react';
import { paths } from '@/lib/paths';
import { requestCaller } from '@/trpc/server';
import { NewStoreView } from './new-store-view';

export const metadata: Metadata = { title: 'Connect a store' };

type Props = { readonly searchParams: Promise<Record<string, string | string[] | undefined>> };

/** The first run asks for a store, unless one is there already (the demonstration's). */
export default async function NewStorePage({ searchParams }: Props) {
  const { first } = await searchParams;
  if (first !== undefined) {
    const stores = await (await requestCaller())?.stores.list();
    if (stores?.length === 1 && stores[0]) redirect(paths.machines(stores[0].id));
    if (stores && stores.length > 0) redirect(paths.stores);
  }
  return (
    <Suspense>
      <NewStoreView />
    </Suspense>
  );
}
