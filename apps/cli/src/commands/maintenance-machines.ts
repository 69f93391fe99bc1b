import type { MachineReport } from '@wardrobe/contracts';
import type { KnownMachine } from '@wardrobe/kloset';
import { readReport } from './divergence.js';

/** What the reports say that each machine has seen of one store. Of several reports of one machine the newest counts. @throws CliError a file that is no report */
export function knownMachines(files: readonly string[], repositoryId: string): KnownMachine[] {
  const newest = new Map<string, MachineReport>();
  for (const file of files) {
    const report = readReport(file);
    const before = newest.get(report.machine.id);
    if (before === undefined || Date.parse(before.createdAt) < Date.parse(report.createdAt)) newest.set(report.machine.id, report);
  }
  return [...newest.values()].map((report) => knownMachine(report, repositoryId));
}

/** Wardrobe's own index is no cache to wait for: whoever uses it reads the states again before it writes. */
function knownMachine(report: MachineReport, repositoryId: string): KnownMachine {
  const { machine, sightings, failures } = report;
  // A cache that holds nothing is filled from the store at its next use, colours included.
  const failure = failures.find((failed) => failed.code !== 'empty' && (failed.repositoryId === null || failed.repositoryId === repositoryId));
  return {
    names: [...new Set([machine.name, machine.hostName])],
    caches: sightings
      .filter((sighting) => sighting.repositoryId === repositoryId && sighting.tool === 'plakar')
      .map(({ cache, user, states }) => ({ cache: `${user}, ${cache}`, states: new Set(states) })),
    problem: failure === undefined ? null : `its cache ${failure.cache} could not be read: ${failure.message}`,
  };
}
