'use client';
import { useQuery } from '@tanstack/react-query';
import type { StoreDto } from '@wardrobe/contracts';
import { Palette, type PaletteGroup, type PaletteItem, VERDICT_WORD } from '@wardrobe/ui';
import { Archive, Database, GitFork, Grid3x3, Layers, ListChecks, Plus, RefreshCw, Server, Settings2, SlidersHorizontal, SunMoon } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { type ReactNode, useState } from 'react';
import { paths } from '@/lib/paths';
import { toggleTheme } from '@/lib/theme';
import { useTRPC } from '@/trpc/client';
import { useRefresh } from './console-shell';

type Props = {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly storeId: string | null;
  readonly stores: readonly StoreDto[];
  readonly admin: boolean;
};

/** What Ctrl-K finds: pages, stores, machines of this store, snapshots by the start of their id, actions. */
export function ConsolePalette({ open, onOpenChange, storeId, stores, admin }: Props) {
  const trpc = useTRPC();
  const router = useRouter();
  const refresh = useRefresh(storeId);
  const [text, setText] = useState('');
  const machines = useQuery(trpc.machines.list.queryOptions({ storeId: storeId ?? '' }, { enabled: storeId !== null }));
  const idPart = /^[0-9a-f]{4,64}$/.test(text) ? text : null;
  const snapshots = useQuery(
    trpc.snapshots.list.queryOptions(
      { storeId: storeId ?? '', text: idPart ?? '', include: 'all', limit: 8 },
      { enabled: storeId !== null && idPart !== null },
    ),
  );

  const then = (run: () => void) => () => {
    onOpenChange(false);
    run();
  };
  const page = (href: string, label: string, icon: ReactNode, keys?: string): PaletteItem => ({
    id: `page ${href}`,
    label,
    icon,
    run: then(() => router.push(href)),
    ...(keys && { keys }),
  });

  const groups: PaletteGroup[] = [
    { heading: 'Pages', items: pages(storeId, admin, page) },
    {
      heading: 'Stores',
      items: stores.map((store) => ({
        id: `store ${store.id}`,
        label: store.name,
        note: store.location,
        words: [store.location],
        icon: <Database className="icon" aria-hidden />,
        run: then(() => router.push(paths.machines(store.id))),
      })),
    },
  ];
  if (storeId !== null) {
    groups.push({
      heading: 'Machines',
      items: (machines.data?.machines ?? []).map((machine) => ({
        id: `machine ${machine.id}`,
        label: machine.name,
        note: VERDICT_WORD[machine.verdict],
        words: [machine.hostName, machine.id],
        icon: <Server className="icon" aria-hidden />,
        run: then(() => router.push(paths.machine(storeId, machine.id))),
      })),
    });
    groups.push({
      heading: 'Snapshots',
      items: (snapshots.data?.rows ?? []).map((row) => ({
        id: `snapshot ${row.id}`,
        label: `${row.id.slice(0, 8)} ${row.name}`,
        note: row.takenAt.slice(0, 10),
        words: [row.id],
        icon: <Archive className="icon" aria-hidden />,
        run: then(() => router.push(paths.explore(storeId, row.id))),
      })),
    });
  }
  groups.push({
    heading: 'Actions',
    items: [
      ...(storeId !== null && admin
        ? [{ id: 'action refresh', label: 'Read the store again', keys: 'r', icon: <RefreshCw className="icon" aria-hidden />, run: then(refresh) }]
        : []),
      { id: 'action theme', label: 'Switch light and dark', keys: 't', icon: <SunMoon className="icon" aria-hidden />, run: then(toggleTheme) },
    ],
  });
  return <Palette open={open} onOpenChange={onOpenChange} groups={groups.filter((group) => group.items.length > 0)} onSearch={setText} />;
}

function pages(
  storeId: string | null,
  admin: boolean,
  page: (href: string, label: string, icon: ReactNode, keys?: string) => PaletteItem,
): readonly PaletteItem[] {
  const icon = (Icon: typeof Server) => <Icon className="icon" aria-hidden />;
  return [
    ...(storeId === null
      ? []
      : [
          page(paths.machines(storeId), 'Machines', icon(Server), 'g m'),
          page(paths.matrix(storeId), 'Matrix', icon(Grid3x3), 'g x'),
          page(paths.divergence(storeId), 'Divergence', icon(GitFork), 'g d'),
          page(paths.snapshots(storeId), 'Snapshots', icon(Archive), 'g s'),
          page(paths.storeJobs(storeId), 'Jobs', icon(ListChecks), 'g j'),
          page(paths.newJob(storeId, 'check'), 'Check the store', icon(ListChecks)),
          page(paths.newJob(storeId, 'repair'), 'Repair the store', icon(ListChecks)),
          page(paths.newJob(storeId, 'prune'), 'Prune old snapshots', icon(ListChecks)),
          page(paths.newJob(storeId, 'maintenance'), 'Maintenance of the store', icon(ListChecks)),
          page(paths.newJob(storeId, 'sync'), 'Synchronise with another store', icon(ListChecks)),
          page(paths.newJob(storeId, 'locks'), 'Locks of the store', icon(ListChecks)),
          ...(admin ? [page(paths.addMachine(storeId), 'Add a machine', icon(Plus))] : []),
          page(paths.storeSettings(storeId), 'Store settings', icon(Settings2)),
        ]),
    page('/', 'All stores', icon(Layers), 'g a'),
    ...(admin ? [page(paths.newStore, 'Connect a store', icon(Plus))] : []),
    page(paths.settings, 'Settings', icon(SlidersHorizontal)),
  ];
}
