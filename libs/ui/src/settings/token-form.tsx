'use client';
import type { ProblemDto } from '@wardrobe/contracts';
import { type FormEvent, useState } from 'react';
import { Button } from '../controls/button.js';
import { Command } from '../controls/command.js';
import { ErrorLine, SelectField, TextField } from '../controls/field.js';

export type NewToken = { readonly name: string; readonly kind: 'agent' | 'read' };

/** A token for a program. The secret is shown once, below the form. */
export function TokenForm({
  busy,
  problem,
  made,
  onCreate,
}: {
  readonly busy: boolean;
  readonly problem: ProblemDto | null;
  readonly made: { readonly name: string; readonly secret: string; readonly command: string } | null;
  readonly onCreate: (token: NewToken) => void;
}) {
  const [token, setToken] = useState<NewToken>({ name: '', kind: 'agent' });
  function submit(event: FormEvent): void {
    event.preventDefault();
    onCreate({ ...token, name: token.name.trim() });
    setToken({ ...token, name: '' });
  }
  return (
    <form className="form plain" onSubmit={submit}>
      <div className="two">
        <TextField label="Name" required maxLength={100} value={token.name} onChange={(event) => setToken({ ...token, name: event.target.value })} />
        <SelectField
          label="For"
          value={token.kind}
          onChange={(event) => setToken({ ...token, kind: event.target.value === 'read' ? 'read' : 'agent' })}
          hint={token.kind === 'agent' ? 'Sends reports of one machine. Cannot read anything.' : 'Reads what a viewer sees. Cannot change anything.'}
        >
          <option value="agent">An agent</option>
          <option value="read">Reading</option>
        </SelectField>
      </div>
      {problem ? <ErrorLine>{`${problem.sentence} ${problem.next}`}</ErrorLine> : null}
      <div className="row-flex">
        <Button type="submit" look="primary" busy={busy}>
          Make 1 token
        </Button>
      </div>
      {made ? (
        <div className="stack" role="status">
          <p>
            Token <b>{made.name}</b> is shown once:
          </p>
          <Command what="Token" text={made.secret} />
          <p className="small-label">Where it is used</p>
          <Command text={made.command} />
        </div>
      ) : null}
    </form>
  );
}
