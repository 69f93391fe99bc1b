'use client';
import { ClockProvider, LinkProvider, ToastProvider } from '@wardrobe/ui';
import Link from 'next/link';
import type { ReactNode } from 'react';
import { ApiProvider } from '@/trpc/client';

type NonceHolder = { __webpack_nonce__?: string };

/** `nonce` reaches the one library that writes a style element (scroll lock under a dialog). */
export function Providers({ serverNowMs, nonce, children }: { readonly serverNowMs: number; readonly nonce: string | null; readonly children: ReactNode }) {
  if (nonce !== null && typeof window !== 'undefined') (globalThis as NonceHolder).__webpack_nonce__ = nonce;
  return (
    <LinkProvider link={Link}>
      <ClockProvider serverNowMs={serverNowMs}>
        <ToastProvider>
          <ApiProvider>{children}</ApiProvider>
        </ToastProvider>
      </ClockProvider>
    </LinkProvider>
  );
}
