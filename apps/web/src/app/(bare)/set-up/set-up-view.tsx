'use client';
import { useMutation } from '@tanstack/react-query';
import { AdminForm, EmptyState, SetupFrame, SetupSteps } from '@wardrobe/ui';
import { KeyRound } from 'lucide-react';
import { useEffect, useState } from 'react';
import { toggleTheme } from '@/lib/theme';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';

/** The one-time token comes in the query or behind the `#`; it is taken out of the address at once. */
export function SetUpView({ tokenInQuery }: { readonly tokenInQuery: string | null }) {
  const trpc = useTRPC();
  const [token, setToken] = useState(tokenInQuery);
  useEffect(() => {
    const fromHash = new URLSearchParams(window.location.hash.slice(1)).get('token');
    if (fromHash) setToken(fromHash);
    if (fromHash || tokenInQuery) window.history.replaceState(null, '', '/set-up');
  }, [tokenInQuery]);
  const setUp = useMutation(trpc.session.setUp.mutationOptions({ onSuccess: () => window.location.assign('/stores/new?first=1') }));
  return (
    <SetupFrame narrow={token !== null} onTheme={toggleTheme}>
      <SetupSteps current={1} />
      {token === null ? (
        <section className="panel">
          <EmptyState icon={KeyRound} fact="This console has no administrator yet.">
            Open the set-up link that the server printed when it started. It works once and for one hour; a new start prints a new one.
          </EmptyState>
        </section>
      ) : (
        <AdminForm
          busy={setUp.isPending || setUp.isSuccess}
          problem={setUp.error ? problemOf(setUp.error) : null}
          onCreate={(input) => setUp.mutate({ ...input, setupToken: token })}
        />
      )}
    </SetupFrame>
  );
}
