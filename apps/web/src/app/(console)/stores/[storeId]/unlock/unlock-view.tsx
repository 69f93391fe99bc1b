'use client';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { LinkButton, LoadingRows, Notice, ProblemState, UnlockForm, useToast } from '@wardrobe/ui';
import { useRouter } from 'next/navigation';
import { paths } from '@/lib/paths';
import { Page } from '@/shell/page';
import { useMe } from '@/shell/use-me';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';

export function UnlockView({ storeId }: { readonly storeId: string }) {
  const trpc = useTRPC();
  const client = useQueryClient();
  const router = useRouter();
  const toast = useToast();
  const { user, admin } = useMe();
  const store = useQuery(trpc.stores.get.queryOptions({ storeId }));
  const unlock = useMutation(
    trpc.stores.unlock.mutationOptions({
      onSuccess: (opened) => {
        toast({ kind: 'success', text: `${opened.name} is unlocked.` });
        void client.invalidateQueries({ queryKey: trpc.stores.pathKey() });
        router.push(paths.machines(storeId));
      },
    }),
  );
  const back = (
    <LinkButton look="quiet" href={paths.machines(storeId)}>
      Back
    </LinkButton>
  );
  if (user !== null && !admin) {
    return (
      <Page>
        <section className="panel">
          <ProblemState
            problem={{ code: 'forbidden', sentence: 'Your role may not unlock stores.', next: 'An admin of this console can do it.' }}
            actions={back}
          />
        </section>
      </Page>
    );
  }
  if (store.data === undefined) {
    return (
      <Page>
        <section className="panel">
          {store.error ? <ProblemState problem={problemOf(store.error)} onRetry={() => void store.refetch()} /> : <LoadingRows what="the store" rows={3} />}
        </section>
      </Page>
    );
  }
  return (
    <Page className="max-w-[560px]">
      {store.data.encrypted && store.data.status !== 'locked' ? (
        <Notice kind="info" fact={`${store.data.name} is not locked.`}>
          Its key is loaded. Unlocking again replaces the key that is kept.
        </Notice>
      ) : null}
      {store.data.encrypted ? (
        <UnlockForm
          store={store.data}
          busy={unlock.isPending || unlock.isSuccess}
          problem={unlock.error ? problemOf(unlock.error) : null}
          back={back}
          onUnlock={(input) => unlock.mutate({ storeId, ...input })}
        />
      ) : (
        <Notice kind="info" fact={`${store.data.name} is not encrypted.`} actions={back}>
          It needs no passphrase.
        </Notice>
      )}
    </Page>
  );
}
