import { cpus, loadavg, totalmem } from 'node:os';
import { content } from './cases/content.js';
import type { BenchCase } from './cases/context.js';
import { explorer } from './cases/explorer.js';
import { matrix } from './cases/matrix.js';
import { open } from './cases/open.js';
import { pages } from './cases/pages.js';
import { remote } from './cases/remote.js';
import { server } from './cases/server.js';
import { start } from './cases/start.js';
import { openWorkFolder } from './folders.js';
import { printTable, type Section } from './table.js';

/**
 * `npm run bench --workspace @wardrobe/bench [-- NAME …]`: measures one or all and prints the table as markdown.
 * `BENCH_TURNS` (default 5): runs of each; `BENCH_STORES`: a folder that keeps the generated stores (about 6 GB) between runs.
 */
const CASES: Readonly<Record<string, BenchCase>> = { start, open, content, explorer, matrix, server, pages, remote };

const names = process.argv.slice(2);
const unknown = names.filter((name) => !Object.hasOwn(CASES, name));
if (unknown.length > 0) {
  process.stderr.write(`unknown: ${unknown.join(', ')}; there are ${Object.keys(CASES).join(', ')}\n`);
  process.exit(1);
}
const work = openWorkFolder(process.env['BENCH_STORES']);
const turns = Number(process.env['BENCH_TURNS'] ?? 5);
const sections: Section[] = [];
let failed = false;
for (const [name, run] of Object.entries(CASES)) {
  if (names.length > 0 && !names.includes(name)) continue;
  process.stderr.write(`measuring ${name} …\n`);
  const before = loadavg()[0] ?? 0;
  try {
    const section = await run({ work, turns });
    const load = `Load of the machine: ${before.toFixed(1)} before, ${(loadavg()[0] ?? 0).toFixed(1)} after.`;
    sections.push({ ...section, about: load });
    process.stderr.write(`${printTable([{ ...section, about: load }])}\n`);
  } catch (error) {
    failed = true;
    process.stderr.write(`${name} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  }
}
work.remove();
process.stdout.write(
  `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}; medians of ${turns} runs unless said otherwise.\n\n`,
);
process.stdout.write(`${printTable(sections)}\n`);
process.exit(failed ? 1 : 0);
