import type { StateId } from '@wardrobe/kloset-model';
import type { KnownMachine } from './types.js';

export type Witnesses = {
  readonly machines: readonly KnownMachine[] | undefined;
  readonly retired: readonly string[];
  /** Hosts that wrote snapshots which are still there. */
  readonly hosts: ReadonlySet<string>;
};

/**
 * Whether a packfile may be removed from a store that plakar 1.0 can use: every known machine must have merged a state that colours it, or it might still
 * build upon it. Returns null when it may, else why not, as a sentence.
 * @source 01-store 7.4, 8.5
 */
export function removalHindrance(witnesses: Witnesses, colouredBy: readonly StateId[]): string | null {
  const { machines } = witnesses;
  if (machines === undefined || machines.length === 0) return 'plakar 1.0 can use this store, and no report says what its machines have seen';
  const retired = new Set(witnesses.retired);
  const isRetired = (machine: KnownMachine): boolean => machine.names.some((name) => retired.has(name));
  const counted = machines.filter((machine) => !isRetired(machine));
  const reported = new Set(machines.flatMap((machine) => machine.names));
  for (const host of witnesses.hosts)
    if (host !== '' && !reported.has(host) && !retired.has(host)) return `${host} wrote snapshots of this store, and no report of it was given`;
  for (const machine of counted) {
    const name = machine.names[0] ?? 'a machine';
    if (machine.problem !== null) return `what ${name} has seen cannot be told: ${machine.problem}`;
    for (const { cache, states } of machine.caches)
      if (!colouredBy.some((state) => states.has(state))) return `${name} (${cache}) has not seen yet that it is scheduled for deletion`;
  }
  return null;
}

/** Whether plakar has a cache on any of the machines that count. */
export function isPlakarAround({ machines, retired }: Witnesses): boolean {
  return (machines ?? []).some(({ names, caches }) => caches.length > 0 && !names.some((name) => retired.includes(name)));
}
