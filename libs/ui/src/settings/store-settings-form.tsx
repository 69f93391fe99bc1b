'use client';
import type { ProblemDto, StoreDto } from '@wardrobe/contracts';
import { type FormEvent, useState } from 'react';
import { Button } from '../controls/button.js';
import { ErrorLine, TextField } from '../controls/field.js';

export type StoreSettings = { readonly name: string; readonly location: string; readonly refreshIntervalSeconds: number; readonly unknownAfterHours: number };

/** Bounds of the contract, as sentences. */
export function settingsErrors(minutes: number, hours: number): { readonly minutes: string | null; readonly hours: string | null } {
  return {
    minutes: Number.isFinite(minutes) && minutes >= 0.5 && minutes <= 1440 ? null : 'Between 0.5 and 1,440 minutes. The old value is kept until this is set.',
    hours: Number.isInteger(hours) && hours >= 1 && hours <= 8760 ? null : 'Between 1 and 8,760 whole hours. The old value is kept until this is set.',
  };
}

export function StoreSettingsForm({
  store,
  readOnly,
  busy,
  problem,
  onSave,
}: {
  readonly store: StoreDto;
  readonly readOnly: boolean;
  readonly busy: boolean;
  readonly problem: ProblemDto | null;
  readonly onSave: (settings: StoreSettings) => void;
}) {
  const [draft, setDraft] = useState({
    name: store.name,
    location: store.location,
    minutes: String(store.refreshIntervalSeconds / 60),
    hours: String(store.unknownAfterHours),
  });
  const errors = settingsErrors(Number(draft.minutes), Number(draft.hours));
  function submit(event: FormEvent): void {
    event.preventDefault();
    if (errors.minutes || errors.hours) return;
    onSave({
      name: draft.name.trim(),
      location: draft.location.trim(),
      refreshIntervalSeconds: Math.round(Number(draft.minutes) * 60),
      unknownAfterHours: Number(draft.hours),
    });
  }
  return (
    <form className="form plain" onSubmit={submit}>
      <TextField
        label="Name"
        required
        maxLength={100}
        readOnly={readOnly}
        value={draft.name}
        onChange={(event) => setDraft({ ...draft, name: event.target.value })}
        hint="Only for this console."
      />
      <TextField
        label="Location"
        required
        mono
        readOnly={readOnly}
        value={draft.location}
        onChange={(event) => setDraft({ ...draft, location: event.target.value })}
        hint="Change it when the store has moved. It has to be the same repository."
      />
      <div className="two">
        <TextField
          label="Read every (minutes)"
          type="number"
          step="0.5"
          min="0.5"
          inputMode="decimal"
          readOnly={readOnly}
          value={draft.minutes}
          error={errors.minutes}
          onChange={(event) => setDraft({ ...draft, minutes: event.target.value })}
        />
        <TextField
          label="A machine is unknown after (hours)"
          type="number"
          min="1"
          inputMode="numeric"
          readOnly={readOnly}
          value={draft.hours}
          error={errors.hours}
          onChange={(event) => setDraft({ ...draft, hours: event.target.value })}
          hint="Without a report for this long."
        />
      </div>
      {problem ? <ErrorLine>{`${problem.sentence} ${problem.next}`}</ErrorLine> : null}
      {readOnly ? (
        <p className="fresh whitespace-normal">Your role may look at this, not change it.</p>
      ) : (
        <div className="row-flex">
          <Button type="submit" look="primary" busy={busy}>
            Save settings
          </Button>
        </div>
      )}
    </form>
  );
}
