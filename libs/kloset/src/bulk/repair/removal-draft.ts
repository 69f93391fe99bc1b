import type { Mac } from '@wardrobe/kloset-model';
import { BLOB_TYPE } from '../../format/state.js';
import { type Draft, draftOf, named, stateWrite } from './draft.js';
import type { ProvenRemoval } from './evidence.js';
import type { Survey } from './survey.js';

/** A removal, byte for byte: its name is the MAC of its content. */
export function draftRemoval(survey: Survey, { state, type, id, whenNs, end, machine }: ProvenRemoval): Draft {
  const isDamaged = survey.damaged.some((one) => one.id === state);
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
      redeletes: deletedAgain(survey, [{ type, id }]),
      writes: [stateWrite({ id: state, replaces: isDamaged, version: end.version, coloured: 1 })],
    },
    { kind: 'state', id: state, packfiles: [], colours: [{ type, id, whenNs }], deletes: [], end, headers: [] },
  );
}

/** Snapshots that the store lists and that these colours delete. */
export function deletedAgain({ view }: Survey, colours: readonly { readonly type: number; readonly id: Mac }[]): readonly string[] {
  const coloured = new Set<string>(colours.flatMap(({ type, id }) => (type === BLOB_TYPE.snapshot ? [id] : [])));
  return coloured.size === 0 ? [] : view.live.flatMap(({ id }) => (coloured.has(id) ? [id] : []));
}
