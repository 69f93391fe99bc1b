'use client';
import type { ProblemDto } from '@wardrobe/contracts';
import { counted } from '@wardrobe/words';
import { X } from 'lucide-react';
import { Button, LinkButton } from '../controls/button.js';
import { ErrorLine } from '../controls/field.js';
import { type Chosen, whyNotRemoved } from './selection.js';

/** An address holds so many ids. */
const MOST_IN_ADDRESS = 50;

export type SelectionBarProps = {
  readonly chosen: Chosen;
  readonly busy: boolean;
  readonly problem: ProblemDto | null;
  /** Plans work on what is chosen: its dry run comes first. */
  readonly onPlan: (kind: 'check' | 'rm') => void;
  /** Pages where a restore of one, or a synchronisation of several, is planned. */
  readonly workHref: (kind: 'restore' | 'sync') => string;
  readonly onClear: () => void;
};

/** What can be done with the chosen snapshots, below the list wherever the reader is. */
export function SelectionBar({ chosen, busy, problem, onPlan, workHref, onClear }: SelectionBarProps) {
  if (chosen.size === 0) return null;
  const kept = whyNotRemoved(chosen);
  const many = chosen.size > MOST_IN_ADDRESS ? `Choose at most ${MOST_IN_ADDRESS}` : null;
  const refused = kept ?? many;
  return (
    <section className="snap-bar" aria-label="Chosen snapshots">
      <b role="status">{counted(chosen.size, 'snapshot')} chosen</b>
      <div className="row-flex">
        <Button small busy={busy} onClick={() => onPlan('check')}>
          Check {chosen.size}
        </Button>
        <Button small busy={busy} onClick={() => onPlan('rm')} {...(kept !== null && { unavailable: kept })}>
          Remove {chosen.size}
        </Button>
        {chosen.size === 1 ? (
          <LinkButton small href={workHref('restore')}>
            Restore
          </LinkButton>
        ) : null}
        {refused === null ? (
          <LinkButton small href={workHref('sync')}>
            Synchronise {chosen.size}
          </LinkButton>
        ) : null}
        <Button small look="quiet" onClick={onClear}>
          <X className="icon small" aria-hidden />
          Clear
        </Button>
      </div>
      {refused === null ? null : <span className="fresh whitespace-normal">{`${refused}.`}</span>}
      {problem ? <ErrorLine>{`${problem.sentence} ${problem.next}`}</ErrorLine> : null}
    </section>
  );
}
