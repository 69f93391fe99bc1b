import type { MachineView, Sighting } from './types.js';

/** The part of a report's sighting that decides cells; the report's own type (libs/contracts) fits it. */
export type ReportedSighting = {
  readonly repositoryId: string;
  readonly user: string;
  readonly cache: string;
  readonly line: Sighting['line'];
  readonly lastUsedAt: string | null;
  readonly inMotion: { readonly value: boolean };
  readonly states: readonly string[];
  readonly shown: readonly { readonly snapshot: string; readonly packfiles: readonly string[] }[];
  readonly deleted: readonly string[];
  readonly introduced: { readonly states: readonly { readonly state: string; readonly packfiles: readonly string[] }[] };
  readonly digest: string;
};
export type ReportedMachine = { readonly machine: { readonly id: string; readonly name: string }; readonly sightings: readonly ReportedSighting[] };

/** @param receivedAtMs when the report was received; offline: the report's own time */
export function sightingFromReport(machine: string, sighting: ReportedSighting, receivedAtMs: number): Sighting {
  return {
    machine,
    user: sighting.user,
    cache: sighting.cache,
    line: sighting.line,
    receivedAtMs,
    inMotion: sighting.inMotion.value,
    lastUsedAtMs: sighting.lastUsedAt === null ? null : Date.parse(sighting.lastUsedAt),
    states: new Set(sighting.states),
    shown: new Map(sighting.shown.map(({ snapshot, packfiles }) => [snapshot, packfiles])),
    deleted: new Set(sighting.deleted),
    introduced: new Map(sighting.introduced.states.map(({ state, packfiles }) => [state, packfiles])),
    digest: sighting.digest,
  };
}

/** One machine as its report shows it for one store. A machine whose report has no cache of that store never reported the store. */
export function machineFromReport(report: ReportedMachine, repositoryId: string, receivedAtMs: number): MachineView {
  const sightings = report.sightings
    .filter((sighting) => sighting.repositoryId === repositoryId)
    .map((sighting) => sightingFromReport(report.machine.id, sighting, receivedAtMs));
  return { id: report.machine.id, name: report.machine.name, retired: false, sightings, lastReportAtMs: sightings.length > 0 ? receivedAtMs : null };
}
