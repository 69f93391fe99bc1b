'use client';
import type { JobLimitsDto } from '@wardrobe/contracts';
import { CheckField, SelectField, TextField } from '../controls/field.js';
import type { Fields, Peers } from './work-fields.js';

type Props = Fields<'repair'> & { readonly peers: Peers; readonly limits: JobLimitsDto | undefined };

/** What a repair waits for, reads, and takes lost content from. */
export function RepairFields({ work, change, peers, limits }: Props) {
  const roots = limits?.readRoots ?? [];
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
      <CheckField
        label="Delete again what a machine deleted"
        hint="Deletions that a machine remembers and the store never got. What somebody decided to keep stays."
        checked={work.redelete ?? false}
        onChange={(event) => change({ redelete: event.target.checked })}
      />
      <CheckField
        label="Read all contents"
        hint="Finds damage inside packfiles too. It takes as long as a check."
        checked={work.readData ?? false}
        onChange={(event) => change({ readData: event.target.checked })}
      />
      <fieldset className="fields">
        <legend>Take lost content from</legend>
        <SelectField
          label="Another store"
          value={work.fromStores?.[0] ?? ''}
          onChange={(event) => change({ fromStores: event.target.value === '' ? [] : [event.target.value] })}
          hint={peers.length === 0 ? 'No other store is connected to this console.' : 'A copy of this store, or one that it was synchronised with.'}
        >
          <option value="">none</option>
          {peers.map((peer) => (
            <option key={peer.id} value={peer.id}>
              {peer.name}
            </option>
          ))}
        </SelectField>
        <TextField
          label="Folder of the server"
          mono
          value={work.fromDisks?.[0] ?? ''}
          onChange={(event) => change({ fromDisks: event.target.value === '' ? [] : [event.target.value] })}
          hint={`The folder that was backed up, or a root that its paths hang on. Below ${roots.join(', ') || 'no folder: none is allowed'}. Empty: none.`}
        />
        <p className="hint">What they give is believed only when its MAC is right.</p>
      </fieldset>
    </>
  );
}
