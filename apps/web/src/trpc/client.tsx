'use client';
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createTRPCClient, httpLink, httpSubscriptionLink, splitLink } from '@trpc/client';
import { createTRPCContext } from '@trpc/tanstack-react-query';
import type { AppRouter } from '@wardrobe/api';
import { type ReactNode, useState } from 'react';
import { problemOf } from './problem';
import { makeQueryClient } from './query-client';

/** `useTRPC()` gives typed query and mutation options for every procedure. */
export const { TRPCProvider, useTRPC, useTRPCClient } = createTRPCContext<AppRouter>();

const TRPC_URL = '/api/trpc';

export function ApiProvider({ children }: { readonly children: ReactNode }) {
  const [queryClient] = useState(makeBrowserClient);
  const [client] = useState(() =>
    createTRPCClient<AppRouter>({
      links: [splitLink({ condition: (op) => op.type === 'subscription', true: httpSubscriptionLink({ url: TRPC_URL }), false: httpLink({ url: TRPC_URL }) })],
    }),
  );
  return (
    <QueryClientProvider client={queryClient}>
      <TRPCProvider trpcClient={client} queryClient={queryClient}>
        {children}
      </TRPCProvider>
    </QueryClientProvider>
  );
}

/** A call that finds the session ended leads to sign-in, and back afterwards. */
function makeBrowserClient(): QueryClient {
  const client = makeQueryClient();
  const cache = new QueryCache({ onError: (error) => problemOf(error).code === 'unauthenticated' && toSignIn() });
  return new QueryClient({ queryCache: cache, defaultOptions: client.getDefaultOptions() });
}

export function toSignIn(): void {
  if (typeof window === 'undefined' || window.location.pathname === '/sign-in') return;
  const here = window.location.pathname + window.location.search;
  window.location.assign(here === '/' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(here)}`);
}
