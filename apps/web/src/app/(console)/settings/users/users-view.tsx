'use client';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { UserDto } from '@wardrobe/contracts';
import { ConfirmDialog, LoadingRows, ProblemState, UserForm, UsersTable, useToast } from '@wardrobe/ui';
import { useState } from 'react';
import { useMe } from '@/shell/use-me';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';
import { Panel } from '../account-view';

/** People and their roles. */
export function UsersView() {
  const trpc = useTRPC();
  const client = useQueryClient();
  const toast = useToast();
  const me = useMe();
  const users = useQuery(trpc.users.list.queryOptions());
  const [removing, setRemoving] = useState<UserDto | null>(null);
  const refresh = () => client.invalidateQueries({ queryKey: trpc.users.pathKey() });
  const create = useMutation(trpc.users.create.mutationOptions({ onSuccess: refresh }));
  const role = useMutation(
    trpc.users.setRole.mutationOptions({
      onSuccess: refresh,
      onError: (error) => toast({ kind: 'warning', text: `${problemOf(error).sentence} The role is as it was.` }),
    }),
  );
  const remove = useMutation(
    trpc.users.remove.mutationOptions({
      onSuccess: () => {
        toast({ kind: 'success', text: `${removing?.name ?? 'The person'} may no longer sign in.` });
        setRemoving(null);
        void refresh();
      },
    }),
  );
  if (users.data === undefined)
    return (
      <section className="panel">
        {users.error ? (
          <ProblemState problem={problemOf(users.error)} onRetry={() => void users.refetch()} />
        ) : (
          <LoadingRows what="the list of people" rows={3} />
        )}
      </section>
    );
  return (
    <>
      <section className="panel" aria-label="People">
        <UsersTable users={users.data} meId={me.user?.id ?? null} onRole={(user, next) => role.mutate({ id: user.id, role: next })} onRemove={setRemoving} />
      </section>
      <Panel id="new-user" title="Add a person">
        <UserForm
          busy={create.isPending}
          problem={create.error ? problemOf(create.error) : null}
          onCreate={(user, clear) =>
            create.mutate(user, {
              onSuccess: (made) => {
                clear();
                toast({ kind: 'success', text: `${made.name} may sign in now.` });
              },
            })
          }
        />
      </Panel>
      <ConfirmDialog
        open={removing !== null}
        onOpenChange={(open) => !open && setRemoving(null)}
        title={`Remove ${removing?.name ?? ''}?`}
        verb="Remove 1 person"
        busy={remove.isPending}
        problem={remove.error ? problemOf(remove.error) : null}
        onConfirm={() => removing && remove.mutate({ id: removing.id })}
      >
        {removing?.email} can no longer sign in, and open sessions end at once. What the audit log says about the account stays.
      </ConfirmDialog>
    </>
  );
}
