'use client';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { StoreDto } from '@wardrobe/contracts';
import { bytesWord, FullTime, LoadingRows, PageHead, ProblemState, StoreSettingsForm, useToast } from '@wardrobe/ui';
import { counted, spanWord } from '@wardrobe/words';
import { Page } from '@/shell/page';
import { useMe } from '@/shell/use-me';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';
import { StoreKey } from './store-key';
import { RemoveStore } from './remove-store';
import { StoreOptions } from './store-options';
import { Upkeep } from './upkeep';

/** Name, place, intervals, key and removal of one store. */
export function StoreSettingsView({ storeId }: { readonly storeId: string }) {
  const trpc = useTRPC();
  const store = useQuery(trpc.stores.get.queryOptions({ storeId }));
  const { admin } = useMe();
  if (store.data === undefined) {
    return (
      <Page>
        <PageHead sentence={store.error ? 'The settings cannot be shown.' : 'Reading the settings.'} />
        <section className="panel">
          {store.error ? <ProblemState problem={problemOf(store.error)} onRetry={() => void store.refetch()} /> : <LoadingRows what="the settings" rows={4} />}
        </section>
      </Page>
    );
  }
  return (
    <Page>
      <PageHead
        sentence={`${store.data.name} is read every ${spanWord(store.data.refreshIntervalSeconds * 1000)}.`}
      >{`A machine that has not reported for ${store.data.unknownAfterHours} h is unknown.`}</PageHead>
      <div className="settings">
        <General store={store.data} admin={admin} />
        {admin && store.data.location.includes('://') ? <StoreOptions store={store.data} /> : null}
        <Upkeep storeId={storeId} />
        <Facts store={store.data} />
        {store.data.encrypted ? <StoreKey store={store.data} admin={admin} /> : null}
        {admin ? <RemoveStore store={store.data} /> : null}
      </div>
    </Page>
  );
}

function General({ store, admin }: { readonly store: StoreDto; readonly admin: boolean }) {
  const trpc = useTRPC();
  const client = useQueryClient();
  const toast = useToast();
  const update = useMutation(
    trpc.stores.update.mutationOptions({
      onSuccess: () => {
        toast({ kind: 'success', text: 'The settings are saved.' });
        void client.invalidateQueries({ queryKey: trpc.stores.pathKey() });
      },
    }),
  );
  return (
    <section className="panel" aria-labelledby="general-title">
      <header>
        <h2 id="general-title">General</h2>
      </header>
      <div className="body">
        <StoreSettingsForm
          key={`${store.name} ${store.location} ${store.refreshIntervalSeconds} ${store.unknownAfterHours}`}
          store={store}
          readOnly={!admin}
          busy={update.isPending}
          problem={update.error ? problemOf(update.error) : null}
          onSave={(settings) => update.mutate({ storeId: store.id, ...settings })}
        />
      </div>
    </section>
  );
}

function Facts({ store }: { readonly store: StoreDto }) {
  return (
    <section className="panel" aria-labelledby="facts-title">
      <header>
        <h2 id="facts-title">Facts</h2>
      </header>
      <div className="body">
        <dl className="kv">
          <dt>Kind</dt>
          <dd>{kindWord(store.location)}</dd>
          <dt>Place</dt>
          <dd>
            <code>{store.location}</code>
          </dd>
          <dt>Repository id</dt>
          <dd>
            <code>{store.repositoryId}</code>
          </dd>
          <dt>Written by</dt>
          <dd>{store.line === 'unknown' ? 'unknown' : store.line === 'mixed' ? 'plakar 1.0 and 1.1' : `plakar ${store.line}`}</dd>
          <dt>Encrypted</dt>
          <dd>{store.encrypted ? 'yes' : 'no'}</dd>
          {store.carried === null ? null : <Carried carried={store.carried} />}
          <dt>Last contact</dt>
          <dd>{store.lastReadAt ? <FullTime at={store.lastReadAt} /> : 'never'}</dd>
        </dl>
      </div>
    </section>
  );
}

/** What the line has carried, over all times that the console had the store open. */
function Carried({ carried }: { readonly carried: NonNullable<StoreDto['carried']> }) {
  return (
    <>
      <dt>Requests</dt>
      <dd>
        {counted(carried.requests, 'request')}
        {carried.retries === 0 ? '' : `, ${counted(carried.retries, 'retry', 'retries')}`}
      </dd>
      <dt>Carried</dt>
      <dd>
        {bytesWord(carried.bytesRead)} read, {bytesWord(carried.bytesWritten)} written
      </dd>
      <dt>Latency</dt>
      <dd>{carried.meanLatencyMs === null ? 'not known yet' : `${Math.round(carried.meanLatencyMs)} ms to the first byte, on average`}</dd>
      <dt>Counted since</dt>
      <dd>
        <FullTime at={carried.since} />
      </dd>
    </>
  );
}

function kindWord(location: string): string {
  return location.includes('://') ? location.slice(0, location.indexOf('://')) : 'folder';
}
