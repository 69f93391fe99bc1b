'use client';
import { useQuery } from '@tanstack/react-query';
import { PageHead, SegmentNav } from '@wardrobe/ui';
import { counted, figure } from '@wardrobe/words';
import { usePathname } from 'next/navigation';
import type { ReactNode } from 'react';
import { Page } from '@/shell/page';
import { useMe } from '@/shell/use-me';
import { useTRPC } from '@/trpc/client';

const PARTS = [
  { href: '/settings', label: 'Account', adminOnly: false },
  { href: '/settings/users', label: 'People', adminOnly: true },
  { href: '/settings/tokens', label: 'Tokens', adminOnly: true },
  { href: '/settings/audit', label: 'Audit', adminOnly: true },
] as const;
type Part = (typeof PARTS)[number]['href'];

/** Parts of the settings; what only admins may see is not in the list of a viewer, and says so when opened. */
export function SettingsFrame({ children }: { readonly children: ReactNode }) {
  const pathname = usePathname();
  const { admin } = useMe();
  const part = PARTS.find((one) => one.href === pathname)?.href ?? '/settings';
  return (
    <Page>
      <PageHead sentence={useSentence(part)} />
      <div className="tabs-scroll">
        <SegmentNav label="Settings" current={part} items={PARTS.filter((one) => admin || !one.adminOnly)} />
      </div>
      <div className="settings">{children}</div>
    </Page>
  );
}

/** The answer of each part, with its numbers once they are known. */
function useSentence(part: Part): string {
  const trpc = useTRPC();
  const { user } = useMe();
  const users = useQuery(trpc.users.list.queryOptions(undefined, { enabled: part === '/settings/users' })).data;
  const tokens = useQuery(trpc.tokens.list.queryOptions(undefined, { enabled: part === '/settings/tokens' })).data;
  switch (part) {
    case '/settings/users':
      return users
        ? `${users.length === 1 ? '1 person' : `${figure(users.length)} people`} may sign in, ${figure(users.filter((one) => one.role === 'admin').length)} as admin.`
        : 'Who may sign in.';
    case '/settings/tokens':
      return tokens
        ? `${counted(tokens.filter((one) => one.revokedAt === null).length, 'token')} may call this console.`
        : 'Which programs may call this console.';
    case '/settings/audit':
      return 'Who did what.';
    default:
      return user ? `You are signed in as ${user.name}.` : 'Your account.';
  }
}
