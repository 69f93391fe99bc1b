'use client';
import type { ProblemDto, StoreDto } from '@wardrobe/contracts';
import { type FormEvent, type ReactNode, useState } from 'react';
import { Button } from '../controls/button.js';
import { CheckField, PasswordField } from '../controls/field.js';

export type UnlockFormProps = {
  readonly store: StoreDto;
  readonly busy: boolean;
  readonly problem: ProblemDto | null;
  readonly back: ReactNode;
  readonly onUnlock: (input: { passphrase: string; keepKey: boolean }) => void;
};

/** The passphrase of an encrypted store whose key is not loaded. */
export function UnlockForm({ store, busy, problem, back, onUnlock }: UnlockFormProps) {
  const [passphrase, setPassphrase] = useState('');
  const [keepKey, setKeepKey] = useState(store.keyKept === 'encrypted');
  function submit(event: FormEvent): void {
    event.preventDefault();
    onUnlock({ passphrase, keepKey });
  }
  return (
    <form className="panel form" aria-labelledby="unlock-title" onSubmit={submit}>
      <h1 id="unlock-title">Unlock {store.name}</h1>
      <p>Its key is not loaded, so snapshots cannot be read. The passphrase is checked on the server and never sent back.</p>
      <PasswordField
        label="Passphrase"
        large
        required
        autoComplete="off"
        value={passphrase}
        onChange={(event) => setPassphrase(event.target.value)}
        error={problem ? `${problem.sentence} ${problem.next}` : null}
      />
      <CheckField
        label="Keep the key on this server, encrypted with the console's key file"
        hint="Else it stays in memory until the next restart."
        checked={keepKey}
        onChange={(event) => setKeepKey(event.target.checked)}
      />
      <div className="end">
        {back}
        <Button type="submit" look="primary" busy={busy}>
          Unlock {store.name}
        </Button>
      </div>
    </form>
  );
}
