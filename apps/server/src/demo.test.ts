import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { machineReport } from '@wardrobe/contracts';
import type { MachineReport } from '@wardrobe/machine-cache';
import { expect, test } from 'vitest';
import { addDemo } from './demo.js';

test('the demonstration unpacks once, adds one store, and reports three machines with the caches of the fixture', async () => {
  const dataFolder = await mkdtemp(join(tmpdir(), 'wardrobe-demo-'));
  try {
    for (const round of [1, 2]) {
      const stores: string[] = [];
      const reports: MachineReport[] = [];
      const actions = {
        addStore: async (store: { location: string }) => void stores.push(store.location),
        importReport: async (report: MachineReport) => void reports.push(report),
      };
      await addDemo({ fixtures: fileURLToPath(new URL('../../../fixtures', import.meta.url)), dataFolder, actions, now: new Date(), say: () => undefined });
      expect(stores, `round ${round}`).toHaveLength(1);
      expect(await readdir(stores[0] ?? '')).toContain('CONFIG');
      expect(reports.map((report) => machineReport.parse(report).machine.name)).toEqual(['alpha', 'bravo', 'charlie']);
      expect(reports.map((report) => report.sightings.map((sighting) => sighting.shown.length))).toEqual([[3], [3], [3]]);
      expect(reports.flatMap((report) => report.failures)).toEqual([]);
      expect(new Set(reports.map((report) => report.machine.id)).size).toBe(3);
    }
  } finally {
    await rm(dataFolder, { recursive: true, force: true });
  }
});
