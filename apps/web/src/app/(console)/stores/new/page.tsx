import type { Metadata } from 'next';
import { Suspense } from 'react';
import { NewStoreView } from './new-store-view';

export const metadata: Metadata = { title: 'Connect a store' };

export default function NewStorePage() {
  return (
    <Suspense>
      <NewStoreView />
    </Suspense>
  );
}
