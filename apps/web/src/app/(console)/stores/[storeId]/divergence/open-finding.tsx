'use client';
import { useQuery } from '@tanstack/react-query';
import type { FindingDto, JobWorkInput, StoreLockDto } from '@wardrobe/contracts';
import { Button, FindingDetail, LinkButton, LocksTable } from '@wardrobe/ui';
import type { Ref } from 'react';
import { paths } from '@/lib/paths';
import { useTRPC } from '@/trpc/client';
import { useWork, WorkPanel } from '@/work/work-panel';
import { Keep, useDecision } from './keep';

/** A finding, and where its repair is planned and applied. */
export function OpenFinding({ storeId, finding, ref }: { readonly storeId: string; readonly finding: FindingDto; readonly ref: Ref<HTMLElement> }) {
  const { unkeep, mayDecide } = useDecision(storeId, finding);
  return (
    <FindingDetail
      ref={ref}
      finding={finding}
      onUndo={mayDecide ? () => unkeep.mutate({ storeId, findingId: finding.id }) : null}
      undoing={unkeep.isPending}
      mend={finding.mend === null ? null : <Mend storeId={storeId} finding={finding} mend={finding.mend} />}
      snapshotHref={(snapshot) => paths.explore(storeId, snapshot.id)}
      machineHref={(machineId) => paths.machine(storeId, machineId)}
    />
  );
}

type MendProps = { readonly storeId: string; readonly finding: FindingDto; readonly mend: Exclude<FindingDto['mend'], null> };

function Mend({ storeId, finding, mend }: MendProps) {
  const trpc = useTRPC();
  const store = useQuery(trpc.stores.get.queryOptions({ storeId }));
  const locks = useQuery(trpc.jobs.locks.queryOptions({ storeId }, { enabled: mend === 'locks', staleTime: 0 }));
  const snapshots = finding.affected.map(({ id }) => id);
  const state = useWork(storeId, (work) => work.kind === mend && (work.kind !== 'repair' || work.finding === finding.id));
  const first = finding.affected.find(({ openable }) => openable !== 'no');
  return (
    <>
      {mend === 'locks' && locks.data !== undefined && state.job === null ? <LocksTable locks={locks.data} forced={null} /> : null}
      <WorkPanel
        storeId={storeId}
        storeName={store.data?.name ?? 'the store'}
        state={state}
        empty={
          <div className="row-flex">
            <Button look="primary" busy={state.make.isPending} onClick={() => state.run(workOf(finding, mend, locks.data ?? []))}>
              {mend === 'rm' ? `Plan to delete ${snapshots.length === 1 ? 'it' : 'them'} again` : 'Plan a dry run'}
            </Button>
            {finding.kind === 'lost-delete' ? <Keep storeId={storeId} finding={finding} /> : null}
            {mend === 'repair' ? <LinkButton href={paths.repairOf(storeId, finding.id)}>More options</LinkButton> : null}
            {mend === 'locks' ? <LinkButton href={paths.newJob(storeId, 'locks')}>All locks</LinkButton> : null}
            {first === undefined ? null : <LinkButton href={paths.explore(storeId, first.id)}>Browse it first</LinkButton>}
          </div>
        }
      />
    </>
  );
}

/** A lock that cannot be read goes only by name and by force. */
function workOf(finding: FindingDto, mend: MendProps['mend'], locks: readonly StoreLockDto[]): JobWorkInput {
  if (mend === 'repair') return { kind: 'repair', finding: finding.id };
  if (mend === 'rm') return { kind: 'rm', snapshots: finding.affected.map(({ id }) => id) };
  return finding.kind === 'damaged-lock'
    ? { kind: 'locks', ids: locks.filter(({ problem }) => problem !== null).map(({ id }) => id), force: true }
    : { kind: 'locks' };
}
