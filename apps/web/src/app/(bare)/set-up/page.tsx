import type { Metadata } from 'next';
import { redirect } from 'next/navigation';
import { requestCaller } from '@/trpc/server';
import { SetUpView } from './set-up-view';

export const metadata: Metadata = { title: 'Set up', referrer: 'no-referrer' };

export default async function SetUpPage({ searchParams }: { readonly searchParams: Promise<{ readonly token?: string | string[] }> }) {
  const me = await (await requestCaller())?.session.me();
  if (me && !me.setupNeeded) redirect('/sign-in');
  const { token } = await searchParams;
  return <SetUpView tokenInQuery={typeof token === 'string' ? token : null} />;
}
