import { runCommand } from '../command.js';
import { buildCli } from '../folders.js';
import { median, repeat } from '../statistics.js';
import { smallStore } from '../stores/generate.js';
import type { Section } from '../table.js';
import type { BenchContext } from './context.js';

/** `ls` on a small plain store, whole process, index there. */
export async function start({ work, turns }: BenchContext): Promise<Section> {
  const cli = buildCli();
  const root = await work.store('small', (folder) => smallStore(folder));
  const args = ['at', root, 'ls'];
  await runCommand(cli, args, { folder: work.path });
  const walls = await repeat(turns * 3, () => runCommand(cli, args, { folder: work.path, bare: true }));
  const used = await repeat(turns, () => runCommand(cli, args, { folder: work.path }));
  return {
    title: 'Command line: a small plain store',
    rows: [
      { what: '`ls`, whole process', value: median(walls.map((run) => run.wallMs)), unit: 'ms', budget: 250 },
      { what: '`ls`, processor time', value: median(used.map((run) => run.cpuSeconds)) * 1000, unit: 'ms', budget: null },
      { what: '`ls`, peak memory', value: median(used.map((run) => run.peakMiB)), unit: 'MiB', budget: null },
    ],
  };
}
