'use client';
import type { ProblemDto, TokenDto } from '@wardrobe/contracts';
import { Check, CircleDashed, LoaderCircle } from 'lucide-react';
import { type FormEvent, type ReactNode, useState } from 'react';
import { Button } from '../controls/button.js';
import { Command } from '../controls/command.js';
import { ErrorLine, TextField } from '../controls/field.js';
import { RelativeTime } from '../foundation/time.js';

export function StepPanel({ no, title, aside, children }: { readonly no: number; readonly title: string; readonly aside?: ReactNode; readonly children: ReactNode }) {
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

/** Step 1: a token for one machine. Its secret is shown once. */
export function TokenStep({ secret, busy, problem, onCreate }: { readonly secret: string | null; readonly busy: boolean; readonly problem: ProblemDto | null; readonly onCreate: (name: string) => void }) {
  const [name, setName] = useState('');
  function submit(event: FormEvent): void {
    event.preventDefault();
    onCreate(name.trim());
  }
  if (secret !== null) {
    return (
      <>
        <p>
          This is the token. It is shown <b>once</b>: put it into a file on the machine that only its user may read.
        </p>
        <Command text={tokenFileCommand(secret)} />
        <p className="muted">The console keeps only a hash of it. A lost token is revoked in the settings and a new one made here.</p>
      </>
    );
  }
  return (
    <form className="stack" onSubmit={submit}>
      <p>A token belongs to one machine: the first that reports with it. A second host on it is refused.</p>
      <TextField label="Name of the token" required maxLength={100} placeholder="laptop-greta" value={name} onChange={(event) => setName(event.target.value)} hint="Usually the machine's name. It can be changed later." />
      {problem ? <ErrorLine>{`${problem.sentence} ${problem.next}`}</ErrorLine> : null}
      <div className="row-flex">
        <Button type="submit" look="primary" busy={busy}>
          Make 1 token
        </Button>
      </div>
    </form>
  );
}

export const TOKEN_FILE = '~/.config/wardrobe/token';

/** Writes the token with a mode that only its owner may read, without the token in the process list. */
export function tokenFileCommand(secret: string): string {
  return `mkdir -p ~/.config/wardrobe && (umask 077; cat > ${TOKEN_FILE} <<'END'\n${secret}\nEND\n)`;
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
          {used ? <Check className="icon" aria-label="done:" /> : token ? <LoaderCircle className="icon spin" aria-label="waiting:" /> : <CircleDashed className="icon" aria-label="not yet:" />}
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
