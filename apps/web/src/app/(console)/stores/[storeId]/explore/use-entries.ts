'use client';
import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query';
import type { EntriesPageDto, EntryRowDto } from '@wardrobe/contracts';
import type { EntrySort } from '@wardrobe/ui/explorer';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useTRPC } from '@/trpc/client';
import { PAGE_ENTRIES } from './address';

export type Listing = { readonly storeId: string; readonly snapshotId: string; readonly path: string; readonly sort: EntrySort; readonly filter: string };

export type Entries = {
  /** The folder with its first page. */
  readonly page: EntriesPageDto | undefined;
  readonly error: unknown;
  readonly refetch: () => void;
  readonly entryAt: (index: number) => EntryRowDto | undefined;
  readonly need: (first: number, end: number) => void;
};

const MOST_PAGES = 10;
/** While the bar is dragged, pages that only flash by are not asked for. */
const REST_MS = 60;
/** How often an order that is being built is asked for. */
const ORDER_POLL_MS = 700;

/** Entries of a folder by their place in the order, fetched in pages as they come near. */
export function useEntries({ storeId, snapshotId, path, sort, filter }: Listing): Entries {
  const trpc = useTRPC();
  const listing = `${snapshotId} ${path} ${sort} ${filter}`;
  const [wanted, setWanted] = useState<{ readonly listing: string; readonly pages: readonly number[] }>({ listing, pages: [] });
  const pages = wanted.listing === listing ? wanted.pages : [];
  const input = { storeId, snapshotId, path, limit: PAGE_ENTRIES, sort, ...(filter !== '' && { filter }) };
  const first = useQuery({
    ...trpc.explorer.list.queryOptions({ ...input, offset: 0 }),
    enabled: snapshotId !== '',
    // What was shown stays until the other folder, order or filter is here: the list keeps its place and the keyboard.
    placeholderData: (before) => (before?.snapshot.id === snapshotId ? keepPreviousData(before) : undefined),
    refetchInterval: (query) => (query.state.data?.sortReady === false ? ORDER_POLL_MS : false),
  });
  const ready = first.data?.sortReady === true && !first.isPlaceholderData;
  const others = useQueries({
    queries: pages.map((page) => ({ ...trpc.explorer.list.queryOptions({ ...input, offset: page * PAGE_ENTRIES }), enabled: ready })),
  });
  const byPage = useMemo(() => {
    const known = new Map<number, readonly EntryRowDto[] | undefined>();
    for (const [index, page] of pages.entries()) known.set(page, others[index]?.data?.entries);
    return known.set(0, first.data?.entries);
  }, [pages, others, first.data]);
  const entryAt = useCallback((index: number) => byPage.get(Math.floor(index / PAGE_ENTRIES))?.[index % PAGE_ENTRIES], [byPage]);

  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const need = useCallback(
    (from: number, end: number) => {
      clearTimeout(timer.current);
      timer.current = setTimeout(() => setWanted((before) => withPages(before, listing, { from, end })), REST_MS);
    },
    [listing],
  );
  return { page: first.data, error: first.data === undefined ? first.error : null, refetch: () => void first.refetch(), entryAt, need };
}

type Wanted = { readonly listing: string; readonly pages: readonly number[] };

function withPages(before: Wanted, listing: string, { from, end }: { readonly from: number; readonly end: number }): Wanted {
  const pages = before.listing === listing ? before.pages : [];
  const missing: number[] = [];
  for (let page = Math.max(1, Math.floor(from / PAGE_ENTRIES)); page * PAGE_ENTRIES < end; page++) if (!pages.includes(page)) missing.push(page);
  return missing.length === 0 && before.listing === listing ? before : { listing, pages: [...pages, ...missing].slice(-MOST_PAGES) };
}
