import { type Draft, draftOf, named, stateWrite } from './draft.js';
import type { ProvenRemoval } from './evidence.js';

/** A removal, byte for byte: its name is the MAC of its content. */
export function draftRemoval({ state, type, id, whenNs, end, machine }: ProvenRemoval, isDamaged: boolean): Draft {
  return draftOf(
    {
      about: state,
      kind: isDamaged ? 'replace-state' : 'rebuild-state',
      wrong: `The state ${named([state])}, which removed snapshot ${named([id])}, is ${isDamaged ? 'damaged, and keeps plakar from opening the store' : 'lost'}.`,
      doing: 'It is written again with the very same content.',
      evidence: [`${machine} remembers the removal; the state's name is the MAC of the very content.`],
      machines: [machine],
      states: [state],
      snapshots: [],
      writes: [stateWrite({ id: state, replaces: isDamaged, version: end.version, coloured: 1 })],
    },
    { kind: 'state', id: state, packfiles: [], colours: [{ type, id, whenNs }], deletes: [], end, headers: [] },
  );
}
