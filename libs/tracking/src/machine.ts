import { CELL_SEVERITY, CELLS, type Cell, isDivergent, type Verdict } from '@wardrobe/words';
import { type CellAnswer, cellOf, cellWithoutReport, type KnownBringers } from './cell.js';
import { knownBringers } from './lost-states.js';
import type { CellResult, MachineResult, MachineView, RemoteView, Sighting } from './types.js';

export type MachineOptions = {
  readonly nowMs: number;
  /** A report older than this makes the verdict `unknown`. Default 26 h. */
  readonly limitMs?: number;
  /** What all reports together say; default: what this machine's own reports say. */
  readonly known?: KnownBringers;
};

export const DEFAULT_LIMIT_MS = 26 * 3_600_000;

/**
 * Every cell of one machine that is not plainly `seen`, and its verdict. A machine's cell is the worst of its sightings; the cause names the cache.
 * @source design, "One cell" and "Machine verdict"
 */
export function computeMachine(remote: RemoteView, reported: MachineView, options: MachineOptions): MachineResult {
  const machine = { ...reported, sightings: reported.sightings.map((sighting) => withMotion(remote, sighting)) };
  const counts = Object.fromEntries(CELLS.map((cell) => [cell, 0])) as Record<Cell, number>;
  const exceptions: CellResult[] = [];
  let newestSeenAtMs: number | null = null;
  const known = options.known ?? knownBringers(machine.sightings);
  for (const snapshot of snapshotsToJudge(remote, machine)) {
    const result = worstOfSightings(remote, machine, snapshot, known);
    counts[result.cell] += 1;
    if (result.cell === 'seen')
      newestSeenAtMs = Math.max(newestSeenAtMs ?? Number.NEGATIVE_INFINITY, remote.live.get(snapshot)?.publishedAtMs ?? Number.NEGATIVE_INFINITY);
    else if (result.cell !== 'none') exceptions.push(result);
  }
  exceptions.sort((a, b) => (a.snapshot < b.snapshot ? -1 : 1));
  return {
    machine: machine.id,
    verdict: verdictOf(counts, machine.lastReportAtMs, options),
    counts,
    worst: exceptions.reduce<Cell>((worst, { cell }) => (CELL_SEVERITY[cell] > CELL_SEVERITY[worst] ? cell : worst), 'seen'),
    exceptions,
    digest: machineDigest(machine.sightings),
    newestSeenAtMs,
    lastReportAtMs: machine.lastReportAtMs,
  };
}

/**
 * A packfile entry that names a state of the store which the cache has not merged: a merge is going on or was interrupted, and will be completed at the next
 * use. What such a cache lacks is `behind`, never `mismatch`.
 * @source spec 03, C3 rule 6
 */
export function withMotion(remote: RemoteView, sighting: Sighting): Sighting {
  if (sighting.inMotion) return sighting;
  for (const state of sighting.introduced.keys()) if (remote.states.has(state) && !sighting.states.has(state)) return { ...sighting, inMotion: true };
  return sighting;
}

/** Live snapshots, and all that any of the machine's caches lists. */
function snapshotsToJudge(remote: RemoteView, machine: MachineView): Iterable<string> {
  if (machine.sightings.every((sighting) => [...sighting.shown.keys()].every((id) => remote.live.has(id)))) return remote.live.keys();
  const all = new Set(remote.live.keys());
  for (const sighting of machine.sightings) for (const id of sighting.shown.keys()) all.add(id);
  return all;
}

/** The cell of a machine for one snapshot: the worst of its sightings. */
export function worstOfSightings(remote: RemoteView, machine: MachineView, snapshot: string, known?: KnownBringers): CellResult {
  if (machine.sightings.length === 0) return { snapshot, ...cellWithoutReport(remote, snapshot), cache: null, user: null };
  let worst: (CellAnswer & { sighting: Sighting }) | null = null;
  for (const sighting of machine.sightings) {
    const answer = cellOf(remote, sighting, snapshot, known);
    if (worst === null || CELL_SEVERITY[answer.cell] > CELL_SEVERITY[worst.cell]) worst = { ...answer, sighting };
  }
  if (worst === null) throw new Error('a machine with sightings has a worst one');
  return { snapshot, cell: worst.cell, cause: worst.cause, cache: worst.sighting.cache, user: worst.sighting.user };
}

/**
 * `diverged` if it has a divergent cell; else `unknown` if its last report is older than the limit; else `behind`; else `in-sync`.
 * What was published since a fresh report does not change the verdict.
 */
export function verdictOf(
  counts: Readonly<Record<Cell, number>>,
  lastReportAtMs: number | null,
  { nowMs, limitMs = DEFAULT_LIMIT_MS }: MachineOptions,
): Verdict {
  if (CELLS.some((cell) => isDivergent(cell) && counts[cell] > 0)) return 'diverged';
  if (lastReportAtMs === null || nowMs - lastReportAtMs > limitMs) return 'unknown';
  return counts.behind + counts['stale-delete'] > 0 ? 'behind' : 'in-sync';
}

/** Order-independent text over the digests of all sightings: machines with equal text are one group. */
function machineDigest(sightings: readonly Sighting[]): string {
  return [...new Set(sightings.map((sighting) => sighting.digest))].sort().join('+');
}
