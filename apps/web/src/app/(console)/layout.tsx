import { redirect } from 'next/navigation';
import type { ReactNode } from 'react';
import { ConsoleShell } from '@/shell/console-shell';
import { ToSignIn } from '@/shell/to-sign-in';
import { Prefetched, requestCaller } from '@/trpc/server';

/** Frame of the signed-in pages. Nobody signed in: to sign-in and back; nobody at all yet: to set-up. */
export default async function ConsoleLayout({ children }: { readonly children: ReactNode }) {
  const caller = await requestCaller();
  const me = await caller?.session.me();
  if (me?.setupNeeded) redirect('/set-up');
  if (me && me.user === null) return <ToSignIn />;
  return (
    <Prefetched
      queries={({ trpc, queryClient }) => [
        queryClient.prefetchQuery(trpc.session.me.queryOptions()),
        queryClient.prefetchQuery(trpc.stores.list.queryOptions()),
      ]}
    >
      <ConsoleShell>{children}</ConsoleShell>
    </Prefetched>
  );
}
