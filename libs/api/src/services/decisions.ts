import { decide, type StoreRow, undoDecisions } from '@wardrobe/db';
import { counted } from '@wardrobe/words';
import { ApiError } from '../errors/api-error.js';
import { audit, type Deps, now } from './deps.js';
import { factsOfFinding } from './divergence.js';
import type { MatrixModel } from './matrix-model.js';
import type { Actor } from './types.js';

type Deciding = {
  readonly store: StoreRow;
  readonly model: MatrixModel;
  readonly findingId: string;
  readonly actor: Actor;
  /** False: takes the decision back. */
  readonly keep: boolean;
};

/**
 * Keeps the snapshots of a deletion that never reached the store: the finding asks no more, the cells keep their word, nothing is written into the store.
 * @throws ApiError not-found, invalid-input
 */
export async function decideFinding(deps: Deps, { store, model, findingId, actor, keep }: Deciding): Promise<void> {
  const facts = await factsOfFinding(deps, { store, model, findingId });
  if (facts === null) throw new ApiError('not-found', 'This finding is closed meanwhile.', 'Look at the findings that are left.');
  if (facts.kind !== 'lost-delete')
    throw new ApiError('invalid-input', 'Only a deletion that never reached the store can be decided this way.', 'Look at the next step of the finding.');
  const cells = { storeId: store.id, machineIds: facts.machines, snapshots: facts.snapshots, by: actor.name, at: now(deps) };
  const changed = keep ? await decide(deps.db, { ...cells, kind: 'keep' }) : await undoDecisions(deps.db, cells);
  if (changed === 0) return;
  const names = facts.machines.map((id) => model.rows.find(({ machine }) => machine.machineId === id)?.machine.name ?? id.slice(0, 8));
  const about = `${counted(facts.snapshots.length, 'snapshot')} that ${names.join(', ')} deleted (${store.name})`;
  await audit(deps, actor, { what: keep ? 'decided to keep snapshots' : 'took back a decision to keep snapshots', about });
}
