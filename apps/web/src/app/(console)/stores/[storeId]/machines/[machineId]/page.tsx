import type { Metadata } from 'next';
import { Prefetched } from '@/trpc/server';
import { MachineView } from './machine-view';

export const metadata: Metadata = { title: 'Machine' };

export default async function MachinePage({ params }: { readonly params: Promise<{ readonly storeId: string; readonly machineId: string }> }) {
  const { storeId, machineId } = await params;
  return (
    <Prefetched
      queries={({ trpc, queryClient }) => [
        queryClient.prefetchQuery(trpc.machines.get.queryOptions({ storeId, machineId })),
        queryClient.prefetchQuery(trpc.machines.list.queryOptions({ storeId })),
      ]}
    >
      <MachineView storeId={storeId} machineId={machineId} />
    </Prefetched>
  );
}
