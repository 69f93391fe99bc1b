'use client';
import { useMutation } from '@tanstack/react-query';
import { type Selection, SelectionBar, type SelectionBarProps } from '@wardrobe/ui/snapshots';
import { useRouter } from 'next/navigation';
import { paths } from '@/lib/paths';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';

type Props = {
  readonly storeId: string;
  readonly selection: Selection & { readonly clear: () => void };
  readonly workHref: SelectionBarProps['workHref'];
};

/** Plans work on the chosen snapshots and goes to its plan: nothing is done before that was read. */
export function PlannedSelection({ storeId, selection, workHref }: Props) {
  const trpc = useTRPC();
  const router = useRouter();
  const plan = useMutation(trpc.jobs.plan.mutationOptions({ onSuccess: (job) => router.push(paths.planOf(storeId, job.kind, job.id)) }));
  return (
    <SelectionBar
      chosen={selection.chosen}
      busy={plan.isPending}
      problem={plan.error ? problemOf(plan.error) : null}
      onPlan={(kind) => plan.mutate({ storeId, work: { kind, snapshots: [...selection.chosen.keys()] } })}
      workHref={workHref}
      onClear={selection.clear}
    />
  );
}
