'use client';
import { useMutation, useQuery } from '@tanstack/react-query';
import { AdminForm, EmptyState, LinkButton, SetupFrame, SetupSteps } from '@wardrobe/ui';
import { KeyRound } from 'lucide-react';
import { useEffect, useState } from 'react';
import { toggleTheme } from '@/lib/theme';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';

/** The one-time token comes in the query or behind the `#`; it is taken out of the address at once. */
export function SetUpView({ tokenInQuery }: { readonly tokenInQuery: string | null }) {
  const trpc = useTRPC();
  // Undefined until the browser has looked behind the `#`, which the server never sees.
  const [token, setToken] = useState<string | null | undefined>(tokenInQuery ?? undefined);
  useEffect(() => {
    const fromHash = new URLSearchParams(window.location.hash.slice(1)).get('token');
    setToken(fromHash ?? tokenInQuery);
    if (fromHash || tokenInQuery) window.history.replaceState(null, '', '/set-up');
  }, [tokenInQuery]);
  const setUp = useMutation(trpc.session.setUp.mutationOptions({ onSuccess: () => window.location.assign('/stores/new?first=1') }));
  const me = useQuery(trpc.session.me.queryOptions());
  if (me.data?.setupNeeded === false && !setUp.isPending && !setUp.isSuccess) {
    return (
      <SetupFrame narrow onTheme={toggleTheme}>
        <section className="panel">
          <EmptyState icon={KeyRound} fact="This console has its administrator." actions={<LinkButton href="/sign-in">Sign in</LinkButton>}>
            The set-up link worked once. An admin can add people under Settings; a lost password is set anew on the server with <code>wardrobe admin user passwd</code>.
          </EmptyState>
        </section>
      </SetupFrame>
    );
  }
  return (
    <SetupFrame narrow onTheme={toggleTheme}>
      <SetupSteps current={1} />
      {token === undefined ? null : token === null ? (
        <section className="panel">
          <EmptyState icon={KeyRound} fact="This console has no administrator yet.">
            Open the set-up link that the server printed when it started. It works once and for one hour; a new start prints a new one.
          </EmptyState>
        </section>
      ) : (
        <AdminForm busy={setUp.isPending || setUp.isSuccess} problem={setUp.error ? problemOf(setUp.error) : null} onCreate={(input) => setUp.mutate({ ...input, setupToken: token })} />
      )}
    </SetupFrame>
  );
}
