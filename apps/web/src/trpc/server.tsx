import 'server-only';
import { dehydrate, HydrationBoundary, type QueryClient } from '@tanstack/react-query';
import { createTRPCClient, TRPCClientError, type TRPCLink } from '@trpc/client';
import { observable } from '@trpc/server/observable';
import { createTRPCOptionsProxy, type TRPCOptionsProxy } from '@trpc/tanstack-react-query';
import type { AppRouter, Caller } from '@wardrobe/api';
import { headers } from 'next/headers';
import { cache, type ReactNode } from 'react';
import { serverSlot } from '../server-slot';
import { makeQueryClient } from './query-client';

type Prefetch = { readonly queryClient: QueryClient; readonly trpc: TRPCOptionsProxy<AppRouter> };

/** Longest wait for data before the page is sent without it; the browser then asks itself. */
const PATIENCE_MS = 400;

/** One caller a request; null without the server (`next dev`), when the browser asks for everything. */
export const requestCaller = cache(async (): Promise<Caller | null> => (await serverSlot()?.caller(new Headers(await headers()))) ?? null);

/**
 * Runs the queries that the page's client components will ask for and hands the answers over.
 * A query that fails or takes too long is left to the browser, which shows its state.
 */
export async function Prefetched({
  queries,
  children,
}: {
  readonly queries: (prefetch: Prefetch) => readonly Promise<unknown>[];
  readonly children: ReactNode;
}) {
  const caller = await requestCaller();
  const queryClient = makeQueryClient();
  if (caller) {
    const client = createTRPCClient<AppRouter>({ links: [callerLink(caller)] });
    const trpc = createTRPCOptionsProxy<AppRouter>({ client, queryClient });
    await Promise.race([Promise.allSettled(queries({ queryClient, trpc })), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
  }
  return <HydrationBoundary state={dehydrate(queryClient)}>{children}</HydrationBoundary>;
}

type Procedures = Readonly<Record<string, Readonly<Record<string, (input: unknown) => Promise<unknown>>>>>;

/** Ends a client's chain in the process itself instead of at an address. */
function callerLink(caller: Caller): TRPCLink<AppRouter> {
  return () =>
    ({ op }) =>
      observable((observer) => {
        const [router = '', procedure = ''] = op.path.split('.');
        const call = (caller as unknown as Procedures)[router]?.[procedure];
        if (!call) {
          observer.error(TRPCClientError.from(new Error(`no procedure ${op.path}`)));
          return;
        }
        call(op.input).then(
          (data) => {
            observer.next({ result: { type: 'data', data } });
            observer.complete();
          },
          (error: unknown) => observer.error(TRPCClientError.from(error instanceof Error ? error : new Error(String(error)))),
        );
      });
}
