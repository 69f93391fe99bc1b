import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { MachineReport } from '@wardrobe/contracts';
import { buildReport, readMachineCaches } from '@wardrobe/machine-cache';

export const FLEET = ['alpha', 'bravo', 'charlie'] as const;

/** The report of one of a fixture's machines, from the caches that plakar left there. */
export async function reportOf(machinesDir: string, name: string, id: string = randomUUID()): Promise<MachineReport> {
  const nowMs = Date.now();
  const { sightings, failures } = await readMachineCaches({ directories: [join(machinesDir, name)], nowMs, copy: 'foreign' });
  return buildReport({
    machine: { id, name, hostName: name, os: 'linux' },
    agent: { version: '0.1.0' },
    createdAt: new Date(nowMs).toISOString(),
    sightings,
    failures,
  });
}
