'use client';
import type { ProblemDto } from '@wardrobe/contracts';
import { type FormEvent, useState } from 'react';
import { Button } from '../controls/button.js';
import { ErrorLine, SelectField, TextField } from '../controls/field.js';
import { Dialog } from '../overlays/dialog.js';

type Common = { readonly open: boolean; readonly onOpenChange: (open: boolean) => void; readonly busy: boolean; readonly problem: ProblemDto | null };
type Named = { readonly id: string; readonly name: string };

const problemLine = (problem: ProblemDto | null) => (problem ? <ErrorLine>{`${problem.sentence} ${problem.next}`}</ErrorLine> : null);

export function RenameMachineDialog({
  machine,
  onRename,
  problem,
  busy,
  ...dialog
}: Common & { readonly machine: Named; readonly onRename: (name: string) => void }) {
  const [name, setName] = useState(machine.name);
  function submit(event: FormEvent): void {
    event.preventDefault();
    if (name.trim() !== '') onRename(name.trim());
  }
  return (
    <Dialog
      {...dialog}
      title={`Rename ${machine.name}`}
      actions={
        <>
          <Button onClick={() => dialog.onOpenChange(false)}>Cancel</Button>
          <Button look="primary" type="submit" form="rename-machine" busy={busy}>
            Rename machine
          </Button>
        </>
      }
    >
      <form id="rename-machine" onSubmit={submit} className="stack">
        <TextField
          label="Name"
          required
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.target.value)}
          hint="Only in this console. The machine's own host name stays as it is."
        />
        {problemLine(problem)}
      </form>
    </Dialog>
  );
}

export function RetireMachineDialog({
  machine,
  retired,
  onRetire,
  problem,
  busy,
  ...dialog
}: Common & { readonly machine: Named; readonly retired: boolean; readonly onRetire: () => void }) {
  return (
    <Dialog
      {...dialog}
      title={retired ? `Bring ${machine.name} back?` : `Retire ${machine.name}?`}
      description={
        retired
          ? 'It counts again in the sentence, the rail and the verdicts. What it reported before is still here.'
          : 'It is no longer counted and no longer drawn, and it blocks nothing. Its reports stay, and a new report is still taken. It can be brought back at any time.'
      }
      actions={
        <>
          <Button onClick={() => dialog.onOpenChange(false)}>Cancel</Button>
          <Button look="primary" busy={busy} onClick={onRetire}>
            {retired ? 'Bring 1 machine back' : 'Retire 1 machine'}
          </Button>
        </>
      }
    >
      {problemLine(problem)}
    </Dialog>
  );
}

/** For a machine that came back under a new id, after a reinstallation for example. */
export function MergeMachineDialog({
  machine,
  others,
  onMerge,
  problem,
  busy,
  ...dialog
}: Common & { readonly machine: Named; readonly others: readonly Named[]; readonly onMerge: (into: string) => void }) {
  const [into, setInto] = useState('');
  const target = others.find((other) => other.id === into);
  return (
    <Dialog
      {...dialog}
      title={`Merge ${machine.name} into another machine`}
      description={`For one host that reports under two ids. The reports of ${machine.name} go to the other machine and ${machine.name} leaves the list. This cannot be undone.`}
      actions={
        <>
          <Button onClick={() => dialog.onOpenChange(false)}>Cancel</Button>
          <Button look="danger" busy={busy} onClick={() => onMerge(into)} {...(into === '' && { unavailable: 'Choose the machine that stays' })}>
            {target ? `Merge into ${target.name}` : 'Merge 1 machine'}
          </Button>
        </>
      }
    >
      <SelectField label="Machine that stays" value={into} onChange={(event) => setInto(event.target.value)}>
        <option value="">Choose a machine</option>
        {others.map((other) => (
          <option key={other.id} value={other.id}>
            {other.name}
          </option>
        ))}
      </SelectField>
      {problemLine(problem)}
    </Dialog>
  );
}
