import type { Metadata } from 'next';
import { Prefetched } from '@/trpc/server';
import { UsersView } from './users-view';

export const metadata: Metadata = { title: 'People' };

export default function UsersPage() {
  return (
    <Prefetched queries={({ trpc, queryClient }) => [queryClient.prefetchQuery(trpc.users.list.queryOptions())]}>
      <UsersView />
    </Prefetched>
  );
}
