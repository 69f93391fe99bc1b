import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../command.js';
import { buildCli } from '../folders.js';
import { largest, median, repeat } from '../statistics.js';
import { manyStates } from '../stores/generate.js';
import type { Section } from '../table.js';
import type { BenchContext } from './context.js';

/** First and later opening of 1,000 states with 4,000,000 locations, as whole processes (`info`). */
export async function open({ work, turns }: BenchContext): Promise<Section> {
  const cli = buildCli();
  const root = await work.store('states', (folder) => manyStates(folder, { states: 1000, locationsPerState: 4000 }));
  const args = ['at', root, 'info'];
  const first = await repeat(turns, () => {
    rmSync(join(work.path, 'index'), { recursive: true, force: true });
    return runCommand(cli, args, { folder: work.path });
  });
  const later = await repeat(turns * 2, () => runCommand(cli, args, { folder: work.path }));
  return {
    title: 'Opening 1,000 states with 4,000,000 locations (`info`, whole process)',
    rows: [
      { what: 'first, all states read and the index written', value: median(first.map((run) => run.wallMs)) / 1000, unit: 's', budget: 15 },
      { what: 'first, processor time', value: median(first.map((run) => run.cpuSeconds)), unit: 's', budget: null },
      { what: 'later, from the index', value: median(later.map((run) => run.wallMs)) / 1000, unit: 's', budget: 0.5 },
      { what: 'later, processor time', value: median(later.map((run) => run.cpuSeconds)), unit: 's', budget: null },
      { what: 'peak memory, the largest of all runs', value: largest([...first, ...later].map((run) => run.peakMiB)), unit: 'MiB', budget: 350 },
    ],
  };
}
