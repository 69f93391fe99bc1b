import { byteName, shortId, type SnapshotId } from '@wardrobe/kloset-model';
import type { Repository } from '../../repository/types.js';
import { checkSnapshots } from '../check.js';
import { surveyStore } from './survey.js';
import type { PlanRepairOptions, RepairProof } from './types.js';
import { Walker } from './walk.js';

const MOST_PROBLEMS = 20;

/**
 * Proves snapshots after a repair: each is listed once, every blob of it is available to everybody, and its content reads.
 * @throws StoreError the line
 */
export async function proveSnapshots(repository: Repository, snapshots: readonly SnapshotId[], options: PlanRepairOptions): Promise<readonly RepairProof[]> {
  const survey = await surveyStore(repository, options);
  const walker = new Walker(survey, { readContent: false, signal: options.signal });
  const live = new Map(survey.view.live.map((snapshot) => [snapshot.id, snapshot]));
  const proofs: RepairProof[] = [];
  for (const id of snapshots) {
    options.signal?.throwIfAborted();
    options.onProgress?.({ phase: 'proving', done: proofs.length, total: snapshots.length });
    const problems: string[] = [];
    const listed = live.get(id);
    if (listed === undefined) problems.push('the store does not list it');
    else if (listed.packfiles.length > 1) problems.push(`its header lies in ${listed.packfiles.length} packfiles`);
    const walk = await walker.walk(id);
    for (const need of walk.needs.values()) {
      const path = need.places.find((place) => place.path !== null)?.path ?? null;
      problems.push(`${path === null ? '' : `${byteName(path).text}: `}blob ${shortId(need.id)} is ${need.standing}`);
    }
    if (walk.orphans.size > 0) problems.push(`${walk.orphans.size} of its packfiles are named by no state`);
    if (listed !== undefined)
      for await (const problem of checkSnapshots(repository, { snapshots: [id], signal: options.signal }))
        problems.push(`${problem.path === null ? '' : `${problem.path.text}: `}${problem.error.message}`);
    proofs.push({ snapshot: id, isWhole: problems.length === 0, problems: clip(problems) });
  }
  return proofs;
}

function clip(problems: readonly string[]): readonly string[] {
  return problems.length <= MOST_PROBLEMS ? problems : [...problems.slice(0, MOST_PROBLEMS), `and ${problems.length - MOST_PROBLEMS} more`];
}
