'use client';
import { useQuery } from '@tanstack/react-query';
import type { FindingDto, JobWorkInput } from '@wardrobe/contracts';
import { Button, FindingDetail, LinkButton } from '@wardrobe/ui';
import type { Ref } from 'react';
import { paths } from '@/lib/paths';
import { useTRPC } from '@/trpc/client';
import { useWork, WorkPanel } from '@/work/work-panel';

/** A finding, and where its repair is planned and applied. */
export function OpenFinding({ storeId, finding, ref }: { readonly storeId: string; readonly finding: FindingDto; readonly ref: Ref<HTMLElement> }) {
  return (
    <FindingDetail
      ref={ref}
      finding={finding}
      mend={finding.mend === null ? null : <Mend storeId={storeId} finding={finding} mend={finding.mend} />}
      snapshotHref={(snapshot) => paths.explore(storeId, snapshot.id)}
      machineHref={(machineId) => paths.machine(storeId, machineId)}
    />
  );
}

function Mend({ storeId, finding, mend }: { readonly storeId: string; readonly finding: FindingDto; readonly mend: 'repair' | 'rm' }) {
  const trpc = useTRPC();
  const store = useQuery(trpc.stores.get.queryOptions({ storeId }));
  const snapshots = finding.affected.map(({ id }) => id);
  const state = useWork(storeId, (work) => (mend === 'repair' ? work.kind === 'repair' && work.finding === finding.id : work.kind === 'rm'));
  const work: JobWorkInput = mend === 'repair' ? { kind: 'repair', finding: finding.id } : { kind: 'rm', snapshots };
  const first = finding.affected.find(({ openable }) => openable !== 'no');
  return (
    <WorkPanel
      storeId={storeId}
      storeName={store.data?.name ?? 'the store'}
      state={state}
      empty={
        <div className="row-flex">
          <Button look="primary" busy={state.make.isPending} onClick={() => state.run(work)}>
            {mend === 'repair' ? 'Plan a dry run' : `Plan to remove ${snapshots.length === 1 ? 'it' : 'them'}`}
          </Button>
          {first === undefined ? null : <LinkButton href={paths.explore(storeId, first.id)}>Browse it first</LinkButton>}
        </div>
      }
    />
  );
}
