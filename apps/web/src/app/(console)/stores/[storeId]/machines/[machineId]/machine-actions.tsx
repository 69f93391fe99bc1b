'use client';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { MachineDetailDto } from '@wardrobe/contracts';
import { Button, MergeMachineDialog, RenameMachineDialog, RetireMachineDialog, useToast } from '@wardrobe/ui';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { paths } from '@/lib/paths';
import { useMe } from '@/shell/use-me';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';

type Which = 'rename' | 'retire' | 'merge';

/** Rename, merge and retire, for admins. */
export function MachineActions({ storeId, machine }: { readonly storeId: string; readonly machine: MachineDetailDto }) {
  const trpc = useTRPC();
  const client = useQueryClient();
  const toast = useToast();
  const router = useRouter();
  const { admin } = useMe();
  const [open, setOpen] = useState<Which | null>(null);
  const others = useQuery(trpc.machines.list.queryOptions({ storeId }, { enabled: open === 'merge' }));

  function done(text: string): void {
    setOpen(null);
    toast({ kind: 'success', text });
    void client.invalidateQueries({ queryKey: trpc.machines.pathKey() });
  }
  const rename = useMutation(trpc.machines.rename.mutationOptions({ onSuccess: (_, input) => done(`${machine.name} is now called ${input.name}.`) }));
  const retire = useMutation(
    trpc.machines.retire.mutationOptions({ onSuccess: (_, input) => done(input.retired ? `${machine.name} is retired.` : `${machine.name} counts again.`) }),
  );
  const merge = useMutation(
    trpc.machines.merge.mutationOptions({
      onSuccess: (_, input) => {
        done(`${machine.name} was merged.`);
        router.push(paths.machine(storeId, input.into));
      },
    }),
  );
  if (!admin) return null;
  const dialog = (which: Which, mutation: { readonly error: unknown; readonly isPending: boolean }) => ({
    open: open === which,
    onOpenChange: (next: boolean) => setOpen(next ? which : null),
    busy: mutation.isPending,
    problem: mutation.error ? problemOf(mutation.error) : null,
  });
  return (
    <>
      <Button onClick={() => setOpen('rename')}>Rename</Button>
      <Button onClick={() => setOpen('merge')}>Merge</Button>
      <Button onClick={() => setOpen('retire')}>{machine.retired ? 'Bring back' : 'Retire'}</Button>
      <RenameMachineDialog
        key={machine.name}
        {...dialog('rename', rename)}
        machine={machine}
        onRename={(name) => rename.mutate({ machineId: machine.id, name })}
      />
      <RetireMachineDialog
        {...dialog('retire', retire)}
        machine={machine}
        retired={machine.retired}
        onRetire={() => retire.mutate({ machineId: machine.id, retired: !machine.retired })}
      />
      <MergeMachineDialog
        {...dialog('merge', merge)}
        machine={machine}
        others={(others.data?.machines ?? []).filter((other) => other.id !== machine.id)}
        onMerge={(into) => merge.mutate({ from: machine.id, into })}
      />
    </>
  );
}
