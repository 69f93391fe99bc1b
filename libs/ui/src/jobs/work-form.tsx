'use client';
import type { JobLimitsDto, JobWork, JobWorkInput, ProblemDto, WorkKind } from '@wardrobe/contracts';
import { counted } from '@wardrobe/words';
import { type FormEvent, useState } from 'react';
import { Button } from '../controls/button.js';
import { CheckField, ErrorLine, SelectField, TextField } from '../controls/field.js';

type Work<K extends WorkKind> = Extract<JobWork, { kind: K }>;

export type WorkFormProps = {
  readonly kind: WorkKind;
  /** What the form begins with: of the address, or of the plan that is shown. */
  readonly initial: JobWork | null;
  readonly snapshots: readonly string[];
  readonly path: string;
  readonly limits: JobLimitsDto | undefined;
  readonly peers: readonly { readonly id: string; readonly name: string }[];
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
  const missing = missingOf(work);
  function submit(event: FormEvent): void {
    event.preventDefault();
    if (missing === null) onPlan(work);
  }
  return (
    <form className="form plain" onSubmit={submit} aria-label={`What to ${kind === 'rm' ? 'remove' : kind}`}>
      <p className="prose">{ABOUT[kind]}</p>
      {props.snapshots.length > 0 ? <Chosen ids={props.snapshots} /> : null}
      {work.kind === 'repair' ? <RepairFields work={work as Work<'repair'>} change={change} /> : null}
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
  sync: 'Copies the snapshots that one store has and the other has not. Nothing is copied twice, and afterwards both sides are compared.',
};

function beginOf({ kind, initial, snapshots, path, limits, peers }: WorkFormProps): JobWorkInput {
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
      return { kind, direction: 'to', peer: peers[0]?.id ?? '' };
    case 'repair':
      return { kind, finding: null };
    case 'maintenance':
      return { kind };
  }
}

/** Why nothing can be planned yet, or null. */
function missingOf(work: JobWorkInput): string | null {
  if ((work.kind === 'rm' && work.snapshots.length === 0) || (work.kind === 'restore' && work.snapshot === ''))
    return 'Choose a snapshot in the list of snapshots first.';
  if (work.kind === 'restore' && !work.target.startsWith('/')) return 'Give a folder of the server, as an absolute path.';
  if (work.kind === 'sync' && work.peer === '') return 'Connect another store first.';
  if (work.kind === 'prune' && Object.values(work.keep ?? {}).every((keep) => !keep)) return 'Say what is to be kept: at least one number above 0.';
  return null;
}

type Fields<K extends WorkKind> = { readonly work: Work<K>; readonly change: (patch: Partial<Work<K>>) => void };
function Chosen({ ids }: { readonly ids: readonly string[] }) {
  return (
    <div>
      <p className="small-label">{counted(ids.length, 'snapshot')} chosen</p>
      <ul className="chosen-list mono">
        {ids.map((id) => (
          <li key={id} title={id}>
            {id.slice(0, 8)}
          </li>
        ))}
      </ul>
    </div>
  );
}

function RepairFields({ work, change }: Fields<'repair'>) {
  return (
    <>
      <CheckField
        label="Wait for the locks of others"
        hint="Otherwise a fresh lock ends the repair with who holds it and until when."
        checked={work.wait ?? false}
        onChange={(event) => change({ wait: event.target.checked })}
      />
      <CheckField
        label="Bring back deleted snapshots too"
        hint="Without it they are named and left as they are."
        checked={work.undelete ?? false}
        onChange={(event) => change({ undelete: event.target.checked })}
      />
    </>
  );
}

function CheckFields({ work, change }: Fields<'check'>) {
  const all = work.snapshots.length === 0;
  return (
    <>
      {all ? <p>All snapshots that the store lists are checked.</p> : null}
      <CheckField
        label="Fast"
        hint="Every part must be there; contents are not read."
        checked={work.fast ?? false}
        onChange={(event) => change({ fast: event.target.checked })}
      />
      <CheckField
        label="Every packfile and state file too"
        hint="Also those that no snapshot needs."
        checked={work.packfiles ?? false}
        onChange={(event) => change({ packfiles: event.target.checked })}
      />
    </>
  );
}

function RestoreFields({ work, change, limits }: Fields<'restore'> & { readonly limits: JobLimitsDto | undefined }) {
  const roots = limits?.restoreRoots ?? [];
  return (
    <>
      <TextField
        label="Folder of the server"
        mono
        required
        value={work.target}
        onChange={(event) => change({ target: event.target.value })}
        hint={
          roots.length === 0
            ? 'None is allowed: whoever runs the console can allow folders with WARDROBE_RESTORE_ROOTS. Downloading works without.'
            : `Below ${roots.join(', ')}. It is made if it is not there.`
        }
      />
      <TextField
        label="Path in the snapshot"
        mono
        value={work.path}
        onChange={(event) => change({ path: event.target.value })}
        hint="Empty: the folder that was backed up."
      />
      <CheckField
        label="Replace files of the same name"
        hint="Otherwise what is there stays."
        checked={work.overwrite}
        onChange={(event) => change({ overwrite: event.target.checked })}
      />
      {limits?.restorePrivileges === true ? (
        <CheckField
          label="Set owners and setuid bits"
          hint="Files then belong to whom they belonged; programs may run with their owner's rights."
          checked={work.privileges}
          onChange={(event) => change({ privileges: event.target.checked })}
        />
      ) : null}
    </>
  );
}

const PERIODS = [
  ['day', 'Days'],
  ['week', 'Weeks'],
  ['month', 'Months'],
  ['year', 'Years'],
] as const;
function PruneFields({ work, change }: Fields<'prune'>) {
  return (
    <>
      <div className="keep">
        {PERIODS.map(([period, label]) => (
          <TextField
            key={period}
            label={label}
            type="number"
            min="0"
            max="10000"
            inputMode="numeric"
            value={String(work.keep[period])}
            onChange={(event) => change({ keep: { ...work.keep, [period]: Math.max(0, Math.trunc(Number(event.target.value)) || 0) } })}
          />
        ))}
      </div>
      <SelectField
        label="Each of these by itself"
        value={work.groupBy}
        onChange={(event) => change({ groupBy: event.target.value as Work<'prune'>['groupBy'] })}
      >
        <option value="root">folder that was backed up</option>
        <option value="origin">machine or place</option>
        <option value="name">name</option>
        <option value="tag">tag</option>
        <option value="none">all snapshots together</option>
      </SelectField>
      <TextField label="Only those with this tag" value={work.tag} onChange={(event) => change({ tag: event.target.value })} hint="Empty: all." />
    </>
  );
}

function SyncFields({ work, change, peers }: Fields<'sync'> & { readonly peers: WorkFormProps['peers'] }) {
  return (
    <>
      <SelectField label="Direction" value={work.direction} onChange={(event) => change({ direction: event.target.value as Work<'sync'>['direction'] })}>
        <option value="to">to the other store</option>
        <option value="from">from the other store</option>
        <option value="with">both ways</option>
      </SelectField>
      <SelectField label="Other store" value={work.peer} onChange={(event) => change({ peer: event.target.value })}>
        {peers.length === 0 ? <option value="">no other store is connected</option> : null}
        {peers.map((peer) => (
          <option key={peer.id} value={peer.id}>
            {peer.name}
          </option>
        ))}
      </SelectField>
    </>
  );
}
