'use client';
import { useQuery } from '@tanstack/react-query';
import type { MachinesPageDto } from '@wardrobe/contracts';
import { EmptyState, LinkButton, LoadingRows, PageHead, ProblemState, useTimes } from '@wardrobe/ui';
import { type MatrixQuery, matrixSentence, MatrixView, rangeSentence } from '@wardrobe/ui/matrix';
import { Download, Grid3x3 } from 'lucide-react';
import { useRouter } from 'next/navigation';
import { useCallback, useState } from 'react';
import { paths } from '@/lib/paths';
import { useUrlState } from '@/lib/url-state';
import { StoreFresh, StoreNotices } from '@/shell/store-notices';
import { useMe } from '@/shell/use-me';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';
import { useColumns } from './use-columns';
import { useStory } from './use-story';

export type PointedCell = { readonly machineId: string | null; readonly column: number };

/** Machines × snapshots of one store, with its states: loading, failed, empty. */
export function MatrixPage({ storeId }: { readonly storeId: string }) {
  const trpc = useTRPC();
  const query = useQuery(trpc.machines.list.queryOptions({ storeId }));
  if (query.data !== undefined)
    return query.data.machines.length === 0 || query.data.columns === 0 ? (
      <Nothing storeId={storeId} page={query.data} />
    ) : (
      <Loaded storeId={storeId} page={query.data} />
    );
  const again = (): void => void query.refetch();
  return (
    <>
      <PageHead sentence={query.isError ? 'The matrix cannot be shown.' : 'Reading the matrix.'} />
      <StoreNotices storeId={storeId} />
      <section className="panel">
        {query.isError ? <ProblemState problem={problemOf(query.error)} onRetry={again} /> : <LoadingRows what="the matrix" rows={10} onRetry={again} />}
      </section>
    </>
  );
}

function Loaded({ storeId, page }: { readonly storeId: string; readonly page: MachinesPageDto }) {
  const router = useRouter();
  const times = useTimes();
  const { params, set } = useUrlState();
  const [pointed, setPointed] = useState<PointedCell | null>(null);
  const { columnInfo, need } = useColumns(storeId, page.columns);
  const story = useStory(storeId, pointed, columnInfo);
  const onQuery = useCallback((query: MatrixQuery) => set({ from: null, to: null, at: null, view: null, ...query }), [set]);
  return (
    <MatrixView
      page={page}
      query={{
        from: params.get('from') ?? undefined,
        to: params.get('to') ?? undefined,
        at: params.get('at') ?? undefined,
        view: params.get('view') ?? undefined,
      }}
      onQuery={onQuery}
      columnInfo={columnInfo}
      onNeedColumns={need}
      onCursor={setPointed}
      story={story}
      onNavigate={(href) => router.push(href)}
      head={(model, controls) => (
        <>
          <PageHead sentence={matrixSentence(model)} fresh={<StoreFresh storeId={storeId} readAt={page.readAt} />} actions={<Exports storeId={storeId} />}>
            {rangeSentence(model, controls.view, times)}
          </PageHead>
          <StoreNotices storeId={storeId} />
        </>
      )}
    />
  );
}

function Exports({ storeId }: { readonly storeId: string }) {
  const base = `/api/stores/${encodeURIComponent(storeId)}/divergence`;
  return (
    <span className="row-flex only-wide">
      {(['csv', 'json'] as const).map((format) => (
        <a key={format} className="btn" href={`${base}.${format}`} download>
          <Download className="icon" aria-hidden />
          {format.toUpperCase()}
        </a>
      ))}
    </span>
  );
}

function Nothing({ storeId, page }: { readonly storeId: string; readonly page: MachinesPageDto }) {
  const { admin } = useMe();
  const noMachine = page.machines.length === 0;
  return (
    <>
      <PageHead
        sentence={noMachine ? 'No machine has reported yet.' : 'The store holds no snapshot yet.'}
        fresh={<StoreFresh storeId={storeId} readAt={page.readAt} />}
      />
      <StoreNotices storeId={storeId} />
      <section className="panel">
        <EmptyState
          icon={Grid3x3}
          fact={noMachine ? 'There is nothing to compare yet.' : 'There is no snapshot to compare yet.'}
          actions={
            <>
              {admin ? (
                <LinkButton look="primary" href={paths.addMachine(storeId)}>
                  Add a machine
                </LinkButton>
              ) : null}
              <LinkButton href={paths.snapshots(storeId)}>See the snapshots</LinkButton>
            </>
          }
        >
          {noMachine ? 'The store itself is readable. A row appears here with the first report of a machine.' : 'A column appears here with the first backup.'}
        </EmptyState>
      </section>
    </>
  );
}
