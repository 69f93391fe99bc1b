import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterNextUse } from '@wardrobe/machine-cache/testing';
import { COMMITTED_FIXTURES, type Fixture, temporaryFolder, unpackFixture } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { jsonLines, wardrobe } from './run-wardrobe.js';

const MACHINES = ['alpha', 'bravo', 'charlie'] as const;
const NONE = { behind: 0, phantom: 0, lost: 0, staleDelete: 0, lostDelete: 0, mismatch: 0, unreadable: 0, unknown: 0 };

async function reportsOf(
  fixture: Fixture,
  folder: string,
  homeOf = (machine: (typeof MACHINES)[number]): Promise<string> => Promise.resolve(join(fixture.machinesDir ?? '', machine)),
): Promise<string[]> {
  const files: string[] = [];
  for (const machine of MACHINES) {
    const output = join(folder, `${machine}.json`);
    const run = await wardrobe(['agent', 'once', '--cache', join(await homeOf(machine), '.cache'), '--name', machine, '--output', output], {
      WARDROBE_CONFIG: join(folder, machine),
    });
    expect(run.code, run.err).toBe(0);
    files.push('--report', output);
  }
  return files;
}

describe.each(COMMITTED_FIXTURES)('divergence of %s', (name) => {
  it('gives exactly the cells and verdicts of the fixtures README', async () => {
    const fixture = await unpackFixture(name);
    const folder = await temporaryFolder('divergence');
    const env = { WARDROBE_INDEX: join(folder, 'index'), ...(fixture.passphrase ? { WARDROBE_PASSPHRASE: fixture.passphrase } : {}) };
    const reports = await reportsOf(fixture, folder);
    const run = await wardrobe(['at', fixture.storeDir, 'divergence', ...reports, '--json'], env);
    expect(run.code, run.err).toBe(0);
    const lines = jsonLines(run.out);
    const removed = (await readFile(join(fixture.expectedDir, 'removed-by-bravo.txt'), 'utf8')).trim();
    const lost = (await readFile(join(fixture.expectedDir, 'lost-state.txt'), 'utf8')).trim();
    expect(lines.filter((line) => 'verdict' in line)).toEqual([
      { machine: 'alpha', verdict: 'diverged', ...NONE, phantom: 1 },
      { machine: 'bravo', verdict: 'behind', ...NONE, staleDelete: 1 },
      { machine: 'charlie', verdict: 'behind', ...NONE, staleDelete: 1 },
    ]);
    const odd = lines
      .filter((line) => 'cell' in line && line['cell'] !== 'seen')
      .map((line) => [line['machine'], String(line['snapshot']).slice(0, 8), line['cell']]);
    expect(odd).toEqual([
      ['alpha', lost.slice(0, 8), 'phantom'],
      ['bravo', removed, 'stale-delete'],
      ['charlie', removed, 'stale-delete'],
    ]);
    expect(lines.filter((line) => line['cell'] === 'seen')).toHaveLength(6);
    expect((await wardrobe(['at', fixture.storeDir, 'divergence', ...reports, '--fail-on', 'diverged'], env)).code).toBe(65);
  });

  it.each(name.startsWith('v10') ? (['new log', 'compacted'] as const) : (['rows'] as const))(
    'gives the right verdicts after each machine used the store again (%s)',
    async (way) => {
      const fixture = await unpackFixture(name);
      const folder = await temporaryFolder('afterwards');
      const env = { WARDROBE_INDEX: join(folder, 'index'), ...(fixture.passphrase ? { WARDROBE_PASSPHRASE: fixture.passphrase } : {}) };
      const reports = await reportsOf(fixture, folder, (machine) => afterNextUse(name, machine, way));
      const run = await wardrobe(['at', fixture.storeDir, 'divergence', ...reports, '--json'], env);
      expect(jsonLines(run.out).filter((line) => 'verdict' in line)).toEqual([
        { machine: 'alpha', verdict: 'diverged', ...NONE, phantom: 1 },
        { machine: 'bravo', verdict: 'in-sync', ...NONE },
        { machine: 'charlie', verdict: 'in-sync', ...NONE },
      ]);
    },
  );

  it('hidden finds the lost snapshot without any report', async () => {
    const fixture = await unpackFixture(name);
    const env = { WARDROBE_INDEX: await temporaryFolder('index'), ...(fixture.passphrase ? { WARDROBE_PASSPHRASE: fixture.passphrase } : {}) };
    const lost = (await readFile(join(fixture.expectedDir, 'lost-state.txt'), 'utf8')).trim();
    const run = await wardrobe(['at', fixture.storeDir, 'hidden', '--json'], env);
    expect(jsonLines(run.out).map((line) => line['id'])).toEqual([lost]);
  });
});
