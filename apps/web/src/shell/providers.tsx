'use client';
import { type AnchorProps, ClockProvider, LinkProvider, TimesProvider, ToastProvider } from '@wardrobe/ui';
import Link from 'next/link';
import { type ReactNode, useState } from 'react';
import { keepZone } from '@/lib/zone';
import { ApiProvider } from '@/trpc/client';

type NonceHolder = { __webpack_nonce__?: string };

/** `nonce` reaches the one library that writes a style element (scroll lock under a dialog). */
export function Providers({
  serverNowMs,
  zone,
  nonce,
  children,
}: {
  readonly serverNowMs: number;
  readonly zone: string | null;
  readonly nonce: string | null;
  readonly children: ReactNode;
}) {
  if (nonce !== null && typeof window !== 'undefined') (globalThis as NonceHolder).__webpack_nonce__ = nonce;
  return (
    <LinkProvider link={RouterLink}>
      <ClockProvider serverNowMs={serverNowMs}>
        <TimesProvider known={zone} onZone={keepZone}>
          <ToastProvider>
            <ApiProvider>{children}</ApiProvider>
          </ToastProvider>
        </TimesProvider>
      </ClockProvider>
    </LinkProvider>
  );
}

/** A page is asked for when the pointer comes near its link, not before: a list of a hundred links would ask for a hundred pages. */
function RouterLink(props: AnchorProps) {
  const [near, setNear] = useState(false);
  return <Link prefetch={near} onPointerEnter={() => setNear(true)} {...props} />;
}
