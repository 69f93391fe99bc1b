'use client';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { StoreDto } from '@wardrobe/contracts';
import { Button, ConfirmDialog, LinkButton, useToast } from '@wardrobe/ui';
import { useState } from 'react';
import { paths } from '@/lib/paths';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';

const KEPT: Readonly<Record<StoreDto['keyKept'], string>> = {
  none: 'The key is not here. The store is locked until someone unlocks it.',
  memory: 'The key is in memory only. After a restart the store is locked until someone unlocks it.',
  encrypted: "The key is kept on this server, encrypted with the console's key file. Reading goes on after a restart.",
};

/** Where the key of an encrypted store is, and taking it away. */
export function StoreKey({ store, admin }: { readonly store: StoreDto; readonly admin: boolean }) {
  const trpc = useTRPC();
  const client = useQueryClient();
  const toast = useToast();
  const [asking, setAsking] = useState(false);
  const forget = useMutation(
    trpc.stores.forgetKey.mutationOptions({
      onSuccess: () => {
        setAsking(false);
        toast({ kind: 'success', text: `The key of ${store.name} is forgotten.` });
        void client.invalidateQueries({ queryKey: trpc.stores.pathKey() });
      },
    }),
  );
  return (
    <section className="panel" aria-labelledby="key-title">
      <header>
        <h2 id="key-title">Key</h2>
      </header>
      <div className="body stack">
        <p className="prose">{KEPT[store.keyKept]}</p>
        {admin ? (
          <div className="row-flex">
            <LinkButton href={paths.unlock(store.id)}>{store.keyKept === 'none' ? 'Unlock' : 'Give the passphrase again'}</LinkButton>
            {store.keyKept === 'none' ? null : <Button onClick={() => setAsking(true)}>Forget the key</Button>}
          </div>
        ) : null}
      </div>
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={`Forget the key of ${store.name}?`}
        verb="Forget 1 key"
        busy={forget.isPending}
        problem={forget.error ? problemOf(forget.error) : null}
        onConfirm={() => forget.mutate({ storeId: store.id })}
      >
        The store is locked at once and cannot be read here until someone gives its passphrase. The store itself and its snapshots are not touched.
      </ConfirmDialog>
    </section>
  );
}
