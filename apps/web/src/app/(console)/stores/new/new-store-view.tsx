'use client';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { StoreInput } from '@wardrobe/contracts';
import { Command, LinkButton, ProblemState, SetupSteps, StoreFacts, StoreForm } from '@wardrobe/ui';
import { useRouter, useSearchParams } from 'next/navigation';
import { paths } from '@/lib/paths';
import { Page } from '@/shell/page';
import { useMe } from '@/shell/use-me';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';

/** Connecting a store; part of the first run when the address says `first`. */
export function NewStoreView() {
  const trpc = useTRPC();
  const router = useRouter();
  const client = useQueryClient();
  const first = useSearchParams().has('first');
  const { user, admin } = useMe();
  const kinds = useQuery(trpc.stores.kinds.queryOptions(undefined, { enabled: admin }));
  const test = useMutation(trpc.stores.test.mutationOptions());
  const add = useMutation(
    trpc.stores.add.mutationOptions({
      onSuccess: (store) => {
        void client.invalidateQueries({ queryKey: trpc.stores.pathKey() });
        router.push(paths.machines(store.id));
      },
    }),
  );

  async function connect(input: StoreInput): Promise<void> {
    const tested = await test.mutateAsync(input).catch(() => null);
    if (tested?.ok) add.mutate(input);
  }

  if (user !== null && !admin) {
    return (
      <Page>
        <section className="panel">
          <ProblemState
            problem={{ code: 'forbidden', sentence: 'Your role may not connect stores.', next: 'An admin of this console can do it.' }}
            actions={<LinkButton href="/">See the stores</LinkButton>}
          />
        </section>
      </Page>
    );
  }
  const problem = add.error ?? test.error;
  return (
    <Page>
      {first ? <SetupSteps current={2} /> : null}
      <div className="two-columns wide">
        <StoreForm
          title={first ? 'Connect your first store' : 'Connect a store'}
          kinds={kinds.data ?? []}
          busy={add.isPending || add.isSuccess}
          testing={test.isPending}
          test={test.data ?? null}
          problem={problem ? problemOf(problem) : null}
          back={
            <LinkButton look="quiet" href="/">
              Back
            </LinkButton>
          }
          onTest={(input) => test.mutate(input)}
          onConnect={(input) => void connect(input)}
        />
        <aside className="facts-side">
          <StoreFacts />
          <h2>From a shell on the server</h2>
          <Command text="wardrobe admin store add /srv/kloset/etc" />
          <Command text="wardrobe admin store add @cloud --name cloud" />
        </aside>
      </div>
    </Page>
  );
}
