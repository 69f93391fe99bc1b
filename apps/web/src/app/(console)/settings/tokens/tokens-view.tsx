'use client';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { TokenDto } from '@wardrobe/contracts';
import { ConfirmDialog, EmptyState, LoadingRows, ProblemState, TokenForm, TokensTable, useToast } from '@wardrobe/ui';
import { KeyRound } from 'lucide-react';
import { useState } from 'react';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';
import { Panel } from '../account-view';

/** Bearer tokens: made, shown once, revoked. */
export function TokensView() {
  const trpc = useTRPC();
  const client = useQueryClient();
  const toast = useToast();
  const tokens = useQuery(trpc.tokens.list.queryOptions());
  const [revoking, setRevoking] = useState<TokenDto | null>(null);
  const refresh = () => client.invalidateQueries({ queryKey: trpc.tokens.pathKey() });
  const create = useMutation(trpc.tokens.create.mutationOptions({ onSuccess: refresh }));
  const revoke = useMutation(
    trpc.tokens.revoke.mutationOptions({
      onSuccess: () => {
        toast({ kind: 'success', text: `Token ${revoking?.name ?? ''} is revoked.` });
        setRevoking(null);
        void refresh();
      },
    }),
  );
  if (tokens.data === undefined)
    return (
      <section className="panel">
        {tokens.error ? (
          <ProblemState problem={problemOf(tokens.error)} onRetry={() => void tokens.refetch()} />
        ) : (
          <LoadingRows what="the list of tokens" rows={3} />
        )}
      </section>
    );
  return (
    <>
      <section className="panel" aria-label="Tokens">
        {tokens.data.length === 0 ? (
          <EmptyState icon={KeyRound} fact="No token was made yet.">
            Each machine's agent has one, and so has every program that reads the exports.
          </EmptyState>
        ) : (
          <TokensTable tokens={tokens.data} onRevoke={setRevoking} />
        )}
      </section>
      <Panel id="new-token" title="Make a token">
        <TokenForm
          busy={create.isPending}
          problem={create.error ? problemOf(create.error) : null}
          made={create.data ? { name: create.data.token.name, secret: create.data.secret, command: create.data.command } : null}
          onCreate={(token) => create.mutate(token)}
        />
      </Panel>
      <ConfirmDialog
        open={revoking !== null}
        onOpenChange={(open) => !open && setRevoking(null)}
        title={`Revoke token ${revoking?.name ?? ''}?`}
        verb="Revoke 1 token"
        busy={revoke.isPending}
        problem={revoke.error ? problemOf(revoke.error) : null}
        onConfirm={() => revoking && revoke.mutate({ id: revoking.id })}
      >
        {revoking?.machine
          ? `${revoking.machine.name} can no longer report and becomes unknown after the store's limit.`
          : 'Whatever uses it is refused at once.'}{' '}
        This cannot be undone; a new token can be made.
      </ConfirmDialog>
    </>
  );
}
