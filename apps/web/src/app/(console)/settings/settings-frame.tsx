'use client';
import { PageHead, SegmentNav } from '@wardrobe/ui';
import { usePathname } from 'next/navigation';
import type { ReactNode } from 'react';
import { Page } from '@/shell/page';
import { useMe } from '@/shell/use-me';

const PARTS = [
  { href: '/settings', label: 'Account', sentence: 'Your account.', adminOnly: false },
  { href: '/settings/users', label: 'People', sentence: 'Who may sign in.', adminOnly: true },
  { href: '/settings/tokens', label: 'Tokens', sentence: 'Which programs may call this console.', adminOnly: true },
  { href: '/settings/audit', label: 'Audit', sentence: 'Who did what.', adminOnly: true },
] as const;

/** Parts of the settings; what only admins may see is not in the list of a viewer, and says so when opened. */
export function SettingsFrame({ children }: { readonly children: ReactNode }) {
  const pathname = usePathname();
  const { admin } = useMe();
  const part = PARTS.find((one) => one.href === pathname) ?? PARTS[0];
  return (
    <Page>
      <PageHead sentence={part.sentence} />
      <div className="tabs-scroll">
        <SegmentNav label="Settings" current={part.href} items={PARTS.filter((one) => admin || !one.adminOnly)} />
      </div>
      <div className="settings">{children}</div>
    </Page>
  );
}
