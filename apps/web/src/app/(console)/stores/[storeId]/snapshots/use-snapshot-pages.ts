'use client';
import { keepPreviousData, type UseQueryResult, useQueries, useQuery } from '@tanstack/react-query';
import type { SnapshotFilter, SnapshotRowDto, SnapshotsPageDto } from '@wardrobe/contracts';
import { useCallback, useMemo, useState } from 'react';
import { useTRPC } from '@/trpc/client';
import { PAGE_ROWS } from './page-rows';

/** Pages around the eye that are kept asked for. */
const MOST_PAGES = 12;

export type SnapshotPages = {
  readonly first: Pick<UseQueryResult<SnapshotsPageDto, unknown>, 'data' | 'error' | 'isError' | 'refetch'>;
  readonly rowAt: (index: number) => SnapshotRowDto | undefined;
  readonly need: (first: number, last: number) => void;
};

/** Rows by their place in the list, fetched in pages as they come near. */
export function useSnapshotPages(storeId: string, filter: SnapshotFilter): SnapshotPages {
  const trpc = useTRPC();
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
  const rowAt = useCallback((index: number) => byPage.get(Math.floor(index / PAGE_ROWS))?.[index % PAGE_ROWS], [byPage]);
  const need = useCallback((from: number, to: number) => setPages((known) => pagesFor(known, from, to)), []);
  return { first, rowAt, need };
}

function pagesFor(known: readonly number[], from: number, to: number): readonly number[] {
  const missing: number[] = [];
  for (let page = Math.max(1, Math.floor(from / PAGE_ROWS)); page <= Math.floor(to / PAGE_ROWS); page++) if (!known.includes(page)) missing.push(page);
  return missing.length === 0 ? known : [...known, ...missing].slice(-MOST_PAGES);
}
