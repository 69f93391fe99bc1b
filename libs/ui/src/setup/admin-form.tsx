'use client';
import type { ProblemDto } from '@wardrobe/contracts';
import { type FormEvent, useState } from 'react';
import { Button } from '../controls/button.js';
import { ErrorLine, PasswordField, TextField } from '../controls/field.js';

export const PASSWORD_MIN = 10;
export type AdminInput = { readonly name: string; readonly email: string; readonly password: string };

/** The first account of the console. */
export function AdminForm({
  busy,
  problem,
  onCreate,
}: {
  readonly busy: boolean;
  readonly problem: ProblemDto | null;
  readonly onCreate: (input: AdminInput) => void;
}) {
  const [input, setInput] = useState<AdminInput>({ name: '', email: '', password: '' });
  const [tried, setTried] = useState(false);
  const short = input.password.length < PASSWORD_MIN;
  function submit(event: FormEvent): void {
    event.preventDefault();
    setTried(true);
    if (!short) onCreate(input);
  }
  return (
    <form className="panel form" aria-labelledby="admin-title" method="post" onSubmit={submit}>
      <h1 id="admin-title">Make the first administrator</h1>
      <p>The link from the server's start works once and for one hour. The account stays on this server.</p>
      <TextField
        label="Name"
        name="name"
        large
        required
        maxLength={100}
        autoComplete="name"
        value={input.name}
        onChange={(event) => setInput({ ...input, name: event.target.value })}
      />
      <TextField
        label="E-mail"
        type="email"
        name="email"
        large
        required
        autoComplete="username"
        hint="You sign in with it. Nothing is ever sent to it."
        value={input.email}
        onChange={(event) => setInput({ ...input, email: event.target.value })}
      />
      <PasswordField
        label="Password"
        name="new-password"
        large
        required
        autoComplete="new-password"
        hint={`At least ${PASSWORD_MIN} characters. A few words in a row are good.`}
        error={tried && short ? `This password has ${input.password.length} characters; ${PASSWORD_MIN} are needed.` : null}
        value={input.password}
        onChange={(event) => setInput({ ...input, password: event.target.value })}
      />
      {problem ? <ErrorLine>{`${problem.sentence} ${problem.next}`}</ErrorLine> : null}
      <div className="end">
        <Button type="submit" look="primary" busy={busy}>
          Create the administrator
        </Button>
      </div>
    </form>
  );
}
