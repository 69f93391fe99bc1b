import type { CacheFailure, MachineReport, SightingReport } from './types.js';

/**
 * The report of one machine at one moment, as `POST /api/agent/report` and report files carry it.
 * `createdAt`: the machine's clock when the caches were read, an ISO instant.
 */
export function buildReport(parts: {
  readonly machine: MachineReport['machine'];
  readonly agent: MachineReport['agent'];
  readonly createdAt: string;
  readonly sightings: readonly SightingReport[];
  readonly failures: readonly CacheFailure[];
}): MachineReport {
  return {
    format: 'wardrobe-report',
    version: 1,
    machine: { ...parts.machine },
    agent: { ...parts.agent },
    createdAt: parts.createdAt,
    sightings: [...parts.sightings],
    failures: [...parts.failures],
  };
}

/** The same sighting with the packfiles of only those states that the server asked for. */
export function withAskedStates(sighting: SightingReport, asked: ReadonlySet<string>): SightingReport {
  return { ...sighting, introduced: { scope: 'asked', states: sighting.introduced.states.filter(({ state }) => asked.has(state)) } };
}
