'use client';
import type { ProblemDto } from '@wardrobe/contracts';
import { type FormEvent, useState } from 'react';
import { Button } from '../controls/button.js';
import { ErrorLine, PasswordField, TextField } from '../controls/field.js';

export type SignInFormProps = {
  readonly busy: boolean;
  readonly problem: ProblemDto | null;
  readonly onSignIn: (input: { email: string; password: string }) => void;
};

export function SignInForm({ busy, problem, onSignIn }: SignInFormProps) {
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  function submit(event: FormEvent): void {
    event.preventDefault();
    onSignIn({ email, password });
  }
  return (
    <form className="panel form" aria-labelledby="sign-in-title" method="post" onSubmit={submit}>
      <h1 id="sign-in-title">Sign in to this console</h1>
      <p>It shows what the stores hold and what each machine knows of them.</p>
      <TextField
        label="E-mail"
        type="email"
        name="email"
        large
        required
        autoComplete="username"
        value={email}
        onChange={(event) => setEmail(event.target.value)}
      />
      <PasswordField
        label="Password"
        name="password"
        large
        required
        autoComplete="current-password"
        value={password}
        onChange={(event) => setPassword(event.target.value)}
      />
      {problem ? <ErrorLine>{`${problem.sentence} ${problem.next}`}</ErrorLine> : null}
      <div className="end">
        <Button type="submit" look="primary" busy={busy}>
          Sign in
        </Button>
      </div>
      <p className="fresh whitespace-normal">Password lost? An admin with access to the server can set a new one: wardrobe admin user passwd.</p>
    </form>
  );
}
