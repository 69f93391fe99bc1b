'use client';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { JobDetailDto, JobPlanDto, JobWork, JobWorkInput } from '@wardrobe/contracts';
import { Button, ConfirmDialog, JobList, LoadingRows, type Offer, PlanView, ProblemState, useToast } from '@wardrobe/ui';
import { type ReactNode, useState } from 'react';
import { useUrlState } from '@/lib/url-state';
import { paths } from '@/lib/paths';
import { useMe } from '@/shell/use-me';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';

/** Events tell of changes; this is for the time when they do not come through. */
const ASK_AGAIN_MS = 1000;

/** A dry run and the job that does what it planned, by the ids in the address: `plan` and `job`. */
export function useWork(storeId: string, isMine: (work: JobWork) => boolean) {
  const trpc = useTRPC();
  const client = useQueryClient();
  const { params, set } = useUrlState();
  const plan = useJob(params.get('plan'));
  const job = useJob(params.get('job'));
  const make = useMutation(
    trpc.jobs.plan.mutationOptions({
      onSuccess: (started) => {
        set({ plan: started.id, job: null });
        void client.invalidateQueries({ queryKey: trpc.jobs.list.pathKey() });
      },
    }),
  );
  const start = useMutation(
    trpc.jobs.start.mutationOptions({
      onSuccess: (started) => {
        set({ job: started.id });
        void client.invalidateQueries({ queryKey: trpc.jobs.list.pathKey() });
      },
    }),
  );
  const mine = (found: JobDetailDto | undefined): JobDetailDto | null => (found?.work && isMine(found.work) && found.storeId === storeId ? found : null);
  return { plan: mine(plan.data), planError: plan.error, job: mine(job.data), make, start, run: (work: JobWorkInput) => make.mutate({ storeId, work }) };
}

export type WorkState = ReturnType<typeof useWork>;

function useJob(id: string | null) {
  const trpc = useTRPC();
  return useQuery(
    trpc.jobs.get.queryOptions(
      { id: id ?? '' },
      { enabled: id !== null && id !== '', refetchInterval: (query) => (isOpen(query.state.data) ? ASK_AGAIN_MS : false), staleTime: 0 },
    ),
  );
}

/** The plan in full with what can be done about it; `empty` stands where nothing was planned yet. */
export function WorkPanel({
  storeId,
  storeName,
  state,
  empty,
}: {
  readonly storeId: string;
  readonly storeName: string;
  readonly state: WorkState;
  readonly empty: ReactNode;
}) {
  const { admin } = useMe();
  const { plan, job, make, start, run } = state;
  const [asking, setAsking] = useState(false);
  const cancel = useCancel();
  if (job !== null) {
    return (
      <>
        <JobList label="Job" jobs={[job]} storeName={() => null} onCancel={admin ? (one) => cancel(one.id) : null} hrefOf={() => paths.storeJobs(storeId)} />
        {isOpen(job) || plan?.work === undefined || plan.work === null ? null : (
          <div className="row-flex">
            <Button onClick={() => run(plan.work as JobWorkInput)} busy={make.isPending}>
              Dry run again
            </Button>
          </div>
        )}
      </>
    );
  }
  if (plan === null && make.isPending) return <LoadingRows what="the plan" rows={3} />;
  if (plan === null) {
    const failed = make.error ?? state.planError;
    return failed ? <ProblemState problem={problemOf(failed)} actions={empty} /> : empty;
  }
  if (!hasPlan(plan)) {
    return (
      <>
        <JobList label="Dry run" jobs={[plan]} storeName={() => null} onCancel={admin ? (one) => cancel(one.id) : null} />
        {isOpen(plan) ? null : (
          <div className="row-flex">
            <Button busy={make.isPending} onClick={() => run(plan.work as JobWorkInput)}>
              Dry run again
            </Button>
          </div>
        )}
      </>
    );
  }
  const offer = (which: Offer): void => {
    if (plan.work?.kind === 'repair') run({ ...plan.work, [which]: true });
  };
  const problem = make.error ?? start.error;
  return (
    <>
      <PlanView
        job={plan}
        busy={make.isPending || start.isPending}
        problem={problem && !asking ? problemOf(problem) : null}
        mayNot={admin ? null : 'Only an admin can apply it.'}
        onAgain={() => run(plan.work as JobWorkInput)}
        onApply={() => setAsking(true)}
        onOffer={offer}
      />
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={`${plan.plan.verb} in ${storeName}?`}
        verb={plan.plan.verb}
        busy={start.isPending}
        problem={start.error ? problemOf(start.error) : null}
        onConfirm={() => start.mutate({ planId: plan.id }, { onSuccess: () => setAsking(false) })}
        {...(plan.plan.destroys && { typed: storeName })}
      >
        {plan.plan.sentence} {plan.plan.note} It runs as a job: you can leave this page.
      </ConfirmDialog>
    </>
  );
}

export function useCancel(): (id: string) => void {
  const trpc = useTRPC();
  const client = useQueryClient();
  const toast = useToast();
  const cancel = useMutation(
    trpc.jobs.cancel.mutationOptions({
      onSuccess: () => void client.invalidateQueries({ queryKey: trpc.jobs.pathKey() }),
      onError: (error) => toast({ kind: 'warning', text: problemOf(error).sentence }),
    }),
  );
  return (id) => cancel.mutate({ id });
}

function isOpen(job: Pick<JobDetailDto, 'state'> | undefined): boolean {
  return job?.state === 'queued' || job?.state === 'running';
}

function hasPlan(job: JobDetailDto): job is JobDetailDto & { plan: JobPlanDto } {
  return job.plan !== null;
}
