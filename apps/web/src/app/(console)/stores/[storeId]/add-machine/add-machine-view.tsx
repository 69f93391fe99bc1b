'use client';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { TokenDto } from '@wardrobe/contracts';
import { AgentFacts, AgentStep, Command, FirstReport, LinkButton, Notice, PageHead, ProblemState, RelativeTime, StepPanel, TokenStep } from '@wardrobe/ui';
import { useState } from 'react';
import { paths } from '@/lib/paths';
import { useUrlState } from '@/lib/url-state';
import { Page } from '@/shell/page';
import { useMe } from '@/shell/use-me';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';

const ASK_EVERY_MS = 4000;

/** A token, the command to paste, and the wait for the first report. The token's id is in the address, so the wait survives a reload. */
export function AddMachineView({ storeId }: { readonly storeId: string }) {
  const trpc = useTRPC();
  const client = useQueryClient();
  const { params, set } = useUrlState();
  const { user, admin } = useMe();
  const [made, setMade] = useState<{ readonly id: string; readonly name: string; readonly command: string } | null>(null);
  const store = useQuery(trpc.stores.get.queryOptions({ storeId }));
  const tokenId = params.get('token');
  const tokens = useQuery(
    trpc.tokens.list.queryOptions(undefined, {
      enabled: admin && tokenId !== null,
      refetchInterval: (query) => (query.state.data?.find((one) => one.id === tokenId)?.machine ? false : ASK_EVERY_MS),
    }),
  );
  const token = tokens.data?.find((one) => one.id === tokenId) ?? null;
  const create = useMutation(
    trpc.tokens.create.mutationOptions({
      onSuccess: (result) => {
        setMade({ id: result.token.id, name: result.token.name, command: result.command });
        set({ token: result.token.id });
        void client.invalidateQueries({ queryKey: trpc.tokens.pathKey() });
      },
    }),
  );
  const name = store.data?.name ?? 'this store';

  if (user !== null && !admin) {
    return (
      <Page>
        <section className="panel">
          <ProblemState
            problem={{ code: 'forbidden', sentence: 'Your role may not add machines.', next: 'An admin of this console can do it.' }}
            actions={<LinkButton href={paths.machines(storeId)}>See the machines</LinkButton>}
          />
        </section>
      </Page>
    );
  }
  return (
    <Page>
      <PageHead sentence={`Add a machine to ${name}.`}>
        An agent on the machine reads plakar's local cache and reports which snapshots that machine lists. It changes nothing there and takes about a minute.
      </PageHead>
      <div className="two-columns wide">
        <div className="stack wide">
          <StepPanel
            no={1}
            title="Make a token"
            aside={
              token ? (
                <span className="fresh">
                  made <RelativeTime at={token.createdAt} />
                </span>
              ) : null
            }
          >
            {token && made?.id !== token.id ? (
              <>
                <p>Token {token.name} was made before. Its secret is not shown again.</p>
                <div className="row-flex">
                  <LinkButton href={paths.addMachine(storeId)}>Make another token</LinkButton>
                </div>
              </>
            ) : (
              <TokenStep
                madeName={made?.name ?? null}
                busy={create.isPending}
                problem={create.error ? problemOf(create.error) : null}
                onCreate={(tokenName) => create.mutate({ name: tokenName, kind: 'agent' })}
              />
            )}
          </StepPanel>
          <StepPanel no={2} title="Start the agent">
            <AgentStep command={made?.command ?? null} />
          </StepPanel>
          <StepPanel no={3} title="First report">
            <FirstReport token={token} sinceName={token?.name ?? ''}>
              {token?.machine ? <Arrived storeId={storeId} storeName={name} machine={token.machine} /> : null}
            </FirstReport>
            <p className="muted">
              You may leave this page. If nothing arrives, run <code>wardrobe agent once</code> with the same options on the machine: it names the reason.
            </p>
          </StepPanel>
        </div>
        <aside className="facts-side">
          <AgentFacts />
          <h2>No network on the machine?</h2>
          <p className="muted">
            Write one report to a file, carry it to the server and import it there. The machine is then <i>unknown</i> for everything published later.
          </p>
          <Command text={'wardrobe agent once --output report.json\nwardrobe admin report import report.json'} />
        </aside>
      </div>
    </Page>
  );
}

function Arrived({
  storeId,
  storeName,
  machine,
}: {
  readonly storeId: string;
  readonly storeName: string;
  readonly machine: NonNullable<TokenDto['machine']>;
}) {
  const trpc = useTRPC();
  const page = useQuery(trpc.machines.list.queryOptions({ storeId }));
  const row = page.data?.machines.find((one) => one.id === machine.id);
  if (page.data && !row) {
    return (
      <Notice kind="warning" fact={`${machine.name} has no cache of ${storeName}.`}>
        It reports, but plakar has not used this store there as this user. Run plakar once against it, then the next report brings it here.
      </Notice>
    );
  }
  return (
    <Notice
      kind="success"
      fact={`${machine.name} reports ${storeName}.`}
      actions={
        <LinkButton small href={paths.machine(storeId, machine.id)}>
          See {machine.name}
        </LinkButton>
      }
    >
      {row ? row.cause : 'Its report is being compared with the store.'}
    </Notice>
  );
}
