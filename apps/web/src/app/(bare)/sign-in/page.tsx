import type { Metadata } from 'next';
import { redirect } from 'next/navigation';
import { Suspense } from 'react';
import { requestCaller } from '@/trpc/server';
import { SignInView } from './sign-in-view';

export const metadata: Metadata = { title: 'Sign in' };

export default async function SignInPage() {
  const me = await (await requestCaller())?.session.me();
  if (me?.setupNeeded) redirect('/set-up');
  return (
    <Suspense>
      <SignInView demo={me?.demo ?? false} />
    </Suspense>
  );
}
