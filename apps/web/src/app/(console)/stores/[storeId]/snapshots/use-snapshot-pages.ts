'use client';
import { keepPreviousData, type UseQueryResult, useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import type { SnapshotFilter, SnapshotRowDto, SnapshotsPageDto } from '@wardrobe/contracts';
import { useCallback, useMemo, useState } from 'react';
import { useTRPC } from '@/trpc/client';
import { PAGE_ROWS } from './page-rows';
import { type HeldBack, useHeldBack } from './use-held-back';

/** Pages around the eye that are kept asked for. */
const MOST_PAGES = 12;

export type SnapshotPages = {
  readonly first: Pick<UseQueryResult<SnapshotsPageDto, unknown>, 'data' | 'error' | 'isError' | 'refetch'>;
  readonly rowAt: (index: number) => SnapshotRowDto | undefined;
  readonly need: (first: number, last: number) => void;
  /** All rows from one place to another, fetched where they are not there yet. */
  readonly rowsBetween: (from: number, to: number) => Promise<readonly SnapshotRowDto[]>;
  /** New snapshots above the reader's place; the rows told here begin after them. */
  readonly heldBack: HeldBack;
};

/** Rows by their place in the list, fetched in pages as they come near. */
export function useSnapshotPages(storeId: string, filter: SnapshotFilter): SnapshotPages {
  const trpc = useTRPC();
  const client = useQueryClient();
  const [pages, setPages] = useState<readonly number[]>([]);
  const first = useQuery({ ...trpc.snapshots.list.queryOptions({ storeId, ...filter, offset: 0, limit: PAGE_ROWS }), placeholderData: keepPreviousData });
  const others = useQueries({
    queries: pages.map((page) => trpc.snapshots.list.queryOptions({ storeId, ...filter, offset: page * PAGE_ROWS, limit: PAGE_ROWS })),
  });
  const byPage = useMemo(
    () =>
      new Map<number, readonly SnapshotRowDto[] | undefined>([
        ...pages.map((page, index) => [page, others[index]?.data?.rows] as const),
        [0, first.data?.rows],
      ]),
    [pages, others, first.data],
  );
  const heldBack = useHeldBack(filter.sort === 'newest' ? JSON.stringify([storeId, filter]) : null, first.isPlaceholderData ? undefined : first.data?.total);
  const skipped = heldBack.count;
  const rowAt = useCallback((index: number) => byPage.get(Math.floor((index + skipped) / PAGE_ROWS))?.[(index + skipped) % PAGE_ROWS], [byPage, skipped]);
  const need = useCallback((from: number, to: number) => setPages((known) => pagesFor(known, from + skipped, to + skipped)), [skipped]);
  const rowsBetween = useCallback(
    async (from: number, to: number) => {
      const rows: SnapshotRowDto[] = [];
      for (let page = Math.floor((from + skipped) / PAGE_ROWS); page <= Math.floor((to + skipped) / PAGE_ROWS); page++) {
        const begin = page * PAGE_ROWS;
        const found = await client.fetchQuery({
          ...trpc.snapshots.list.queryOptions({ storeId, ...filter, offset: begin, limit: PAGE_ROWS }),
          staleTime: 60_000,
        });
        rows.push(...found.rows.slice(Math.max(0, from + skipped - begin), to + skipped - begin + 1));
      }
      return rows;
    },
    [client, trpc, storeId, filter, skipped],
  );
  return { first, rowAt, need, rowsBetween, heldBack };
}

function pagesFor(known: readonly number[], from: number, to: number): readonly number[] {
  const missing: number[] = [];
  for (let page = Math.max(1, Math.floor(from / PAGE_ROWS)); page <= Math.floor(to / PAGE_ROWS); page++) if (!known.includes(page)) missing.push(page);
  return missing.length === 0 ? known : [...known, ...missing].slice(-MOST_PAGES);
}
