'use client';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { FindingDto } from '@wardrobe/contracts';
import { Button, ConfirmDialog, useToast } from '@wardrobe/ui';
import { counted, listed } from '@wardrobe/words';
import { useState } from 'react';
import { useMe } from '@/shell/use-me';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';

/** Keeping what a machine deleted, and taking that back. */
export function useDecision(storeId: string, finding: FindingDto) {
  const trpc = useTRPC();
  const client = useQueryClient();
  const toast = useToast();
  const { admin } = useMe();
  const again = async (): Promise<void> => {
    await Promise.all([trpc.divergence, trpc.machines, trpc.matrix].map((router) => client.invalidateQueries({ queryKey: router.pathKey() })));
  };
  const keep = useMutation(trpc.divergence.keep.mutationOptions({ onSuccess: again }));
  const unkeep = useMutation(
    trpc.divergence.unkeep.mutationOptions({
      onSuccess: again,
      onError: (error) => toast({ kind: 'warning', text: problemOf(error).sentence }),
    }),
  );
  const undo = (): void => unkeep.mutate({ storeId, findingId: finding.id });
  return { keep, unkeep, undo, mayDecide: admin };
}

/** "Keep it": a decision that is recorded with its name, and can be taken back. */
export function Keep({ storeId, finding }: { readonly storeId: string; readonly finding: FindingDto }) {
  const { keep, undo, mayDecide } = useDecision(storeId, finding);
  const toast = useToast();
  const [asking, setAsking] = useState(false);
  const them = finding.affectedTotal === 1 ? 'it' : 'them';
  const verb = `Keep ${counted(finding.affectedTotal, 'snapshot')}`;
  const who = listed(finding.machines.map(({ name }) => name));
  return (
    <>
      <Button onClick={() => setAsking(true)} {...(!mayDecide && { unavailable: 'Only an admin can decide this' })}>
        {`Keep ${them}`}
      </Button>
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={`${verb} in the store?`}
        verb={verb}
        busy={keep.isPending}
        problem={keep.error ? problemOf(keep.error) : null}
        onConfirm={() =>
          keep.mutate(
            { storeId, findingId: finding.id },
            {
              onSuccess: () => {
                setAsking(false);
                toast({ kind: 'success', text: `${verb}: decided.`, action: { label: 'Undo', run: undo } });
              },
            },
          )
        }
      >
        {`Nothing is written. The store goes on listing ${them}, ${who} goes on not listing ${them}, and this finding asks no more. Your name and the time are kept with it; it can be taken back.`}
      </ConfirmDialog>
    </>
  );
}
