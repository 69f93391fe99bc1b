'use client';
import { useQuery } from '@tanstack/react-query';
import type { JobDto, StoreDto } from '@wardrobe/contracts';
import { Button, Freshness, isStale, LinkButton, Notice, RelativeTime, useNow } from '@wardrobe/ui';
import { figure, spanWord } from '@wardrobe/words';
import { ClockAlert, CloudOff, FileWarning, LoaderCircle, Lock, RefreshCw } from 'lucide-react';
import type { ReactNode } from 'react';
import { paths } from '@/lib/paths';
import { useTRPC } from '@/trpc/client';
import { useRefresh } from './console-shell';
import { useMe } from './use-me';

/**
 * What the store's own condition means for the page: locked, offline, damaged, read too long ago, being read. Nothing when all is well.
 * `findings` tells of the damage in its own way (null: the page does): it stands in place of the notice of damage, else beside the others.
 */
export function StoreNotices({ storeId, findings }: { readonly storeId: string; readonly findings?: ReactNode }) {
  const trpc = useTRPC();
  const store = useQuery(trpc.stores.get.queryOptions({ storeId }));
  const counted = findings !== undefined && store.data?.status === 'damaged';
  return (
    <>
      {counted ? null : <Condition storeId={storeId} />}
      {findings}
    </>
  );
}

function Condition({ storeId }: { readonly storeId: string }) {
  const trpc = useTRPC();
  const now = useNow();
  const store = useQuery(trpc.stores.get.queryOptions({ storeId }));
  const running = useRunningJob(storeId);
  const failed = useFailedReading(storeId);
  if (!store.data) return null;
  if (running && store.data.lastReadAt === null) return <Reading job={running} />;
  switch (store.data.status) {
    case 'locked':
      return <Locked store={store.data} />;
    case 'offline':
      return <Offline store={store.data} />;
    case 'damaged':
      return <Damaged store={store.data} />;
    case 'never-read':
      return <NeverRead store={store.data} />;
    default:
      if (failed) return <LastReadingFailed store={store.data} job={failed} />;
      return isStale(store.data, now) ? <Stale store={store.data} /> : null;
  }
}

/** How old the page's facts are. */
export function StoreFresh({ storeId, readAt }: { readonly storeId: string; readonly readAt: string | null }) {
  const now = useNow();
  const trpc = useTRPC();
  const store = useQuery(trpc.stores.get.queryOptions({ storeId }));
  const reading = useRunningJob(storeId) !== null;
  return <Freshness readAt={readAt} reading={reading} stale={store.data !== undefined && (store.data.status === 'offline' || isStale(store.data, now))} />;
}

/** "Read again" for those who may; the key `r` does the same. */
export function ReadAgain({ storeId }: { readonly storeId: string }) {
  const { admin } = useMe();
  const refresh = useRefresh(storeId);
  const reading = useRunningJob(storeId) !== null;
  if (!admin) return null;
  return (
    <Button className="only-wide" onClick={refresh} {...(reading && { unavailable: 'The store is being read now' })}>
      <RefreshCw className="icon" aria-hidden />
      Read again
    </Button>
  );
}

function useRunningJob(storeId: string): JobDto | null {
  const trpc = useTRPC();
  const jobs = useQuery(trpc.jobs.list.queryOptions({ storeId }));
  return jobs.data?.find((job) => job.kind === 'refresh' && job.state === 'running') ?? null;
}

/** The last reading, when it failed. */
function useFailedReading(storeId: string): JobDto | null {
  const trpc = useTRPC();
  const jobs = useQuery(trpc.jobs.list.queryOptions({ storeId }));
  const ended = jobs.data?.filter((job) => job.kind === 'refresh' && (job.state === 'done' || job.state === 'failed')) ?? [];
  const last = ended.toSorted((a, b) => (b.endedAt ?? '').localeCompare(a.endedAt ?? ''))[0];
  return last?.state === 'failed' ? last : null;
}

function LastReadingFailed({ store, job }: { readonly store: StoreDto; readonly job: JobDto }) {
  return (
    <Notice kind="warning" icon={ClockAlert} fact={job.problem?.sentence ?? 'The last reading of the store failed.'} actions={<TryNow storeId={store.id} />}>
      {store.lastReadAt ? (
        <>
          You see what was read <RelativeTime at={store.lastReadAt} />.{' '}
        </>
      ) : null}
      {job.problem?.next}
    </Notice>
  );
}

function Reading({ job }: { readonly job: JobDto }) {
  return (
    <Notice
      kind="info"
      icon={LoaderCircle}
      fact={job.total === null ? 'The store is being read for the first time.' : `The store is being read: ${figure(job.done)} of ${figure(job.total)}.`}
    >
      <progress className="bar mt-2" aria-label="Reading the store" {...(job.total !== null && { value: job.done, max: job.total })} />
    </Notice>
  );
}

function Locked({ store }: { readonly store: StoreDto }) {
  const { admin } = useMe();
  return (
    <Notice
      kind="warning"
      icon={Lock}
      fact={`${store.name} is locked: its key is not loaded.`}
      actions={
        admin ? (
          <LinkButton small href={paths.unlock(store.id)}>
            Unlock
          </LinkButton>
        ) : null
      }
    >
      {store.lastReadAt ? (
        <>
          You see what was read <RelativeTime at={store.lastReadAt} />.{' '}
        </>
      ) : (
        'Nothing of it can be shown. '
      )}
      {admin ? 'Its passphrase unlocks it.' : 'An admin can unlock it.'}
    </Notice>
  );
}

function Offline({ store }: { readonly store: StoreDto }) {
  return (
    <Notice kind="warning" icon={CloudOff} fact={store.problem?.sentence ?? 'The store does not answer.'} actions={<TryNow storeId={store.id} />}>
      {store.lastReadAt ? (
        <>
          You see what was read <RelativeTime at={store.lastReadAt} />. Downloads do not work.{' '}
        </>
      ) : (
        'It was never read. '
      )}
      {store.problem?.next}
    </Notice>
  );
}

function Damaged({ store }: { readonly store: StoreDto }) {
  return (
    <Notice
      kind="danger"
      icon={FileWarning}
      fact={store.problem?.sentence ?? 'Some files of this store cannot be read.'}
      actions={
        <LinkButton small href={paths.divergence(store.id)}>
          Show findings
        </LinkButton>
      }
    >
      {store.problem?.next ?? 'What is listed here is not affected.'}
    </Notice>
  );
}

function NeverRead({ store }: { readonly store: StoreDto }) {
  return (
    <Notice kind="warning" fact={store.problem?.sentence ?? 'This store has not been read yet.'} actions={<TryNow storeId={store.id} label="Read now" />}>
      {store.problem?.next ?? 'Its first reading starts by itself.'}
    </Notice>
  );
}

function Stale({ store }: { readonly store: StoreDto }) {
  const now = useNow();
  const age = spanWord(now - Date.parse(store.lastReadAt ?? ''));
  return (
    <Notice
      kind="warning"
      icon={ClockAlert}
      fact={`Last read ${age} ago; the schedule says every ${spanWord(store.refreshIntervalSeconds * 1000)}.`}
      actions={<TryNow storeId={store.id} label="Read now" />}
    >
      Everything below is {age} old. What happened since is unknown.
    </Notice>
  );
}

function TryNow({ storeId, label = 'Try now' }: { readonly storeId: string; readonly label?: string }) {
  const { admin } = useMe();
  const refresh = useRefresh(storeId);
  if (!admin) return null;
  return (
    <Button small onClick={refresh}>
      {label}
    </Button>
  );
}
