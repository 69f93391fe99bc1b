'use client';
import { useQuery } from '@tanstack/react-query';
import type { FindingDto } from '@wardrobe/contracts';
import { FindingDetail } from '@wardrobe/ui';
import type { Ref } from 'react';
import { paths } from '@/lib/paths';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';

const PLAN_AGE_MS = 300_000;

/** A finding with a plan that is never older than five minutes: an older one is made again. A plan is a read. */
export function OpenFinding({ storeId, finding, ref }: { readonly storeId: string; readonly finding: FindingDto; readonly ref: Ref<HTMLElement> }) {
  const trpc = useTRPC();
  const plan = useQuery(
    trpc.divergence.plan.queryOptions(
      { storeId, findingId: finding.id },
      {
        enabled: finding.plan !== null && finding.endedAt === null,
        staleTime: PLAN_AGE_MS,
        refetchInterval: PLAN_AGE_MS,
        ...(finding.plan && { initialData: finding.plan, initialDataUpdatedAt: Date.parse(finding.plan.madeAt) }),
      },
    ),
  );
  return (
    <FindingDetail
      ref={ref}
      finding={{ ...finding, plan: plan.data ?? finding.plan }}
      plan={{ busy: plan.isFetching, problem: plan.error ? problemOf(plan.error) : null, onAgain: () => void plan.refetch() }}
      snapshotHref={(snapshot) => paths.explore(storeId, snapshot.id)}
      machineHref={(machineId) => paths.machine(storeId, machineId)}
    />
  );
}
