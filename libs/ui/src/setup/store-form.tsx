'use client';
import type { ProblemDto, StoreInput, StoreKindDto, StoreTestDto } from '@wardrobe/contracts';
import { type FormEvent, type ReactNode, useState } from 'react';
import { Button } from '../controls/button.js';
import { CheckField, ErrorLine, PasswordField, SelectField, TextField } from '../controls/field.js';
import { kindOfLocation, wholeLocation } from './store-kinds.js';
import { type OptionValues, StoreOptionFields } from './store-option-fields.js';
import { StoreProbe } from './store-probe.js';

export type StoreFormProps = {
  readonly title: string;
  /** Kinds of stores that can be connected; the first is what is meant when nothing says otherwise. */
  readonly kinds: readonly StoreKindDto[];
  readonly busy: boolean;
  readonly testing: boolean;
  readonly test: StoreTestDto | null;
  readonly problem: ProblemDto | null;
  readonly back: ReactNode;
  readonly onTest: (input: StoreInput) => void;
  readonly onConnect: (input: StoreInput) => void;
};

type Draft = {
  readonly kind: string;
  readonly options: OptionValues;
  readonly location: string;
  readonly name: string | null;
  readonly passphrase: string;
  readonly keepKey: boolean;
};

/** Location, test, passphrase if it is encrypted, name. Connecting tests first, so a wrong entry never becomes a store. */
export function StoreForm({ title, kinds, busy, testing, test, problem, back, onTest, onConnect }: StoreFormProps) {
  const [draft, setDraft] = useState<Draft>({ kind: 'fs', options: {}, location: '', name: null, passphrase: '', keepKey: true });
  const set = (patch: Partial<Draft>) => setDraft((old) => ({ ...old, ...patch }));
  const kind = kindOfLocation(kinds, draft.location) ?? kinds.find(({ name }) => name === draft.kind) ?? null;
  const remote = kind !== null && kind.name !== 'fs';
  const known = new Set(kind?.options.map(({ name }) => name));
  const input = (): StoreInput => ({
    name: draft.name?.trim() || nameOf(draft.location),
    location: wholeLocation(kind, draft.location),
    options: Object.fromEntries(Object.entries(draft.options).filter(([name]) => known.has(name))),
    ...(draft.passphrase !== '' && { passphrase: draft.passphrase }),
    keepKey: draft.keepKey,
    refreshIntervalSeconds: 300,
    unknownAfterHours: 26,
  });
  function submit(event: FormEvent): void {
    event.preventDefault();
    onConnect(input());
  }
  const stepFailed = (steps: readonly string[]) => test?.steps.find((step) => !step.ok && steps.includes(step.step));
  const encrypted = test?.encrypted === true || draft.passphrase !== '' || test === null;
  const keyFailed = test?.problem?.code === 'wrong-passphrase' ? `${test.problem.sentence} ${test.problem.next}` : null;
  const pathFailed = stepFailed(PLACE_STEPS) && test?.problem ? `${test.problem.sentence} ${test.problem.next}` : null;
  return (
    <form className="panel form" aria-labelledby="store-title" onSubmit={submit}>
      <h1 id="store-title">{title}</h1>
      <p>A store is the place where plakar keeps its backups. Connecting writes nothing into it.</p>
      <SelectField
        label="Kind of store"
        large
        name="kind"
        value={kind?.name ?? 'fs'}
        onChange={(event) => set({ kind: event.target.value, location: kindOfLocation(kinds, draft.location) === null ? draft.location : '' })}
        hint={kind?.description}
      >
        {kinds.map(({ name, title: kindTitle }) => (
          <option key={name} value={name}>
            {kindTitle}
          </option>
        ))}
      </SelectField>
      <TextField
        label="Location"
        large
        mono
        required
        spellCheck={false}
        name="location"
        value={draft.location}
        error={pathFailed}
        onChange={(event) => set({ location: event.target.value })}
        placeholder={remote ? kind.example : undefined}
        onBlur={() => !remote && draft.location.trim() !== '' && test === null && !testing && onTest(input())}
        hint={
          remote ? (
            <>
              As you give it to <code>plakar at</code>, for example <code>{kind.example}</code>. It is shown, so it holds no password.
            </>
          ) : (
            <>
              The folder on this server that you give to <code>plakar at</code>, for example <code>/srv/kloset/etc</code>. The admin of the server allows which
              folders may be opened (WARDROBE_STORE_ROOTS).
            </>
          )
        }
      />
      {remote ? <StoreOptionFields options={kind.options} values={draft.options} onChange={(options) => set({ options })} /> : null}
      <StoreProbe test={test} testing={testing} />
      {encrypted ? (
        <>
          <PasswordField
            label="Passphrase"
            large
            name="passphrase"
            autoComplete="off"
            error={keyFailed}
            value={draft.passphrase}
            onChange={(event) => set({ passphrase: event.target.value })}
            hint="Leave it empty when the store is not encrypted. It is never sent back to a browser and never written to a log."
          />
          <CheckField
            label="Keep the key on this server, encrypted with the console's key file"
            hint="Reading goes on after a restart without you. Without it the key is held in memory only, and the store is locked after each restart."
            checked={draft.keepKey}
            onChange={(event) => set({ keepKey: event.target.checked })}
          />
        </>
      ) : null}
      <TextField
        label="Name in Wardrobe"
        large
        name="name"
        maxLength={100}
        value={draft.name ?? nameOf(draft.location)}
        onChange={(event) => set({ name: event.target.value })}
      />
      {problem ? <ErrorLine>{`${problem.sentence} ${problem.next}`}</ErrorLine> : null}
      <div className="end">
        {back}
        <Button busy={testing} onClick={() => onTest(input())}>
          {test === null ? 'Test' : 'Test again'}
        </Button>
        <Button type="submit" look="primary" busy={busy}>
          Connect
        </Button>
      </div>
    </form>
  );
}

/** Steps of a test that are about the place, not about the key. */
const PLACE_STEPS = ['path', 'permission', 'config', 'version', 'location', 'name', 'route', 'trust', 'credentials', 'answer'];

/** Last part of a location: "/srv/kloset/etc/" -> "etc". */
export function nameOf(location: string): string {
  return location.trim().replace(/\/+$/, '').split('/').at(-1)?.slice(0, 100) ?? '';
}
