'use client';
import { useMutation, useQuery } from '@tanstack/react-query';
import type { StoreDto } from '@wardrobe/contracts';
import { Shell, SkipLink, StoreMenu, useKeys, useToast } from '@wardrobe/ui';
import { figure } from '@wardrobe/words';
import { Archive, GitFork, Grid3x3, Layers, ListChecks, Plus, Server, Settings2, SlidersHorizontal } from 'lucide-react';
import dynamic from 'next/dynamic';
import { useParams, usePathname, useRouter } from 'next/navigation';
import { type ReactNode, useEffect, useState } from 'react';
import { paths } from '@/lib/paths';
import { toggleTheme } from '@/lib/theme';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';
import { Live } from './live';

const ShortcutsDialog = dynamic(() => import('./shortcuts').then((module) => module.ShortcutsDialog), { ssr: false });
const ConsolePalette = dynamic(() => import('./console-palette').then((module) => module.ConsolePalette), { ssr: false });

/** Navigation, palette, keys and live updates around every signed-in page. */
export function ConsoleShell({ children }: { readonly children: ReactNode }) {
  const trpc = useTRPC();
  const pathname = usePathname();
  const { storeId } = useParams<{ storeId?: string }>();
  const me = useQuery(trpc.session.me.queryOptions());
  const stores = useQuery(trpc.stores.list.queryOptions());
  const store = stores.data?.find((one) => one.id === storeId) ?? null;
  const [palette, setPalette] = useState(false);
  const [shortcuts, setShortcuts] = useState(false);
  useShellKeys({ storeId: storeId ?? null, openPalette: () => setPalette(true), openShortcuts: () => setShortcuts(true) });
  const admin = me.data?.user?.role === 'admin';
  const consoleLinks = consoleNav({ storeId: storeId ?? null, storeCount: stores.data?.length, pathname, admin });

  return (
    <>
      <SkipLink />
      <Shell
        store={storeId === undefined ? null : { name: store?.name ?? 'Store', note: store ? noteOf(store) : 'reading' }}
        storeNav={storeId === undefined ? [] : storeNav(storeId, store, pathname)}
        consoleNav={consoleLinks}
        user={{ name: me.data?.user?.name ?? 'Account', role: me.data?.user?.role ?? '' }}
        switcher={(trigger) => (
          <StoreMenu
            trigger={trigger}
            canAdd={admin}
            links={storeId === undefined ? [] : consoleLinks.filter((link) => link.href !== paths.stores)}
            currentId={storeId ?? null}
            stores={(stores.data ?? []).map((one) => ({ id: one.id, name: one.name, note: noteOf(one), href: paths.machines(one.id) }))}
          />
        )}
        onPalette={() => setPalette(true)}
        onShortcuts={() => setShortcuts(true)}
        onTheme={toggleTheme}
        accountHref={paths.settings}
      >
        <Live />
        {children}
      </Shell>
      {palette ? <ConsolePalette open={palette} onOpenChange={setPalette} storeId={storeId ?? null} stores={stores.data ?? []} admin={admin} /> : null}
      {shortcuts ? <ShortcutsDialog open={shortcuts} onOpenChange={setShortcuts} /> : null}
    </>
  );
}

/** "file, encrypted" under the store's name. */
export function noteOf(store: StoreDto): string {
  const scheme = /^([a-z0-9+]+):/.exec(store.location)?.[1] ?? 'folder';
  return `${scheme === 'file' ? 'folder' : scheme}, ${store.encrypted ? 'encrypted' : 'not encrypted'}`;
}

function storeNav(storeId: string, store: StoreDto | null, pathname: string) {
  const home = paths.machines(storeId);
  const item = (href: string, label: string, icon: typeof Server, count?: number) => ({
    href,
    label,
    icon,
    current: href === home ? pathname === home || pathname.startsWith(`${home}/machines`) : pathname.startsWith(href),
    ...(count !== undefined && { count: figure(count) }),
  });
  return [
    item(home, 'Machines', Server, store?.counts.machines),
    item(paths.matrix(storeId), 'Matrix', Grid3x3),
    // No number: what needs a decision is counted by the page itself, from machines and store together.
    item(paths.divergence(storeId), 'Divergence', GitFork),
    {
      ...item(paths.snapshots(storeId), 'Snapshots', Archive, store?.counts.snapshots),
      current: pathname.startsWith(paths.snapshots(storeId)) || pathname.startsWith(`${home}/explore`),
    },
    item(paths.storeJobs(storeId), 'Jobs', ListChecks),
  ];
}

function consoleNav({
  storeId,
  storeCount,
  pathname,
  admin,
}: {
  readonly storeId: string | null;
  readonly storeCount: number | undefined;
  readonly pathname: string;
  readonly admin: boolean;
}) {
  return [
    { href: paths.stores, label: 'All stores', icon: Layers, current: pathname === '/', ...(storeCount !== undefined && { count: figure(storeCount) }) },
    ...(storeId === null ? [{ href: paths.jobs, label: 'Jobs', icon: ListChecks, current: pathname === paths.jobs }] : []),
    ...(storeId !== null && admin
      ? [{ href: paths.addMachine(storeId), label: 'Add a machine', icon: Plus, current: pathname === paths.addMachine(storeId) }]
      : []),
    ...(storeId !== null
      ? [{ href: paths.storeSettings(storeId), label: 'Store settings', icon: Settings2, current: pathname === paths.storeSettings(storeId) }]
      : []),
    { href: paths.settings, label: 'Settings', icon: SlidersHorizontal, current: pathname.startsWith(paths.settings) },
  ];
}

type ShellKeys = { readonly storeId: string | null; readonly openPalette: () => void; readonly openShortcuts: () => void };

function useShellKeys({ storeId, openPalette, openShortcuts }: ShellKeys): void {
  const router = useRouter();
  const refresh = useRefresh(storeId);
  const go = (to: (id: string) => string) => () => router.push(storeId === null ? '/' : to(storeId));
  useKeys({
    '?': openShortcuts,
    t: () => void toggleTheme(),
    'g m': go(paths.machines),
    'g x': go(paths.matrix),
    'g d': go(paths.divergence),
    'g s': go(paths.snapshots),
    'g j': () => router.push(storeId === null ? paths.jobs : paths.storeJobs(storeId)),
    'g a': () => router.push('/'),
    ...(storeId !== null && { r: refresh }),
  });
  useEffect(() => {
    function onKey(event: KeyboardEvent): void {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'k') return;
      event.preventDefault();
      openPalette();
    }
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [openPalette]);
}

/** Reads a store again, as a job. */
export function useRefresh(storeId: string | null): () => void {
  const trpc = useTRPC();
  const toast = useToast();
  const refresh = useMutation(
    trpc.stores.refresh.mutationOptions({
      onSuccess: () => toast({ kind: 'success', text: 'The store is being read again.' }),
      onError: (error) => toast({ kind: 'warning', text: problemOf(error).sentence }),
    }),
  );
  return () => {
    if (storeId !== null && !refresh.isPending) refresh.mutate({ storeId });
  };
}
