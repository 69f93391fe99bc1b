import type { Metadata } from 'next';
import type { ReactNode } from 'react';
import { storeName } from '@/lib/store-title';

type Props = { readonly children: ReactNode; readonly params: Promise<{ readonly storeId: string }> };

/** Titles say which store: "Divergence of prod-fra". */
export async function generateMetadata({ params }: Pick<Props, 'params'>): Promise<Metadata> {
  const name = await storeName((await params).storeId);
  return name === null ? {} : { title: { template: `%s of ${name} · Wardrobe`, default: `${name} · Wardrobe` } };
}

export default function StoreLayout({ children }: Props) {
  return children;
}
