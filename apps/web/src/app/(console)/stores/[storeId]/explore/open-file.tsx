'use client';
import { skipToken, useQuery } from '@tanstack/react-query';
import type { EntryRowDto, SnapshotRowDto } from '@wardrobe/contracts';
import { nameText, percentDecode } from '@wardrobe/kloset-model';
import { LoadingRows, ProblemState } from '@wardrobe/ui';
import { nameOf, parentOf } from '@wardrobe/ui/explorer';
import { PREVIEW_TABS, PreviewPanel, PreviewPending } from '@wardrobe/ui/preview';
import { useMemo } from 'react';
import { paths } from '@/lib/paths';
import { useUrlState } from '@/lib/url-state';
import { useMe } from '@/shell/use-me';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';
import { exploreHref } from './address';
import { contentReader } from './content-reader';

export type OpenFileProps = {
  readonly storeId: string;
  readonly snapshot: SnapshotRowDto;
  readonly path: string;
  /** The entry, when the list has it already. */
  readonly known: EntryRowDto | undefined;
  readonly onStep: (step: 1 | -1) => void;
  readonly onClose: () => void;
};

/** The file of the address: preview, details, versions. */
export function OpenFile({ storeId, snapshot, path, known, onStep, onClose }: OpenFileProps) {
  const trpc = useTRPC();
  const { params, set } = useUrlState();
  const { admin } = useMe();
  const tab = PREVIEW_TABS.find((name) => name === params.get('tab')) ?? 'preview';
  const asked = useQuery(trpc.explorer.list.queryOptions(known === undefined ? { storeId, snapshotId: snapshot.id, path, limit: 1 } : skipToken));
  const entry = known ?? asked.data?.entry;
  const detail = useQuery(trpc.explorer.detail.queryOptions(tab === 'preview' || entry === undefined ? skipToken : { storeId, snapshotId: snapshot.id, path }));
  const reader = useMemo(() => (entry === undefined ? null : contentReader(storeId, snapshot, entry)), [storeId, snapshot, entry]);
  if (entry === undefined || reader === null) {
    return (
      <PreviewPending name={nameText(percentDecode(nameOf(path)))} onClose={onClose}>
        {asked.isError ? <ProblemState problem={problemOf(asked.error)} onRetry={() => void asked.refetch()} /> : <LoadingRows what="the file" />}
      </PreviewPending>
    );
  }
  return (
    <PreviewPanel
      entry={entry}
      reader={reader}
      tab={tab}
      onTab={(next) => set({ tab: next === 'preview' ? null : next })}
      mode={params.get('as')}
      onMode={(mode) => set({ as: mode })}
      detail={detail.data}
      detailProblem={detail.isError ? { problem: problemOf(detail.error), retry: () => void detail.refetch() } : null}
      snapshot={snapshot}
      versionHref={(id) => exploreHref(storeId, { snapshot: id, path: parentOf(path), file: nameOf(path), tab: 'versions' })}
      restoreHref={admin ? paths.restoreOf(storeId, snapshot.id, path) : null}
      onStep={onStep}
      onClose={onClose}
    />
  );
}
