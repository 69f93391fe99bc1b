import { fsStore } from '@wardrobe/connector-fs';
import { openRepository, openSnapshot, type Snapshot } from '@wardrobe/kloset';
import { median, repeat, timed } from '../statistics.js';
import { largeDirectory } from '../stores/generate.js';
import type { Row, Section } from '../table.js';
import type { BenchContext } from './context.js';

const DIRECTORY = new Uint8Array(Buffer.from('/data'));
const LIMIT = 200;

/** Pages of large directories as the engine gives them: the repository is open, nothing of the snapshot was read yet. */
export async function explorer({ work, turns }: BenchContext): Promise<Section> {
  const rows: Row[] = [];
  for (const entries of [100_000, 1_000_000]) {
    const root = await work.store(`directory-${entries}`, (folder) => largeDirectory(folder, { entries }));
    rows.push(...(await measure(root, { entries, turns })));
  }
  return { title: `Explorer in the engine: pages of ${LIMIT} entries`, rows };
}

async function measure(root: string, options: { readonly entries: number; readonly turns: number }): Promise<Row[]> {
  const { entries, turns } = options;
  const label = `${entries.toLocaleString('en')} entries`;
  const has = entries === 100_000;
  const cold: number[] = [];
  let snapshot: Snapshot | null = null;
  for (let turn = 0; turn < turns; turn += 1) {
    const repository = await openRepository(fsStore(root));
    const id = repository.view.live[0]?.id;
    if (id === undefined) throw new Error(`no snapshot in ${root}`);
    const run = await timed(async () => {
      snapshot = await openSnapshot(repository, id);
      await snapshot.page(DIRECTORY, { limit: LIMIT });
    });
    cold.push(run.ms);
  }
  if (snapshot === null) throw new Error('at least one turn');
  const opened: Snapshot = snapshot;
  const at = (turn: number): number => Math.floor((((turn * 7919) % 997) / 997) * (entries - LIMIT));
  const warm = await repeat(20, () => timed(() => opened.page(DIRECTORY, { limit: LIMIT })));
  const jump = await timed(() => opened.page(DIRECTORY, { offset: entries - LIMIT, limit: LIMIT }));
  const any = await repeat(40, (turn) => timed(() => opened.page(DIRECTORY, { offset: at(turn), limit: LIMIT })));
  const list = await timed(() => opened.directoryIndex(DIRECTORY));
  const sorted = await timed(() => list.value.page({ by: 'size' }, { offset: 0, limit: LIMIT }));
  const bySize = await repeat(40, (turn) => timed(() => list.value.page({ by: 'size' }, { offset: at(turn), limit: LIMIT })));
  const ms = (runs: readonly { readonly ms: number }[]): number => median(runs.map((run) => run.ms));
  return [
    { what: `${label}: first page, cold`, value: median(cold), unit: 'ms', budget: has ? 300 : null },
    { what: `${label}: first page, warm`, value: ms(warm), unit: 'ms', budget: has ? 50 : null },
    { what: `${label}: last page, the first jump`, value: jump.ms, unit: 'ms', budget: has ? null : 300, note: 'walks the whole listing once' },
    { what: `${label}: any page, warm`, value: ms(any), unit: 'ms', budget: has ? 100 : null },
    { what: `${label}: offset list of the directory`, value: list.ms, unit: 'ms', budget: null, note: 'once, with progress' },
    { what: `${label}: first page by size after that`, value: sorted.ms, unit: 'ms', budget: null, note: 'sorts' },
    { what: `${label}: any page by size, warm`, value: ms(bySize), unit: 'ms', budget: has ? 100 : null },
  ];
}
