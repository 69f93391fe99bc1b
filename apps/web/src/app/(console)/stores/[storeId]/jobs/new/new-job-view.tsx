'use client';
import { useQuery } from '@tanstack/react-query';
import type { JobWork, StoreDto, WorkKind } from '@wardrobe/contracts';
import { EmptyState, LoadingRows, LocksTable, PageHead, ProblemState, SegmentNav, WorkForm } from '@wardrobe/ui';
import { Lock } from 'lucide-react';
import { useMemo } from 'react';
import { paths } from '@/lib/paths';
import { useUrlState } from '@/lib/url-state';
import { Page } from '@/shell/page';
import { StoreNotices } from '@/shell/store-notices';
import { useMe } from '@/shell/use-me';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';
import { useWork, WorkPanel } from '@/work/work-panel';

/** Kinds that begin without a choice; `restore` and `rm` begin at a snapshot. */
const KINDS = [
  ['repair', 'Repair'],
  ['check', 'Check'],
  ['prune', 'Prune'],
  ['maintenance', 'Maintenance'],
  ['sync', 'Synchronise'],
  ['locks', 'Locks'],
] as const satisfies readonly (readonly [WorkKind, string])[];

const HEAD: Readonly<Record<WorkKind, string>> = {
  repair: 'Repair what is wrong with the store.',
  check: 'Check whether everything can be restored.',
  restore: 'Restore to a folder of the server.',
  rm: 'Remove snapshots from the store.',
  prune: 'Remove old snapshots by periods.',
  maintenance: 'Take away what no snapshot needs.',
  sync: 'Synchronise with another store.',
  locks: 'Who holds the store.',
};

const ID = /^[0-9a-f]{64}$/;

/** A new job: what to do, its dry run, and the doing. Everything is in the address. */
export function NewJobView({ storeId }: { readonly storeId: string }) {
  const trpc = useTRPC();
  const { params } = useUrlState();
  const store = useQuery(trpc.stores.get.queryOptions({ storeId }));
  const asked = params.get('kind');
  const kind = [...KINDS.map(([name]) => name), 'restore' as const, 'rm' as const].find((name) => name === asked) ?? 'check';
  return (
    <Page>
      <PageHead sentence={HEAD[kind]}>Dry run first: what would happen is shown before anything is written.</PageHead>
      <StoreNotices storeId={storeId} />
      <div className="tabs-scroll">
        <SegmentNav
          label="Kind of job"
          items={KINDS.map(([name, label]) => ({ href: paths.newJob(storeId, name), label }))}
          current={paths.newJob(storeId, kind)}
        />
      </div>
      {store.data === undefined ? (
        <section className="panel">
          {store.error ? <ProblemState problem={problemOf(store.error)} onRetry={() => void store.refetch()} /> : <LoadingRows what="the store" rows={3} />}
        </section>
      ) : (
        <NewJob key={kind} store={store.data} kind={kind} />
      )}
    </Page>
  );
}

function NewJob({ store, kind }: { readonly store: StoreDto; readonly kind: WorkKind }) {
  const trpc = useTRPC();
  const { params } = useUrlState();
  const { user, admin } = useMe();
  const stores = useQuery(trpc.stores.list.queryOptions());
  const limits = useQuery(trpc.jobs.limits.queryOptions());
  const named = useMemo(() => (params.get('snapshots') ?? '').split(',').filter((id) => ID.test(id)), [params]);
  const state = useWork(store.id, (work: JobWork) => work.kind === kind);
  // A plan that was made elsewhere brings what was chosen there.
  const snapshots = named.length > 0 ? named : snapshotsOf(state.plan?.work ?? null);
  const locks = useQuery(trpc.jobs.locks.queryOptions({ storeId: store.id }, { enabled: kind === 'locks', staleTime: 0 }));
  if (user !== null && !admin && kind !== 'repair') {
    return (
      <section className="panel">
        {kind === 'locks' && locks.data !== undefined ? <LocksTable locks={locks.data} forced={null} /> : null}
        <EmptyState icon={Lock} fact="Only an admin can start this.">
          Your role may look at jobs and plans. Ask an admin of this console.
        </EmptyState>
      </section>
    );
  }
  const ready = limits.data !== undefined && stores.data !== undefined && (kind !== 'locks' || locks.data !== undefined);
  return (
    <div className="new-job">
      <section className="panel" aria-label="What to do">
        <div className="body">
          {locks.error && kind === 'locks' ? (
            <ProblemState problem={problemOf(locks.error)} onRetry={() => void locks.refetch()} />
          ) : ready ? (
            <WorkForm
              key={`${state.plan?.id ?? ''} ${snapshots.join()}`}
              kind={kind}
              initial={state.plan?.work ?? null}
              snapshots={kind === 'check' || kind === 'restore' || kind === 'rm' || kind === 'sync' ? snapshots : []}
              path={params.get('path') ?? ''}
              limits={limits.data}
              finding={params.get('finding')}
              {...(locks.data !== undefined && { locks: locks.data })}
              peers={(stores.data ?? []).filter(({ id }) => id !== store.id)}
              isPlanned={state.plan !== null || state.job !== null}
              busy={state.make.isPending}
              problem={state.make.error ? problemOf(state.make.error) : null}
              onPlan={state.run}
            />
          ) : (
            <LoadingRows what="what this console may do" rows={3} />
          )}
        </div>
      </section>
      {state.plan === null && state.job === null ? null : (
        <section className="plan-all" aria-label="Plan">
          <WorkPanel storeId={store.id} storeName={store.name} state={state} empty={null} />
        </section>
      )}
    </div>
  );
}

function snapshotsOf(work: JobWork | null): readonly string[] {
  if (work?.kind === 'restore') return [work.snapshot];
  return work?.kind === 'check' || work?.kind === 'rm' || work?.kind === 'sync' ? work.snapshots : [];
}
