'use client';
import { useEffect } from 'react';
import { toSignIn } from '@/trpc/client';

/** Leads to sign-in with the address asked for, which only the browser knows in full. */
export function ToSignIn() {
  useEffect(toSignIn, []);
  return (
    <main className="page" id="main">
      <p role="status" className="muted">
        You are not signed in. <a href="/sign-in">Sign in</a>
      </p>
    </main>
  );
}
