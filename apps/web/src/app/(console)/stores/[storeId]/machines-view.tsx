'use client';
import { useQuery } from '@tanstack/react-query';
import type { MachinesPageDto } from '@wardrobe/contracts';
import {
  Button,
  EmptyState,
  filterMachines,
  Legend,
  LinkButton,
  LoadingRows,
  MachineTable,
  MachineTools,
  Notice,
  PageHead,
  ProblemState,
  Rail,
  StripProvider,
  useListKeys,
  useNow,
} from '@wardrobe/ui';
import { counted, figure } from '@wardrobe/words';
import { Plus, Server } from 'lucide-react';
import { paths } from '@/lib/paths';
import { Page } from '@/shell/page';
import { ReadAgain, StoreFresh, StoreNotices } from '@/shell/store-notices';
import { useMe } from '@/shell/use-me';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';
import { useMachinesUrl } from './use-machines-url';

/** Home of a store: which machine differs from it, worst first. */
export function MachinesView({ storeId }: { readonly storeId: string }) {
  const trpc = useTRPC();
  const { admin } = useMe();
  const page = useQuery(trpc.machines.list.queryOptions({ storeId }));
  useListKeys();
  const actions = (
    <>
      <ReadAgain storeId={storeId} />
      {admin ? (
        <LinkButton className="only-wide" href={paths.addMachine(storeId)}>
          <Plus className="icon" aria-hidden />
          Add a machine
        </LinkButton>
      ) : null}
    </>
  );
  if (page.data === undefined) {
    return (
      <Page>
        <PageHead sentence={page.error ? 'The machines cannot be shown.' : 'Reading what the machines reported.'} />
        <StoreNotices storeId={storeId} />
        <section className="panel">
          {page.error ? (
            <ProblemState problem={problemOf(page.error)} onRetry={() => void page.refetch()} />
          ) : (
            <LoadingRows what="what the machines reported" onRetry={() => void page.refetch()} />
          )}
        </section>
      </Page>
    );
  }
  return (
    <Page>
      <PageHead sentence={page.data.sentence} fresh={<StoreFresh storeId={storeId} readAt={page.data.readAt} />} actions={actions}>
        {page.data.detail}
      </PageHead>
      {page.data.machines.length > 0 ? <Rail machines={page.data.machines} /> : null}
      <StoreNotices storeId={storeId} {...(page.data.storeFindings > 0 && { findings: <StoreFindings storeId={storeId} page={page.data} /> })} />
      {page.data.machines.length > 0 ? <Fleet storeId={storeId} page={page.data} /> : <NoMachines storeId={storeId} page={page.data} admin={admin} />}
    </Page>
  );
}

function StoreFindings({ storeId, page }: { readonly storeId: string; readonly page: MachinesPageDto }) {
  return (
    <Notice
      kind="warning"
      fact={page.storeFindingsSentence ?? `The store itself has ${counted(page.storeFindings, 'finding')}.`}
      actions={
        <LinkButton small href={paths.divergence(storeId)}>
          Show findings
        </LinkButton>
      }
    />
  );
}

function Fleet({ storeId, page }: { readonly storeId: string; readonly page: MachinesPageDto }) {
  const now = useNow();
  const trpc = useTRPC();
  const store = useQuery(trpc.stores.get.queryOptions({ storeId }));
  const url = useMachinesUrl();
  const machines = filterMachines(page.machines, url.filter, now);
  return (
    <StripProvider page={page} nowMs={now}>
      <section className="panel" aria-label="Machines, worst first">
        <MachineTools filter={url.filter} counts={page.counts} onChange={url.setFilter} />
        {machines.length > 0 ? (
          <MachineTable
            storeName={store.data?.name ?? storeId}
            machines={machines}
            sort={url.sort}
            descending={url.descending}
            showAll={url.showAll}
            hrefOf={(machine) => paths.machine(storeId, machine.id)}
            onSort={url.setSort}
            onShowAll={url.setShowAll}
          />
        ) : (
          <p className="no-match" role="status">
            No machine matches.{' '}
            <Button small onClick={url.clear}>
              Clear the filters
            </Button>
          </p>
        )}
      </section>
      <section aria-label="Legend">
        <Legend />
      </section>
    </StripProvider>
  );
}

function NoMachines({ storeId, page, admin }: { readonly storeId: string; readonly page: MachinesPageDto; readonly admin: boolean }) {
  return (
    <section className="panel">
      <EmptyState
        icon={Server}
        fact="No machine has reported yet."
        actions={
          <>
            {admin ? (
              <LinkButton look="primary" href={paths.addMachine(storeId)}>
                <Plus className="icon" aria-hidden />
                Add a machine
              </LinkButton>
            ) : null}
            <LinkButton href={paths.snapshots(storeId)}>See the snapshots</LinkButton>
          </>
        }
      >
        {`The store itself was read: ${figure(page.counts.snapshots)} ${page.counts.snapshots === 1 ? 'snapshot' : 'snapshots'}. An agent on each machine tells which of them that machine lists.`}
      </EmptyState>
    </section>
  );
}
