'use client';
import { LinkButton, LoadingRows, Notice, PageHead, ProblemState } from '@wardrobe/ui';
import { queryPatch, SnapshotActions, type SnapshotQuery, snapshotFilterOf, snapshotQuery, SnapshotsView } from '@wardrobe/ui/snapshots';
import type { SnapshotRowDto } from '@wardrobe/contracts';
import { useCallback, useMemo, useState } from 'react';
import { paths } from '@/lib/paths';
import { useUrlState } from '@/lib/url-state';
import { ReadAgain, StoreFresh, StoreNotices } from '@/shell/store-notices';
import { useMe } from '@/shell/use-me';
import { problemOf } from '@/trpc/problem';
import { PlannedSelection } from './planned-selection';
import { useSelection } from './use-selection';
import { useSnapshotPages } from './use-snapshot-pages';

/** All snapshots of a store; filters live in the address. */
export function SnapshotsPage({ storeId }: { readonly storeId: string }) {
  const { params, set } = useUrlState();
  const query = useMemo(() => snapshotQuery((key) => params.get(key)), [params]);
  const filter = useMemo(() => snapshotFilterOf(query), [query]);
  const { first, rowAt, need, rowsBetween, heldBack } = useSnapshotPages(storeId, filter);
  const { admin } = useMe();
  const selection = useSelection(rowsBetween);
  const ids = [...selection.chosen.keys()];
  const change = useCallback((patch: Partial<SnapshotQuery>) => set(queryPatch(patch)), [set]);
  const [chosen, setChosen] = useState<SnapshotRowDto | null>(null);
  const page = first.data;
  return (
    <>
      <PageHead
        sentence={page?.sentence ?? (first.isError ? 'The snapshots cannot be shown.' : 'Reading the snapshots.')}
        fresh={page === undefined ? undefined : <StoreFresh storeId={storeId} readAt={page.readAt} />}
        actions={<ReadAgain storeId={storeId} />}
      />
      <StoreNotices
        storeId={storeId}
        {...(page?.incomplete && {
          findings: (
            <Notice
              kind="danger"
              fact="The list may be incomplete."
              actions={
                <LinkButton small href={paths.divergence(storeId)}>
                  Show findings
                </LinkButton>
              }
            >
              {page.incomplete}
            </Notice>
          ),
        })}
      />
      <SnapshotsView
        query={query}
        onChange={change}
        page={page}
        rowAt={rowAt}
        onNeed={need}
        heldBack={heldBack}
        href={(row) => paths.explore(storeId, row.id)}
        onActions={setChosen}
        selection={admin ? selection : undefined}
        {...(page === undefined && {
          instead: first.isError ? (
            <ProblemState problem={problemOf(first.error)} onRetry={() => void first.refetch()} />
          ) : (
            <LoadingRows what="the snapshots" rows={12} onRetry={() => void first.refetch()} />
          ),
        })}
      />
      <PlannedSelection storeId={storeId} selection={selection} workHref={(kind) => paths.newJob(storeId, kind, ids)} />
      <SnapshotActions
        row={chosen}
        onClose={() => setChosen(null)}
        browseHref={paths.explore(storeId, chosen?.id ?? '')}
        workHref={(kind) => paths.newJob(storeId, kind, chosen === null ? [] : [chosen.id])}
      />
    </>
  );
}
