'use client';
import { useQueryClient } from '@tanstack/react-query';
import { useSubscription } from '@trpc/tanstack-react-query';
import type { JobDto, LiveEvent } from '@wardrobe/contracts';
import { Notice } from '@wardrobe/ui';
import { usePathname } from 'next/navigation';
import { useEffect, useRef, useState } from 'react';
import { toSignIn, useTRPC } from '@/trpc/client';

/** Longest time between the reading of a page's data on the server and the page's appearance that is counted with. */
const ON_ITS_WAY_MS = 30_000;

/** Keeps open pages current: what the server says has changed is asked for again. Draws a notice while the server cannot be heard. */
export function Live() {
  const trpc = useTRPC();
  const client = useQueryClient();
  const openedBefore = useRef(false);
  const lastChange = useRef(Number.NEGATIVE_INFINITY);
  const pathname = usePathname();

  function onEvent(event: LiveEvent): void {
    if (event.kind === 'session-ended') toSignIn();
    else if (event.kind === 'opened') onOpened(event.sinceChangeMs ?? null);
    else if (event.kind === 'job' && event.job) onJob(event.job);
    else onChange(event);
  }

  /** What the page shows was asked for before the stream listened: after a change since then, or after a gap, it is asked for again. */
  function onOpened(sinceChangeMs: number | null): void {
    const missed = openedBefore.current || (sinceChangeMs !== null && sinceChangeMs <= performance.now());
    openedBefore.current = true;
    if (!missed) return;
    askAgain();
    void client.invalidateQueries({ queryKey: trpc.jobs.pathKey() });
  }

  function onChange(event: LiveEvent): void {
    lastChange.current = performance.now();
    askAgain();
    if (event.kind === 'report') void client.invalidateQueries({ queryKey: trpc.tokens.pathKey() });
  }

  function askAgain(): void {
    for (const router of [trpc.stores, trpc.machines, trpc.matrix, trpc.divergence, trpc.snapshots])
      void client.invalidateQueries({ queryKey: router.pathKey() });
  }

  function onJob(job: JobDto): void {
    for (const input of [{}, ...(job.storeId === null ? [] : [{ storeId: job.storeId }])]) {
      client.setQueryData(
        trpc.jobs.list.queryKey(input),
        (list) =>
          list &&
          ([
            withLog(
              job,
              list.find((other) => other.id === job.id),
            ),
            ...list.filter((other) => other.id !== job.id),
          ].toSorted(byStart) as typeof list),
      );
    }
    void client.invalidateQueries({ queryKey: trpc.jobs.get.queryKey({ id: job.id }) });
    if (job.state !== 'queued' && job.state !== 'running') void client.invalidateQueries({ queryKey: trpc.stores.pathKey() });
  }

  // The data of a page that is just coming may have been read before a change that was heard while it came.
  const shown = useRef(pathname);
  useEffect(() => {
    if (shown.current === pathname) return;
    shown.current = pathname;
    if (performance.now() - lastChange.current < ON_ITS_WAY_MS) askAgain();
  });

  const subscription = useSubscription(trpc.live.events.subscriptionOptions({}, { onData: onEvent }));
  const deaf = useDelayed(subscription.status === 'connecting' || subscription.status === 'error', 6000);
  if (!deaf) return null;
  return (
    <div className="px-6 pt-3" role="status">
      <Notice kind="warning" fact="The console does not answer.">
        You see what was read before. The page asks again by itself.
      </Notice>
    </div>
  );
}

/** Events of a running job bring what is new in its log. */
function withLog(job: JobDto, before: JobDto | undefined): JobDto {
  return job.state === 'running' && before !== undefined ? { ...job, log: [...before.log, ...job.log] } : job;
}

/** Running and queued first, then the newest. */
function byStart(a: JobDto, b: JobDto): number {
  const open = (job: JobDto): number => (job.state === 'running' || job.state === 'queued' ? 0 : 1);
  return open(a) - open(b) || b.createdAt.localeCompare(a.createdAt);
}

/** True once `value` has been true for `delayMs`. */
function useDelayed(value: boolean, delayMs: number): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    if (!value) {
      setLate(false);
      return;
    }
    const timer = setTimeout(() => setLate(true), delayMs);
    return () => clearTimeout(timer);
  }, [value, delayMs]);
  return late;
}
