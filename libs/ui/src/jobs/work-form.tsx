'use client';
import type { JobLimitsDto, JobWork, JobWorkInput, ProblemDto, StoreLockDto, WorkKind } from '@wardrobe/contracts';
import { type FormEvent, useState } from 'react';
import { Button } from '../controls/button.js';
import { ErrorLine } from '../controls/field.js';
import { LocksTable } from './locks-table.js';
import { RepairFields } from './repair-fields.js';
import { CheckFields, Chosen, PruneFields, RestoreFields, SyncFields } from './work-fields.js';

type Work<K extends WorkKind> = Extract<JobWork, { kind: K }>;

export type WorkFormProps = {
  readonly kind: WorkKind;
  /** What the form begins with: of the address, or of the plan that is shown. */
  readonly initial: JobWork | null;
  readonly snapshots: readonly string[];
  readonly path: string;
  readonly limits: JobLimitsDto | undefined;
  readonly peers: readonly { readonly id: string; readonly name: string }[];
  /** Finding that a repair is confined to. */
  readonly finding?: string | null;
  /** For `locks`: those of the store now. */
  readonly locks?: readonly StoreLockDto[];
  readonly busy: boolean;
  readonly problem: ProblemDto | null;
  /** A plan is shown: its own button is the first one then. */
  readonly isPlanned: boolean;
  readonly onPlan: (work: JobWorkInput) => void;
};

/** What is asked before a dry run, by kind of work. */
export function WorkForm(props: WorkFormProps) {
  const { kind, busy, problem, onPlan } = props;
  const [work, setWork] = useState<JobWorkInput>(() => beginOf(props));
  const change = (patch: object): void => setWork((now) => ({ ...now, ...patch }));
  const missing = missingOf(work, props.locks);
  function submit(event: FormEvent): void {
    event.preventDefault();
    if (missing === null) onPlan(work);
  }
  return (
    <form className="form plain" onSubmit={submit} aria-label={kind === 'locks' ? 'Which locks to remove' : `What to ${kind === 'rm' ? 'remove' : kind}`}>
      <p className="prose">{ABOUT[kind]}</p>
      {props.snapshots.length > 0 ? <Chosen ids={props.snapshots} /> : null}
      {work.kind === 'repair' && work.finding ? <p>{`Only what finding ${work.finding} is about.`}</p> : null}
      {work.kind === 'repair' ? <RepairFields work={work as Work<'repair'>} change={change} limits={props.limits} peers={props.peers} /> : null}
      {work.kind === 'locks' && props.locks !== undefined ? (
        <LocksTable
          locks={props.locks}
          forced={forcedOf(work as Partial<Work<'locks'>>, props.locks)}
          onForced={(ids) => change(locksWork(ids, props.locks ?? []))}
        />
      ) : null}
      {work.kind === 'check' ? <CheckFields work={work as Work<'check'>} change={change} /> : null}
      {work.kind === 'restore' ? <RestoreFields work={work as Work<'restore'>} change={change} limits={props.limits} /> : null}
      {work.kind === 'prune' ? <PruneFields work={work as Work<'prune'>} change={change} /> : null}
      {work.kind === 'sync' ? <SyncFields work={work as Work<'sync'>} change={change} peers={props.peers} /> : null}
      {problem ? <ErrorLine>{`${problem.sentence} ${problem.next}`}</ErrorLine> : null}
      <div className="row-flex">
        <Button type="submit" look={props.isPlanned ? 'plain' : 'primary'} busy={busy} {...(missing !== null && { unavailable: missing })}>
          Plan a dry run
        </Button>
        <span className="fresh whitespace-normal">{missing ?? 'A dry run is a read: it writes nothing.'}</span>
      </div>
    </form>
  );
}

const ABOUT: Readonly<Record<WorkKind, string>> = {
  repair: 'Looks for everything that is wrong with the store, with what the machines reported as evidence, and says what can be mended.',
  check: 'Proves that snapshots can be restored: every part of them is there and matches its MAC.',
  restore: 'Writes files of a snapshot into a folder of the server that runs this console.',
  rm: 'Takes snapshots out of the list of the store. Their data stays until a maintenance takes it away.',
  prune: 'Of each period the newest snapshot is kept, for as many periods as you say; the others are taken out of the list.',
  maintenance:
    'Schedules packfiles that no snapshot needs for deletion, and removes those that were scheduled long enough ago and that every machine knows of.',
  locks:
    'A lock says who works on the store and is renewed while they do. One that was not renewed for 10 min was left behind and is removed; a fresh one keeps maintenance and repair waiting.',
  sync: 'Copies the snapshots that one store has and the other has not. Nothing is copied twice, and afterwards both sides are compared.',
};

function beginOf({ kind, initial, snapshots, path, limits, peers, finding }: WorkFormProps): JobWorkInput {
  if (initial !== null && initial.kind === kind) return initial;
  switch (kind) {
    case 'check':
      return { kind, snapshots: [...snapshots], packfiles: snapshots.length === 0, fast: false };
    case 'restore':
      return { kind, snapshot: snapshots[0] ?? '', path, target: limits?.restoreRoots[0] ?? '', overwrite: false, privileges: false };
    case 'rm':
      return { kind, snapshots: [...snapshots] };
    case 'prune':
      return { kind, keep: { day: 7, week: 4, month: 12, year: 0 }, groupBy: 'root', tag: '' };
    case 'sync':
      return { kind, direction: 'to', peer: peers[0]?.id ?? '', snapshots: [...snapshots] };
    case 'repair':
      return { kind, finding: finding ?? null };
    case 'maintenance':
    case 'locks':
      return { kind };
  }
}

/** Why nothing can be planned yet, or null. */
function missingOf(work: JobWorkInput, locks: readonly StoreLockDto[] | undefined): string | null {
  if (work.kind === 'locks' && (locks ?? []).length === 0) return 'There is no lock to remove.';
  if ((work.kind === 'rm' && work.snapshots.length === 0) || (work.kind === 'restore' && work.snapshot === ''))
    return 'Choose a snapshot in the list of snapshots first.';
  if (work.kind === 'restore' && !work.target.startsWith('/')) return 'Give a folder of the server, as an absolute path.';
  if (work.kind === 'sync' && work.peer === '') return 'Connect another store first.';
  if (work.kind === 'prune' && Object.values(work.keep ?? {}).every((keep) => !keep)) return 'Say what is to be kept: at least one number above 0.';
  return null;
}

/** Without a tick: all that were left behind. With one: those and the ticked ones, each by name. */
function locksWork(forced: readonly string[], locks: readonly StoreLockDto[]): Partial<Work<'locks'>> {
  const stale = locks.filter((lock) => lock.stale).map(({ id }) => id);
  return forced.length === 0 ? { ids: [], force: false } : { ids: [...stale, ...forced], force: true };
}

function forcedOf(work: Partial<Work<'locks'>>, locks: readonly StoreLockDto[]): readonly string[] {
  return work.force === true ? locks.filter((lock) => !lock.stale && (work.ids ?? []).includes(lock.id)).map(({ id }) => id) : [];
}
