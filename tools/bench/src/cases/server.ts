import { addStore, readingEnds, type RunningConsole, startConsole } from '../console.js';
import { largest, median, repeat, timed } from '../statistics.js';
import { largeDirectory, largeFile, manyStates } from '../stores/generate.js';
import type { Row, Section } from '../table.js';
import type { BenchContext } from './context.js';

const ENTRIES = 100_000;
const LIMIT = 200;
const GIB = 2 ** 30;

/** The explorer over HTTP, and how late the main thread is while a large store is read and two downloads run. */
export async function server({ work, turns }: BenchContext): Promise<Section> {
  const directory = await work.store(`directory-${ENTRIES}`, (folder) => largeDirectory(folder, { entries: ENTRIES }));
  const states = await work.store('states', (folder) => manyStates(folder, { states: 1000, locationsPerState: 4000 }));
  const file = await work.store('file-1024', (folder) => largeFile(folder, { sizeBytes: GIB }));
  const rows: Row[] = [];
  const cold: number[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    const console = await startConsole([work.path]);
    try {
      const storeId = await addStore(console, { name: 'directory', location: directory });
      const snapshotId = await firstSnapshot(console, storeId);
      const page = (more: object) => timed(() => console.query('explorer.list', { storeId, snapshotId, path: '/data', limit: LIMIT, ...more }));
      cold.push((await page({})).ms);
      if (turn === turns - 1) rows.push(...(await warmPages(page)), ...(await underLoad(console, { states, file })));
    } finally {
      await console.stop();
    }
  }
  const first: Row = { what: 'first page, cold', value: median(cold), unit: 'ms', budget: 300 };
  return { title: `Server: explorer of ${ENTRIES.toLocaleString('en')} entries over HTTP, and its main thread under load`, rows: [first, ...rows] };
}

type Page = (more: object) => Promise<{ readonly ms: number; readonly value: unknown }>;

async function warmPages(page: Page): Promise<Row[]> {
  const at = (turn: number): number => Math.floor((((turn * 7919) % 997) / 997) * (ENTRIES - LIMIT));
  const warm = await repeat(30, () => page({}));
  await page({ offset: ENTRIES - LIMIT });
  const any = await repeat(40, (turn) => page({ offset: at(turn) }));
  const order = await timed(() => untilSorted(page));
  const sorted = await repeat(40, (turn) => page({ sort: '-size', offset: at(turn) }));
  const ms = (runs: readonly { readonly ms: number }[]): number => median(runs.map((run) => run.ms));
  const longest = (runs: readonly { readonly ms: number }[]): string => `the longest ${largest(runs.map((run) => run.ms)).toFixed(0)} ms`;
  return [
    { what: 'first page, warm', value: ms(warm), unit: 'ms', budget: 50, note: longest(warm) },
    { what: 'any page, warm', value: ms(any), unit: 'ms', budget: 100, note: longest(any) },
    { what: 'order by size ready', value: order.ms, unit: 'ms', budget: null, note: 'once, with progress' },
    { what: 'any page by size, warm', value: ms(sorted), unit: 'ms', budget: 100, note: longest(sorted) },
  ];
}

async function untilSorted(page: Page): Promise<void> {
  for (;;) {
    const { value } = await page({ sort: '-size' });
    if ((value as { readonly sortReady: boolean }).sortReady) return;
  }
}

/** A first reading of 1,000 states with 4,000,000 locations while a file of 1 GiB is downloaded twice at a time, again and again. */
async function underLoad(console: RunningConsole, stores: { readonly states: string; readonly file: string }): Promise<Row[]> {
  const fileStore = await addStore(console, { name: 'file', location: stores.file });
  const snapshotId = await firstSnapshot(console, fileStore);
  const url = `${console.baseUrl}/api/stores/${fileStore}/snapshots/${snapshotId}/content?path=${encodeURIComponent('/data/large.bin')}&download=1`;
  const stop = new AbortController();
  const downloads = [0, 1].map(() => downloadAgain(console, { url, until: stop.signal }));
  console.resetDelay();
  const reading = await timed(() => addStore(console, { name: 'states', location: stores.states }));
  const first = await console.readDelay();
  console.resetDelay();
  const later = await timed(async () => {
    await console.mutate('stores.refresh', { storeId: reading.value });
    await readingEnds(console, reading.value);
  });
  const second = await console.readDelay();
  stop.abort();
  const bytes = (await Promise.all(downloads)).reduce((sum, one) => sum + one, 0);
  const seconds = (reading.ms + later.ms) / 1000;
  return [
    {
      what: 'main thread’s delay, p99, first reading of 4,000,000 locations with two downloads',
      value: first.p99,
      unit: 'ms',
      budget: 50,
      note: `p50 ${first.p50.toFixed(1)} ms, the longest ${first.max.toFixed(0)} ms; ${(reading.ms / 1000).toFixed(1)} s`,
    },
    {
      what: 'main thread’s delay, p99, reading it again with two downloads',
      value: second.p99,
      unit: 'ms',
      budget: 50,
      note: `p50 ${second.p50.toFixed(1)} ms, the longest ${second.max.toFixed(0)} ms; ${(later.ms / 1000).toFixed(1)} s`,
    },
    { what: 'both downloads together meanwhile', value: bytes / 1e6 / seconds, unit: 'MB/s', budget: null },
    { what: 'server process, peak memory', value: second.peakMiB, unit: 'MiB', budget: null, note: 'database apart' },
  ];
}

/** Bytes received until told to stop. */
async function downloadAgain(console: RunningConsole, { url, until }: { readonly url: string; readonly until: AbortSignal }): Promise<number> {
  let bytes = 0;
  try {
    while (!until.aborted) {
      const response = await fetch(url, { headers: { cookie: console.cookie }, signal: until });
      if (!response.ok || response.body === null) throw new Error(`the download answered ${response.status}: ${(await response.text()).slice(0, 400)}`);
      for await (const piece of response.body) bytes += (piece as Uint8Array).length;
    }
  } catch (error) {
    if (!until.aborted) throw error;
  }
  return bytes;
}

async function firstSnapshot(console: RunningConsole, storeId: string): Promise<string> {
  const { rows } = await console.query<{ readonly rows: readonly { readonly id: string }[] }>('snapshots.list', { storeId });
  const id = rows[0]?.id;
  if (id === undefined) throw new Error('the store lists no snapshot');
  return id;
}
