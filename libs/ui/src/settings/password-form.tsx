'use client';
import type { ProblemDto } from '@wardrobe/contracts';
import { type FormEvent, useState } from 'react';
import { Button } from '../controls/button.js';
import { ErrorLine, PasswordField } from '../controls/field.js';
import { PASSWORD_MIN } from '../setup/admin-form.js';

export function PasswordForm({
  email,
  busy,
  problem,
  onChange,
}: {
  readonly email: string;
  readonly busy: boolean;
  readonly problem: ProblemDto | null;
  readonly onChange: (input: { current: string; next: string }, clear: () => void) => void;
}) {
  const [input, setInput] = useState({ current: '', next: '' });
  const [tried, setTried] = useState(false);
  const short = input.next.length < PASSWORD_MIN;
  function submit(event: FormEvent): void {
    event.preventDefault();
    setTried(true);
    if (short) return;
    onChange(input, () => {
      setInput({ current: '', next: '' });
      setTried(false);
    });
  }
  return (
    <form className="form plain" onSubmit={submit}>
      <input type="text" name="username" autoComplete="username" value={email} readOnly hidden />
      <PasswordField
        label="Current password"
        required
        autoComplete="current-password"
        value={input.current}
        onChange={(event) => setInput({ ...input, current: event.target.value })}
      />
      <PasswordField
        label="New password"
        required
        autoComplete="new-password"
        value={input.next}
        onChange={(event) => setInput({ ...input, next: event.target.value })}
        error={tried && short ? `This password has ${input.next.length} characters; ${PASSWORD_MIN} are needed.` : null}
        hint={`At least ${PASSWORD_MIN} characters.`}
      />
      {problem ? <ErrorLine>{`${problem.sentence} ${problem.next}`}</ErrorLine> : null}
      <div className="row-flex">
        <Button type="submit" look="primary" busy={busy}>
          Change the password
        </Button>
      </div>
    </form>
  );
}
