'use client';
import { EmptyState, LinkButton, LoadingRows, PageHead, ProblemState } from '@wardrobe/ui';
import { entrySort, nameOf, parentOf } from '@wardrobe/ui/explorer';
import { Archive } from 'lucide-react';
import { useEffect } from 'react';
import { paths } from '@/lib/paths';
import { useUrlState } from '@/lib/url-state';
import { Page } from '@/shell/page';
import { StoreNotices } from '@/shell/store-notices';
import { problemOf } from '@/trpc/problem';
import { Folder } from './folder';
import { useEntries } from './use-entries';

/** Files of one snapshot; the address says which folder, which file is open, and how the list is ordered. */
export function ExplorePage({ storeId }: { readonly storeId: string }) {
  const { params, set } = useUrlState();
  const listing = {
    storeId,
    snapshotId: params.get('snapshot') ?? '',
    path: params.get('path') ?? '',
    sort: entrySort(params.get('sort')),
    filter: params.get('q') ?? '',
  };
  const entries = useEntries(listing);
  const { page } = entries;
  const isFile = page !== undefined && page.entry.type !== 'directory';
  const filePath = isFile ? page.path : null;
  // An address of a file shows its folder with the file open.
  useEffect(() => {
    if (filePath !== null && filePath !== '/') set({ path: parentOf(filePath), file: nameOf(filePath) });
  }, [filePath, set]);
  if (page !== undefined && !isFile) return <Folder listing={listing} entries={entries} page={page} />;
  return (
    <Page>
      <PageHead
        sentence={listing.snapshotId === '' ? 'No snapshot is chosen.' : entries.error === null ? 'Reading the folder.' : 'This folder cannot be shown.'}
      />
      <StoreNotices storeId={storeId} />
      <section className="panel">
        {listing.snapshotId === '' ? (
          <EmptyState
            icon={Archive}
            fact="The address names no snapshot."
            actions={<LinkButton href={paths.snapshots(storeId)}>See the snapshots</LinkButton>}
          />
        ) : entries.error === null ? (
          <LoadingRows what="the folder" rows={12} onRetry={entries.refetch} />
        ) : (
          <ProblemState
            problem={problemOf(entries.error)}
            onRetry={entries.refetch}
            actions={<LinkButton href={paths.snapshots(storeId)}>See the snapshots</LinkButton>}
          />
        )}
      </section>
    </Page>
  );
}
