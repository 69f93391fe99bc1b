'use client';
import { useMutation } from '@tanstack/react-query';
import { Button, ConfirmDialog, LoadingRows, PasswordForm, ThemeChoice, useToast } from '@wardrobe/ui';
import { type ReactNode, useEffect, useState } from 'react';
import { applyTheme, currentTheme, type Theme } from '@/lib/theme';
import { useMe } from '@/shell/use-me';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';

/** Theme, password, signing out: for everyone. */
export function AccountView() {
  const trpc = useTRPC();
  const toast = useToast();
  const { user } = useMe();
  const change = useMutation(trpc.session.changePassword.mutationOptions());
  if (user === null) return <LoadingRows what="your account" rows={3} />;
  return (
    <>
      <Panel id="me" title={user.name}>
        <dl className="kv">
          <dt>E-mail</dt>
          <dd>{user.email}</dd>
          <dt>Role</dt>
          <dd>{user.role === 'admin' ? 'admin: sees and changes everything on this console' : 'viewer: sees everything, changes nothing'}</dd>
        </dl>
      </Panel>
      <Panel id="theme" title="Theme">
        <Themes />
      </Panel>
      <Panel id="password" title="Password">
        <PasswordForm
          email={user.email}
          busy={change.isPending}
          problem={change.error ? problemOf(change.error) : null}
          onChange={(input, clear) =>
            change.mutate(input, {
              onSuccess: () => {
                clear();
                toast({ kind: 'success', text: 'The password is changed.' });
              },
            })
          }
        />
      </Panel>
      <Panel id="sessions" title="Signing out">
        <SignOut />
      </Panel>
    </>
  );
}

export function Panel({ id, title, children }: { readonly id: string; readonly title: string; readonly children: ReactNode }) {
  return (
    <section className="panel" aria-labelledby={`${id}-title`}>
      <header>
        <h2 id={`${id}-title`}>{title}</h2>
      </header>
      <div className="body">{children}</div>
    </section>
  );
}

function Themes() {
  const [theme, setTheme] = useState<Theme>('system');
  useEffect(() => {
    const read = (): void => setTheme(currentTheme());
    read();
    window.addEventListener('themechange', read);
    return () => window.removeEventListener('themechange', read);
  }, []);
  return <ThemeChoice theme={theme} onChange={applyTheme} />;
}

function SignOut() {
  const trpc = useTRPC();
  const [asking, setAsking] = useState(false);
  const leave = () => window.location.assign('/sign-in');
  const here = useMutation(trpc.session.signOut.mutationOptions({ onSuccess: leave }));
  const everywhere = useMutation(trpc.session.signOutEverywhere.mutationOptions({ onSuccess: leave }));
  return (
    <div className="stack">
      <p className="prose">Signing out everywhere ends every session of this account at once, also open pages and running downloads on other devices.</p>
      <div className="row-flex">
        <Button busy={here.isPending} onClick={() => here.mutate()}>
          Sign out here
        </Button>
        <Button onClick={() => setAsking(true)}>Sign out everywhere</Button>
      </div>
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title="Sign out everywhere?"
        verb="Sign out everywhere"
        busy={everywhere.isPending}
        problem={everywhere.error ? problemOf(everywhere.error) : null}
        onConfirm={() => everywhere.mutate()}
      >
        All sessions of your account end, this one too. Tokens of agents are not touched.
      </ConfirmDialog>
    </div>
  );
}
