'use client';
import type { ProblemDto, TokenDto } from '@wardrobe/contracts';
import { Check, CircleDashed, LoaderCircle } from 'lucide-react';
import { type FormEvent, type ReactNode, useState } from 'react';
import { Button } from '../controls/button.js';
import { Command } from '../controls/command.js';
import { ErrorLine, TextField } from '../controls/field.js';
import { RelativeTime } from '../foundation/time.js';

export function StepPanel({
  no,
  title,
  aside,
  children,
}: {
  readonly no: number;
  readonly title: string;
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}) {
  return (
    <section className="panel" aria-labelledby={`step-${no}`}>
      <header>
        <span className="step-no">{no}</span>
        <h2 id={`step-${no}`}>{title}</h2>
        <span className="spread" />
        {aside}
      </header>
      <div className="body stack">{children}</div>
    </section>
  );
}

/** Step 1: a token for one machine. */
export function TokenStep({
  madeName,
  busy,
  problem,
  onCreate,
}: {
  readonly madeName: string | null;
  readonly busy: boolean;
  readonly problem: ProblemDto | null;
  readonly onCreate: (name: string) => void;
}) {
  const [name, setName] = useState('');
  function submit(event: FormEvent): void {
    event.preventDefault();
    onCreate(name.trim());
  }
  if (madeName !== null) {
    return (
      <p>
        Token <b>{madeName}</b> is made. The console keeps only a hash of it. A lost token is revoked in the settings and a new one made here.
      </p>
    );
  }
  return (
    <form className="stack" onSubmit={submit}>
      <p>A token belongs to one machine: the first that reports with it. A second host on it is refused.</p>
      <TextField
        label="Name of the token"
        required
        maxLength={100}
        placeholder="laptop-greta"
        value={name}
        onChange={(event) => setName(event.target.value)}
        hint="Usually the machine's name. It can be changed later."
      />
      {problem ? <ErrorLine>{`${problem.sentence} ${problem.next}`}</ErrorLine> : null}
      <div className="row-flex">
        <Button type="submit" look="primary" busy={busy}>
          Make 1 token
        </Button>
      </div>
    </form>
  );
}

/** Step 2: the command that holds the token; shown once. */
export function AgentStep({ command }: { readonly command: string | null }) {
  return (
    <>
      <p>
        Run this on the machine, <b>as the user that makes its backups</b>: plakar's cache belongs to that user.
      </p>
      {command === null ? (
        <p className="muted">The command appears here with the token.</p>
      ) : (
        <>
          <Command text={command} />
          <p>
            It holds the token and is shown <b>once</b>. It puts the token into a file that only its user may read.
          </p>
        </>
      )}
      <p className="muted">Needs Node 20 or later and the wardrobe command. No root, no open port: the agent only calls this console.</p>
    </>
  );
}

/** Step 3: waits for the machine, live. */
export function FirstReport({ token, sinceName, children }: { readonly token: TokenDto | null; readonly sinceName: string; readonly children?: ReactNode }) {
  const used = token?.lastUsedAt ?? null;
  return (
    <div role="status" aria-live="polite" className="stack">
      <ul className="tasks">
        <li>
          {token ? <Check className="icon" aria-label="done:" /> : <CircleDashed className="icon" aria-label="not yet:" />}
          <span>
            Token made <span className="muted">{sinceName}</span>
          </span>
        </li>
        <li data-state={used ? 'done' : 'busy'}>
          {used ? (
            <Check className="icon" aria-label="done:" />
          ) : token ? (
            <LoaderCircle className="icon spin" aria-label="waiting:" />
          ) : (
            <CircleDashed className="icon" aria-label="not yet:" />
          )}
          <span>
            {used ? (
              <>
                <b>{token?.machine?.name ?? 'The machine'}</b> called the console{' '}
                <span className="muted">
                  <RelativeTime at={used} />
                </span>
              </>
            ) : token ? (
              'Waiting for the first call of the agent'
            ) : (
              'The agent calls the console'
            )}
          </span>
        </li>
        <li data-state={token?.machine ? 'done' : 'busy'}>
          {token?.machine ? <Check className="icon" aria-label="done:" /> : <CircleDashed className="icon" aria-label="not yet:" />}
          <span>{token?.machine ? `First report of ${token.machine.name} is here` : 'Its first report arrives'}</span>
        </li>
      </ul>
      {children}
    </div>
  );
}
