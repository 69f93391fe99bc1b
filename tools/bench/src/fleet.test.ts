import { machineReport } from '@wardrobe/contracts';
import { describe, expect, it } from 'vitest';
import { fleetReport, type FleetStore } from './fleet.js';

const store: FleetStore = {
  repositoryId: 'e4fb64d0-2b5b-4790-858d-cfd6ea511593',
  snapshots: Array.from({ length: 500 }, (_, index) => ({ id: index.toString(16).padStart(64, '0'), packfiles: ['a'.repeat(64)] })),
  states: ['b'.repeat(64)],
};
const at = new Date('2026-01-01T00:00:00Z');

describe('made-up fleet', () => {
  it('every report passes the validation of the server', () => {
    for (let machine = 0; machine < 30; machine += 1) expect(machineReport.safeParse(fleetReport(store, machine, at)).success).toBe(true);
  });

  it('the same machine reports the same at every run, others have ids of their own', () => {
    expect(fleetReport(store, 7, at)).toEqual(fleetReport(store, 7, at));
    expect(new Set(Array.from({ length: 100 }, (_, machine) => fleetReport(store, machine, at).machine.id)).size).toBe(100);
  });

  it('two of three list everything, the others lag or miss some', () => {
    const counts = Array.from({ length: 9 }, (_, machine) => fleetReport(store, machine, at).sightings[0]?.shown.length ?? 0);
    expect(counts.filter((count) => count === 500)).toHaveLength(6);
  });
});
