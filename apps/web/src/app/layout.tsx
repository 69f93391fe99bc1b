import type { Metadata, Viewport } from 'next';
import { cookies, headers } from 'next/headers';
import type { ReactNode } from 'react';
import { parseTheme, THEME_COOKIE } from '@/lib/theme';
import { ZONE_COOKIE } from '@/lib/zone';
import { Providers } from '@/shell/providers';
import './globals.css';

export const metadata: Metadata = { title: { default: 'Wardrobe', template: '%s · Wardrobe' }, robots: { index: false, follow: false } };
export const viewport: Viewport = { width: 'device-width', initialScale: 1, viewportFit: 'cover' };

/** Every page is drawn per request: the nonce of the content policy and the theme cookie differ from one to the next. */
export default async function RootLayout({ children }: { readonly children: ReactNode }) {
  const [jar, head] = await Promise.all([cookies(), headers()]);
  const theme = parseTheme(jar.get(THEME_COOKIE)?.value);
  return (
    <html lang="en" {...(theme !== 'system' && { 'data-theme': theme })} suppressHydrationWarning>
      <body>
        <Providers serverNowMs={Date.now()} zone={jar.get(ZONE_COOKIE)?.value ?? null} nonce={head.get('x-nonce')}>
          {children}
        </Providers>
      </body>
    </html>
  );
}
