'use client';
import type { JobLimitsDto, JobWork, WorkKind } from '@wardrobe/contracts';
import { counted } from '@wardrobe/words';
import { CheckField, SelectField, TextField } from '../controls/field.js';

type Work<K extends WorkKind> = Extract<JobWork, { kind: K }>;
export type Fields<K extends WorkKind> = { readonly work: Work<K>; readonly change: (patch: Partial<Work<K>>) => void };
export type Peers = readonly { readonly id: string; readonly name: string }[];

export function Chosen({ ids }: { readonly ids: readonly string[] }) {
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

export function CheckFields({ work, change }: Fields<'check'>) {
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

export function RestoreFields({ work, change, limits }: Fields<'restore'> & { readonly limits: JobLimitsDto | undefined }) {
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
export function PruneFields({ work, change }: Fields<'prune'>) {
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

export function SyncFields({ work, change, peers }: Fields<'sync'> & { readonly peers: Peers }) {
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
