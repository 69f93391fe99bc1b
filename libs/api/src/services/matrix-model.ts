import { type Availability, type Db, type DecisionRow, listDecisions, machineRows, type MachineStoreRow, matrixColumns } from '@wardrobe/db';
import { type CellResult, encodeRow, type EncodedRow, type MachineResult, verdictOf } from '@wardrobe/tracking';
import { CELL_SEVERITY, CELLS, type Cause, type Cell, DIVERGENT_CELLS, VERDICTS, type Verdict } from '@wardrobe/words';

/** One machine over the columns. `exceptions` are column, cell and cause of what is neither seen nor none, in column order. */
export type ModelRow = {
  readonly machine: MachineStoreRow;
  readonly verdict: Verdict;
  readonly worst: Cell;
  readonly counts: Readonly<Record<Cell, number>>;
  readonly encoded: EncodedRow;
  readonly columns: Int32Array;
  readonly cells: Uint8Array;
  readonly causes: Int32Array;
  readonly newestSeenSeconds: number | null;
  /** Cells about which somebody decided. */
  readonly decided: number;
  /** Machines with equal rows share a group; groups count from 0, worst first. */
  readonly group: number;
};

/** Machines × snapshots of one store at one revision. Columns are in time order; those without a known time stand last. */
export type MatrixModel = {
  readonly revision: string;
  readonly nums: Int32Array;
  readonly seconds: Float64Array;
  readonly availability: readonly Availability[];
  readonly live: Uint8Array;
  readonly columnOf: ReadonlyMap<number, number>;
  readonly rows: readonly ModelRow[];
  /** Machines (retired ones left out) that list the snapshot of each column. */
  readonly listedBy: Int32Array;
  readonly decisions: readonly DecisionRow[];
};

type Options = { readonly storeId: string; readonly revision: string; readonly retired: boolean; readonly nowMs: number; readonly limitMs: number };

/** Columns: what is live, what any machine's row says something about, and what is hidden or unreadable. Rows: worst first. */
export async function loadMatrix(db: Db, options: Options): Promise<MatrixModel> {
  const [all, machines, decisions] = await Promise.all([
    matrixColumns(db, options.storeId),
    machineRows(db, options.storeId, { retired: options.retired }),
    listDecisions(db, options.storeId),
  ]);
  const named = new Set<number>();
  for (const machine of machines) for (const num of machine.exceptionSnapshots) named.add(num);
  const kept = [...all.nums.keys()].filter((at) => named.has(all.nums[at] ?? 0) || (all.availability[at] !== 'absent' && all.availability[at] !== 'deleted'));
  const nums = Int32Array.from(kept, (at) => all.nums[at] ?? 0);
  const availability = kept.map((at) => all.availability[at] ?? 'absent');
  const live = new Uint8Array(nums.length);
  availability.forEach((kind, column) => {
    live[column] = kind === 'live' ? 1 : 0;
  });
  const plain = live.map((isLive) => (isLive === 1 ? CELL_SEVERITY.seen : CELL_SEVERITY.none));
  const seconds = knownTimes(Float64Array.from(kept, (at) => all.takenAtSeconds[at] ?? -1));
  const columnOf = new Map<number, number>();
  for (const [column, num] of nums.entries()) columnOf.set(num, column);
  const base = { nums, live, seconds, columnOf, plain, decisions, liveCount: live.reduce((sum, isLive) => sum + isLive, 0) };
  const rows = machines.map((machine) => modelRow(machine, base, options));
  return { revision: options.revision, availability, nums, live, seconds, columnOf, rows: grouped(rows), listedBy: listedBy(live, rows), decisions };
}

/** A column without a time takes the one before it, so that times never fall. */
function knownTimes(seconds: Float64Array): Float64Array {
  let last = seconds.find((value) => value >= 0) ?? 0;
  for (let at = 0; at < seconds.length; at += 1) {
    const value = seconds[at] ?? -1;
    if (value >= 0) last = Math.max(last, value);
    seconds[at] = last;
  }
  return seconds;
}

/** An exception of a live column says that the machine does not list it, one of another column that it does. */
function listedBy(live: Uint8Array, rows: readonly ModelRow[]): Int32Array {
  const active = rows.filter(({ machine }) => machine.retiredAt === null);
  const counts = new Int32Array(live.length);
  for (let column = 0; column < live.length; column += 1) counts[column] = live[column] === 1 ? active.length : 0;
  for (const row of active) for (const column of row.columns) counts[column] = (counts[column] ?? 0) + (live[column] === 1 ? -1 : 1);
  return counts;
}

type Base = Pick<MatrixModel, 'nums' | 'live' | 'seconds' | 'columnOf' | 'decisions'> & { readonly plain: Uint8Array; readonly liveCount: number };

function modelRow(machine: MachineStoreRow, base: Base, { nowMs, limitMs }: Options): ModelRow {
  const { live, seconds, columnOf } = base;
  const cells = base.plain.slice();
  const found: { column: number; cell: number; cause: number }[] = [];
  machine.exceptionSnapshots.forEach((num, index) => {
    const column = columnOf.get(num);
    const cell = machine.exceptionCells[index] ?? 0;
    if (column === undefined) return;
    cells[column] = cell;
    found.push({ column, cell, cause: machine.exceptionCauses[index] ?? 0 });
  });
  found.sort((a, b) => a.column - b.column);
  const counts = countsOf(found, base);
  let newest = cells.length - 1;
  while (newest >= 0 && cells[newest] !== CELL_SEVERITY.seen) newest -= 1;
  return {
    machine,
    verdict: verdictOf(counts, machine.lastReportAt?.getTime() ?? null, { nowMs, limitMs }),
    worst: CELLS.findLast((cell) => cell !== 'none' && cell !== 'seen' && counts[cell] > 0) ?? 'seen',
    counts,
    encoded: found.length === 0 ? { watermark: cells.length, after: CELL_SEVERITY.seen, exceptions: [] } : encodeRow(cells, live),
    columns: Int32Array.from(found, ({ column }) => column),
    cells: Uint8Array.from(found, ({ cell }) => cell),
    causes: Int32Array.from(found, ({ cause }) => cause),
    newestSeenSeconds: newest < 0 ? null : (seconds[newest] ?? null),
    decided: base.decisions.filter(({ machineId, num }) => machineId === machine.machineId && isLostDelete(cells, columnOf.get(num))).length,
    group: 0,
  };
}

function isLostDelete(cells: Uint8Array, column: number | undefined): boolean {
  return column !== undefined && cells[column] === CELL_SEVERITY['lost-delete'];
}

/** Whether a machine has a divergent cell that nobody decided about. */
export function needsDecision(row: Pick<ModelRow, 'counts' | 'decided'>): boolean {
  return DIVERGENT_CELLS.reduce((sum, cell) => sum + row.counts[cell], 0) > row.decided;
}

function countsOf(found: readonly { column: number; cell: number }[], { live, liveCount }: Base): Record<Cell, number> {
  const byRank = new Array<number>(CELLS.length).fill(0);
  let seen = liveCount;
  for (const { column, cell } of found) {
    byRank[cell] = (byRank[cell] ?? 0) + 1;
    if (live[column] === 1) seen -= 1;
  }
  byRank[CELL_SEVERITY.seen] = seen;
  return Object.fromEntries(CELLS.map((cell, rank) => [cell, byRank[rank] ?? 0])) as Record<Cell, number>;
}

/** Worst verdict, worst cell, then larger groups of equal machines; names within a group. */
function grouped(rows: readonly ModelRow[]): ModelRow[] {
  const keyOf = (row: ModelRow): string => `${row.machine.digest}|${row.verdict}|${JSON.stringify(row.encoded)}`;
  const members = new Map<string, ModelRow[]>();
  for (const row of rows) members.set(keyOf(row), [...(members.get(keyOf(row)) ?? []), row]);
  const groups = [...members.values()].sort(([a], [b]) => (a && b ? compareRows(a, b) : 0));
  return groups.flatMap((group, index) =>
    group.sort((a, b) => a.machine.name.localeCompare(b.machine.name, 'en', { numeric: true })).map((row) => ({ ...row, group: index })),
  );
}

function compareRows(a: ModelRow, b: ModelRow): number {
  return (
    VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict) ||
    CELL_SEVERITY[b.worst] - CELL_SEVERITY[a.worst] ||
    a.machine.name.localeCompare(b.machine.name, 'en', { numeric: true })
  );
}

/** The cause that an exception of a row points to. */
export function causeAt(row: ModelRow, index: number): { cause: Cause; cache: string | null; user: string | null } {
  const found = row.machine.causes[row.causes[index] ?? -1];
  // Written by this library from the engine's own values (computing.ts): the database gives back what was put in.
  return found === undefined
    ? { cause: { kind: 'listed' }, cache: null, user: null }
    : { cause: found.cause as unknown as Cause, cache: found.cache, user: found.user };
}

/** A row as the tracking library gave it, with ids in hex. */
export function resultOf(model: MatrixModel, row: ModelRow, idOf: (num: number) => string): MachineResult {
  const exceptions: CellResult[] = [];
  for (const [index, column] of row.columns.entries())
    exceptions.push({ snapshot: idOf(model.nums[column] ?? 0), cell: CELLS[row.cells[index] ?? 0] ?? 'none', ...causeAt(row, index) });
  exceptions.sort((a, b) => (a.snapshot < b.snapshot ? -1 : 1));
  return {
    machine: row.machine.machineId,
    verdict: row.verdict,
    counts: row.counts,
    worst: row.worst,
    exceptions,
    digest: row.machine.digest,
    newestSeenAtMs: row.newestSeenSeconds === null ? null : row.newestSeenSeconds * 1000,
    lastReportAtMs: row.machine.lastReportAt?.getTime() ?? null,
  };
}
