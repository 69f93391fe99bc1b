'use client';
import { useQuery } from '@tanstack/react-query';
import type { DivergencePageDto } from '@wardrobe/contracts';
import { EmptyState, FindingList, Lanes, LinkButton, LoadingRows, listedFindings, PageHead, ProblemState, useKeys, useListKeys } from '@wardrobe/ui';
import { CheckCheck } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { paths } from '@/lib/paths';
import { useUrlState } from '@/lib/url-state';
import { Page } from '@/shell/page';
import { ReadAgain, StoreFresh, StoreNotices } from '@/shell/store-notices';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';
import { OpenFinding } from './open-finding';

/** Why machines differ from the store, and what to do: lanes, findings, one finding in full. */
export function DivergenceView({ storeId }: { readonly storeId: string }) {
  const trpc = useTRPC();
  const page = useQuery(trpc.divergence.get.queryOptions({ storeId }));
  if (page.data === undefined) {
    return (
      <Page>
        <PageHead sentence={page.error ? 'The findings cannot be shown.' : 'Comparing the machines with the store.'} />
        <StoreNotices storeId={storeId} />
        <section className="panel">
          {page.error ? (
            <ProblemState problem={problemOf(page.error)} onRetry={() => void page.refetch()} />
          ) : (
            <LoadingRows what="the findings" onRetry={() => void page.refetch()} />
          )}
        </section>
      </Page>
    );
  }
  return (
    <Page>
      <PageHead sentence={page.data.sentence} fresh={<StoreFresh storeId={storeId} readAt={page.data.readAt} />} actions={<ReadAgain storeId={storeId} />}>
        {page.data.detail}
      </PageHead>
      {/* Damage is among the findings below. */}
      <StoreNotices storeId={storeId} findings={null} />
      <Body storeId={storeId} page={page.data} />
    </Page>
  );
}

function Body({ storeId, page }: { readonly storeId: string; readonly page: DivergencePageDto }) {
  const trpc = useTRPC();
  const store = useQuery(trpc.stores.get.queryOptions({ storeId }));
  const { params, push } = useUrlState();
  const detail = useRef<HTMLElement>(null);
  const findings = listedFindings(page.findings);
  const asked = params.get('finding');
  const current = findings.find((finding) => finding.id === asked) ?? (asked === null ? findings[0] : undefined);
  const opened = useRef(false);

  function open(id: string): void {
    opened.current = true;
    push({ finding: id, plan: null, job: null });
  }
  function step(by: 1 | -1): void {
    const at = findings.findIndex((finding) => finding.id === current?.id);
    const next = findings[(at + by + findings.length) % findings.length];
    if (next) open(next.id);
  }
  useListKeys();
  useKeys({ n: () => step(1), p: () => step(-1) });
  useEffect(() => {
    if (!opened.current || current === undefined) return;
    detail.current?.focus({ preventScroll: true });
    // Below 1180 px the detail stands under the list.
    if (window.matchMedia('(max-width: 1180px)').matches) detail.current?.scrollIntoView();
  }, [current]);

  return (
    <>
      {page.lanes.length > 0 ? (
        <Lanes
          page={page}
          snapshots={store.data?.counts.snapshots ?? page.columns}
          hrefOf={(id) => paths.divergence(storeId, id)}
          machinesHref={paths.machines(storeId)}
          onOpen={open}
        />
      ) : null}
      {findings.length === 0 ? (
        <section className="panel">
          <EmptyState icon={CheckCheck} fact="No finding." actions={<LinkButton href={paths.machines(storeId)}>See the machines</LinkButton>}>
            Nothing in the store is damaged or hidden, and no machine that reported differs from it.
          </EmptyState>
        </section>
      ) : (
        <div className="split">
          <FindingList findings={findings} current={current?.id ?? null} hrefOf={(id) => paths.divergence(storeId, id)} onOpen={open} />
          {current ? (
            <OpenFinding key={current.id} storeId={storeId} finding={current} ref={detail} />
          ) : (
            <section className="panel">
              <ProblemState
                problem={{
                  code: 'not-found',
                  sentence: `Finding ${asked} is not in this store.`,
                  next: 'It may belong to another store. Choose one from the list.',
                }}
              />
            </section>
          )}
        </div>
      )}
    </>
  );
}
