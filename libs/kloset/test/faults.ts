import type { SnapshotId } from '@wardrobe/kloset-model';
import { isFresh } from '../src/repository/hold-lock.js';
import { openRepository } from '../src/repository/repository.js';
import { checkSnapshots } from '../src/bulk/check.js';
import { listSnapshots } from '../src/snapshot/list.js';
import { FAULT_KINDS, type FaultKind, faultyStore } from '../src/snapshot/testing/index.js';
import type { WritableStore } from '../src/store/store.js';
import { copyToMemory, type MemoryStore } from '@wardrobe/connector-memory';

export type Scenario = {
  /** The store before; it is copied for each run. */
  readonly before: MemoryStore;
  /** What is tried. Rejects when it failed. */
  readonly run: (store: WritableStore) => Promise<void>;
  /** Snapshots that must be whole before and after, whatever happens. */
  readonly kept: readonly SnapshotId[];
  /** All that are visible after a run that came to its end. */
  readonly after: (visible: readonly SnapshotId[]) => boolean;
};

export type FaultCount = { runs: number; failed: number; survived: number };

/**
 * Runs a scenario once for every call it makes to the store and every kind of fault at that call. After each: every visible snapshot is whole, none of the kept
 * ones is hurt, no state is torn but after death, and a second run comes to its end.
 */
export async function strikeEverywhere(scenario: Scenario, options: { readonly step?: number } = {}): Promise<FaultCount> {
  const calm = faultyStore(await copyToMemory(scenario.before));
  await scenario.run(calm.store);
  const count: FaultCount = { runs: 0, failed: 0, survived: 0 };
  for (let at = 0; at < calm.calls; at += options.step ?? 1) {
    for (const kind of FAULT_KINDS) await strike(scenario, { at, kind }, count);
  }
  return count;
}

async function strike(scenario: Scenario, fault: { readonly at: number; readonly kind: FaultKind }, count: FaultCount): Promise<void> {
  const memory = await copyToMemory(scenario.before);
  const told = `fault ${fault.kind} at call ${fault.at}`;
  let failed = false;
  try {
    await scenario.run(faultyStore(memory, fault).store);
  } catch {
    failed = true;
  }
  count.runs += 1;
  if (failed) count.failed += 1;
  else count.survived += 1;
  const torn = failed && (fault.kind === 'dead' || fault.kind === 'short');
  const visible = await sound(memory, { kept: scenario.kept, told, torn });
  if (!failed && !scenario.after(visible)) throw new Error(`${told}: said that it succeeded, and the store shows ${visible.length} snapshots`);
  memory.items.lock.clear();
  await scenario.run(memory);
  if (!scenario.after(await sound(memory, { kept: scenario.kept, told: `${told}, second run`, torn: false })))
    throw new Error(`${told}: the second run did not finish`);
}

/** The visible snapshots of a store in which nothing is half there. */
export async function sound(
  store: MemoryStore,
  { kept, told, torn }: { readonly kept: readonly SnapshotId[]; readonly told: string; readonly torn: boolean },
): Promise<readonly SnapshotId[]> {
  const repository = await openRepository(store);
  if (repository.view.unreadable.length > 0) throw new Error(`${told}: a state cannot be read`);
  const visible: SnapshotId[] = [];
  for await (const found of listSnapshots(repository)) {
    if ('error' in found) throw new Error(`${told}: a header cannot be read`);
    visible.push(found.header.id);
  }
  for (const id of kept) if (!visible.includes(id)) throw new Error(`${told}: snapshot ${id} is gone`);
  const check = checkSnapshots(repository, { snapshots: visible });
  for (;;) {
    const step = await check.next();
    if (step.done === true) break;
    throw new Error(`${told}: ${step.value.what} of ${step.value.snapshot}: ${step.value.error.message}`);
  }
  const locks = await repository.locks();
  if (!torn && locks.some((lock) => lock.error !== undefined || !isFresh(lock, Date.now()))) throw new Error(`${told}: a lock is damaged`);
  await repository.close();
  return visible;
}
