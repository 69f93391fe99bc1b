'use client';
import type { ProblemDto, UserDto } from '@wardrobe/contracts';
import { type FormEvent, useState } from 'react';
import { Button } from '../controls/button.js';
import { ErrorLine, PasswordField, SelectField, TextField } from '../controls/field.js';
import { PASSWORD_MIN } from '../setup/admin-form.js';

export type NewUser = { readonly name: string; readonly email: string; readonly role: UserDto['role']; readonly password: string };
const NOBODY: NewUser = { name: '', email: '', role: 'viewer', password: '' };

export function UserForm({
  busy,
  problem,
  onCreate,
}: {
  readonly busy: boolean;
  readonly problem: ProblemDto | null;
  readonly onCreate: (user: NewUser, clear: () => void) => void;
}) {
  const [user, setUser] = useState(NOBODY);
  const [tried, setTried] = useState(false);
  const short = user.password.length < PASSWORD_MIN;
  function submit(event: FormEvent): void {
    event.preventDefault();
    setTried(true);
    if (short) return;
    onCreate(user, () => {
      setUser(NOBODY);
      setTried(false);
    });
  }
  return (
    <form className="form plain" onSubmit={submit}>
      <div className="two">
        <TextField label="Name" required maxLength={100} value={user.name} onChange={(event) => setUser({ ...user, name: event.target.value })} />
        <TextField label="E-mail" type="email" required value={user.email} onChange={(event) => setUser({ ...user, email: event.target.value })} />
        <PasswordField
          label="First password"
          required
          autoComplete="new-password"
          value={user.password}
          onChange={(event) => setUser({ ...user, password: event.target.value })}
          error={tried && short ? `This password has ${user.password.length} characters; ${PASSWORD_MIN} are needed.` : null}
          hint="Give it to the person by another way. It can be changed after sign-in."
        />
        <SelectField
          label="Role"
          value={user.role}
          onChange={(event) => setUser({ ...user, role: event.target.value === 'admin' ? 'admin' : 'viewer' })}
          hint={user.role === 'admin' ? 'Sees and changes everything on this console.' : 'Sees everything, changes nothing.'}
        >
          <option value="viewer">viewer</option>
          <option value="admin">admin</option>
        </SelectField>
      </div>
      {problem ? <ErrorLine>{`${problem.sentence} ${problem.next}`}</ErrorLine> : null}
      <div className="row-flex">
        <Button type="submit" look="primary" busy={busy}>
          Add 1 person
        </Button>
      </div>
    </form>
  );
}
