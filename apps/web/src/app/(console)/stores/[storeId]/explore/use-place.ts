'use client';
import { skipToken, useQuery } from '@tanstack/react-query';
import { childOf } from '@wardrobe/ui/explorer';
import { useTRPC } from '@/trpc/client';
import type { Listing } from './use-entries';

const AROUND = 2;

/** Place of a file in the order of its folder; -1 when it is not there, null while it is being looked up. */
export function usePlace({ storeId, snapshotId, path, sort, filter }: Listing, file: string | null): number | null {
  const trpc = useTRPC();
  const wanted = file === null || path === '' ? null : childOf(path, file);
  const query = useQuery({
    ...trpc.explorer.list.queryOptions(
      wanted === null ? skipToken : { storeId, snapshotId, path, limit: AROUND, sort, around: wanted, ...(filter !== '' && { filter }) },
    ),
    refetchInterval: (current) => (current.state.data?.sortReady === false ? 500 : false),
  });
  if (wanted === null) return -1;
  if (query.data === undefined) return query.isError ? -1 : null;
  if (!query.data.sortReady) return null;
  const step = query.data.entries.findIndex((entry) => entry.path === wanted);
  return step < 0 ? -1 : query.data.offset + step;
}
