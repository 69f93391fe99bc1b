'use client';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { StoreDto } from '@wardrobe/contracts';
import { Button, ConfirmDialog, useToast } from '@wardrobe/ui';
import { useRouter } from 'next/navigation';
import { useState } from 'react';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';

/** Takes a store out of the console: index, reports and history go; the store itself stays as it is. */
export function RemoveStore({ store }: { readonly store: StoreDto }) {
  const trpc = useTRPC();
  const client = useQueryClient();
  const router = useRouter();
  const toast = useToast();
  const [asking, setAsking] = useState(false);
  const remove = useMutation(
    trpc.stores.remove.mutationOptions({
      onSuccess: () => {
        toast({ kind: 'success', text: `${store.name} is removed from this console.` });
        void client.invalidateQueries({ queryKey: trpc.stores.pathKey() });
        router.push('/');
      },
    }),
  );
  return (
    <section className="panel" aria-labelledby="remove-title">
      <header>
        <h2 id="remove-title">Remove</h2>
      </header>
      <div className="body stack">
        <p className="prose">
          The console forgets this store: its index, its key, what machines reported about it and the history of its findings. Nothing in the store itself is
          touched.
        </p>
        <div className="row-flex">
          <Button onClick={() => setAsking(true)}>Remove {store.name}</Button>
        </div>
      </div>
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={`Remove ${store.name} from this console?`}
        verb="Remove store"
        typed={store.name}
        busy={remove.isPending}
        problem={remove.error ? problemOf(remove.error) : null}
        onConfirm={() => remove.mutate({ storeId: store.id, confirmName: store.name })}
      >
        What {store.counts.machines} machines reported about it and the history of its findings are deleted here. This cannot be undone. The store and its
        snapshots are not touched.
      </ConfirmDialog>
    </section>
  );
}
