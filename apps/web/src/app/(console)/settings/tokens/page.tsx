import type { Metadata } from 'next';
import { Prefetched } from '@/trpc/server';
import { TokensView } from './tokens-view';

export const metadata: Metadata = { title: 'Tokens' };

export default function TokensPage() {
  return (
    <Prefetched queries={({ trpc, queryClient }) => [queryClient.prefetchQuery(trpc.tokens.list.queryOptions())]}>
      <TokensView />
    </Prefetched>
  );
}
