'use client';
import { useQuery } from '@tanstack/react-query';
import { EmptyState, LinkButton, LoadingRows, PageHead, ProblemState, rankedStores, StoresTable, storesSentence, useListKeys, useNow } from '@wardrobe/ui';
import { Database, Plus } from 'lucide-react';
import { paths } from '@/lib/paths';
import { Page } from '@/shell/page';
import { useMe } from '@/shell/use-me';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';

const HREFS = { open: paths.machines, unlock: paths.unlock, findings: paths.divergence } as const;

/** Every store of the console; without one, the way to the first. */
export function StoresView() {
  const trpc = useTRPC();
  const now = useNow();
  const { admin } = useMe();
  const stores = useQuery(trpc.stores.list.queryOptions());
  useListKeys();
  const connect = admin ? (
    <LinkButton look="primary" href={paths.newStore}>
      <Plus className="icon" aria-hidden />
      Connect a store
    </LinkButton>
  ) : null;

  if (stores.data === undefined) {
    return (
      <Page>
        <PageHead sentence={stores.error ? 'The stores cannot be shown.' : 'Reading the list of stores.'} />
        <section className="panel">
          {stores.error ? (
            <ProblemState problem={problemOf(stores.error)} onRetry={() => void stores.refetch()} />
          ) : (
            <LoadingRows what="the list of stores" rows={4} />
          )}
        </section>
      </Page>
    );
  }
  if (stores.data.length === 0) {
    return (
      <Page>
        <PageHead sentence="No store is connected yet." />
        <section className="panel">
          <EmptyState icon={Database} fact="Wardrobe shows what your Kloset stores hold." actions={connect}>
            {admin
              ? 'Connect the first one: where it lies, and its passphrase if it is encrypted. Connecting writes nothing into it.'
              : 'An admin of this console can connect one.'}
          </EmptyState>
        </section>
      </Page>
    );
  }
  const { sentence, detail } = storesSentence(rankedStores(stores.data, now).map((one) => one.condition.kind));
  return (
    <Page>
      <PageHead sentence={sentence} actions={connect}>
        {detail}
      </PageHead>
      <StoresTable stores={stores.data} hrefs={HREFS} />
      <p className="fresh only-wide">Numbers of a store that cannot be read are those of its last reading. Wardrobe never fills a gap with a guess.</p>
    </Page>
  );
}
