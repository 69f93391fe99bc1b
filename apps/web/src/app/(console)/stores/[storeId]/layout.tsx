import type { Metadata } from 'next';
import type { ReactNode } from 'react';
import { requestCaller } from '@/trpc/server';

type Props = { readonly children: ReactNode; readonly params: Promise<{ readonly storeId: string }> };

/** Titles say which store: "Machines of prod-fra". A store that is not there leaves the page's own title; the page says why. */
export async function generateMetadata({ params }: Pick<Props, 'params'>): Promise<Metadata> {
  const { storeId } = await params;
  const caller = await requestCaller();
  const store = await caller?.stores.get({ storeId }).catch(() => null);
  return store ? { title: { template: `%s of ${store.name} · Wardrobe`, default: `${store.name} · Wardrobe` } } : {};
}

export default function StoreLayout({ children }: Props) {
  return children;
}
