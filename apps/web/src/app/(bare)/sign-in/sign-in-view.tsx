'use client';
import { useMutation } from '@tanstack/react-query';
import { Notice, SetupFrame, SignInForm } from '@wardrobe/ui';
import { useSearchParams } from 'next/navigation';
import { safeNext } from '@/lib/next-path';
import { toggleTheme } from '@/lib/theme';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';

export function SignInView({ demo }: { readonly demo: boolean }) {
  const trpc = useTRPC();
  const next = safeNext(useSearchParams().get('next'));
  // A full load: nothing that was asked as nobody stays in memory.
  const signIn = useMutation(trpc.session.signIn.mutationOptions({ onSuccess: () => window.location.assign(next) }));
  return (
    <SetupFrame narrow onTheme={toggleTheme}>
      {demo ? (
        <Notice kind="info" fact="This is a demonstration.">
          Its store and machines are made up. The server printed how to sign in.
        </Notice>
      ) : null}
      <SignInForm
        busy={signIn.isPending || signIn.isSuccess}
        problem={signIn.error ? problemOf(signIn.error) : null}
        onSignIn={(input) => signIn.mutate(input)}
      />
    </SetupFrame>
  );
}
