import {
  type Availability,
  type Db,
  type DecisionRow,
  listDecisions,
  machineRows,
  machineRowVersions,
  type MachineStoreRow,
  matrixColumns,
  type MatrixColumns,
  verdictSpells,
} from '@wardrobe/db';
import { type CellResult, encodeRow, type EncodedRow, type MachineResult, verdictOf } from '@wardrobe/tracking';
import { CELL_SEVERITY, CELLS, type Cause, type Cell, DIVERGENT_CELLS, VERDICTS, type Verdict } from '@wardrobe/words';
import { type VerdictHistory, verdictHistory } from './verdict-history.js';

/** One machine over the columns. `exceptions` are column, cell and cause of what is neither seen nor none, in column order. */
export type ModelRow = {
  readonly machine: MachineStoreRow;
  readonly verdict: Verdict;
  readonly worst: Cell;
  readonly counts: Readonly<Record<Cell, number>>;
  readonly encoded: EncodedRow;
  /** Equal for rows that show the same. */
  readonly equalKey: string;
  readonly columns: Int32Array;
  readonly cells: Uint8Array;
  readonly causes: Int32Array;
  readonly newestSeenSeconds: number | null;
  /** What made its verdict, from each change on: seconds and cell code, oldest first. */
  readonly history: readonly (readonly [seconds: number, cell: number])[];
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

type Options = {
  readonly storeId: string;
  readonly revision: string;
  readonly columnsRevision: string;
  readonly retired: boolean;
  readonly nowMs: number;
  readonly limitMs: number;
};

/** What a model was made from: the next one reads only what changed since. */
export type MatrixSource = {
  readonly columnsRevision: string;
  readonly all: MatrixColumns;
  readonly machines: ReadonlyMap<string, { readonly version: string; readonly row: MachineStoreRow; readonly history: VerdictHistory }>;
  readonly base: Base;
  readonly rows: ReadonlyMap<string, ModelRow>;
};
export type LoadedMatrix = { readonly model: MatrixModel; readonly source: MatrixSource };

/**
 * Columns: what is live, what any machine's row says something about, and what is hidden or unreadable. Rows: worst first.
 * @param before after a report only its machine's row is read and laid over the columns
 */
export async function loadMatrix(db: Db, options: Options, before?: MatrixSource): Promise<LoadedMatrix> {
  const { storeId, retired } = options;
  const isFresh = before?.columnsRevision === options.columnsRevision;
  const [versions, decisions, all] = await Promise.all([
    machineRowVersions(db, storeId, { retired }),
    listDecisions(db, storeId),
    before !== undefined && isFresh ? before.all : matrixColumns(db, storeId),
  ]);
  const changed = versions.filter(({ machineId, version }) => before?.machines.get(machineId)?.version !== version).map(({ machineId }) => machineId);
  const [loaded, spells] =
    changed.length === 0 ? [[], []] : await Promise.all([machineRows(db, storeId, { retired, machineIds: changed }), verdictSpells(db, storeId, changed)]);
  const fresh = new Map(loaded.map((row) => [row.machineId, row]));
  const spellOf = new Map(spells.map((spell) => [spell.machineId, spell]));
  const machines = new Map<string, { version: string; row: MachineStoreRow; history: VerdictHistory }>();
  for (const { machineId, version } of versions) {
    const row = fresh.get(machineId) ?? before?.machines.get(machineId)?.row;
    if (row === undefined) continue;
    const spell = spellOf.get(machineId);
    const history = spell === undefined ? (before?.machines.get(machineId)?.history ?? []) : verdictHistory(spell, options.nowMs / 1000);
    machines.set(machineId, { version, row, history });
  }
  const base = baseOf({ all, machines: [...machines.values()].map(({ row }) => row), decisions }, before?.all === all ? before.base : undefined);
  const isSameBase = base.nums === before?.base.nums;
  const rows = new Map<string, ModelRow>();
  for (const [machineId, { row, history }] of machines) {
    const known = isSameBase && !fresh.has(machineId) ? before?.rows.get(machineId) : undefined;
    rows.set(machineId, known === undefined ? modelRow({ machine: row, history }, base, options) : renewed(known, base, options));
  }
  const { nums, live, seconds, availability, columnOf } = base;
  const list = [...rows.values()];
  const model = { revision: options.revision, availability, nums, live, seconds, columnOf, rows: grouped(list), listedBy: listedBy(live, list), decisions };
  return { model, source: { columnsRevision: options.columnsRevision, all, machines, base, rows } };
}

type BaseInput = { readonly all: MatrixColumns; readonly machines: readonly MachineStoreRow[]; readonly decisions: readonly DecisionRow[] };

/** The columns that are shown. They stay the very same ones while no machine names another snapshot. */
function baseOf({ all, machines, decisions }: BaseInput, before: Base | undefined): Base {
  const named = new Set<number>();
  for (const machine of machines) for (const num of machine.exceptionSnapshots) named.add(num);
  const kept = new Int32Array(all.nums.length);
  let count = 0;
  for (let at = 0; at < all.nums.length; at += 1) {
    const kind = all.availability[at];
    if ((kind !== 'absent' && kind !== 'deleted') || named.has(all.nums[at] ?? 0)) kept[count++] = at;
  }
  const nums = kept.subarray(0, count).map((at) => all.nums[at] ?? 0);
  if (before !== undefined && equalNums(before.nums, nums)) return { ...before, decisions };
  const availability = Array.from(kept.subarray(0, count), (at) => all.availability[at] ?? 'absent');
  const live = new Uint8Array(count);
  availability.forEach((kind, column) => {
    live[column] = kind === 'live' ? 1 : 0;
  });
  const plain = live.map((isLive) => (isLive === 1 ? CELL_SEVERITY.seen : CELL_SEVERITY.none));
  const seconds = knownTimes(Float64Array.from(kept.subarray(0, count), (at) => all.takenAtSeconds[at] ?? -1));
  const columnOf = new Map<number, number>();
  for (const [column, num] of nums.entries()) columnOf.set(num, column);
  return { nums, live, seconds, availability, columnOf, plain, decisions, liveCount: live.reduce((sum, isLive) => sum + isLive, 0) };
}

function equalNums(a: Int32Array, b: Int32Array): boolean {
  return a.length === b.length && a.every((num, at) => num === b[at]);
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

type Base = Pick<MatrixModel, 'nums' | 'live' | 'seconds' | 'columnOf' | 'availability' | 'decisions'> & {
  readonly plain: Uint8Array;
  readonly liveCount: number;
};

type RowInput = { readonly machine: MachineStoreRow; readonly history: VerdictHistory };

/** A row over columns that are still the same: only time has gone by, and somebody may have decided. */
function renewed(row: ModelRow, base: Base, { nowMs, limitMs }: Options): ModelRow {
  const verdict = verdictOf(row.counts, row.machine.lastReportAt?.getTime() ?? null, { nowMs, limitMs });
  return { ...row, verdict, decided: decidedOf(row, base) };
}

function decidedOf({ machine, columns, cells }: Pick<ModelRow, 'machine' | 'columns' | 'cells'>, { decisions, columnOf }: Base): number {
  return decisions.filter(({ machineId, num }) => {
    const at = machineId === machine.machineId ? columns.indexOf(columnOf.get(num) ?? -1) : -1;
    return at >= 0 && cells[at] === CELL_SEVERITY['lost-delete'];
  }).length;
}

function modelRow({ machine, history }: RowInput, base: Base, { nowMs, limitMs }: Options): ModelRow {
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
  const row = {
    machine,
    history,
    columns: Int32Array.from(found, ({ column }) => column),
    cells: Uint8Array.from(found, ({ cell }) => cell),
    causes: Int32Array.from(found, ({ cause }) => cause),
  };
  const encoded = found.length === 0 ? { watermark: cells.length, after: CELL_SEVERITY.seen, exceptions: [] } : encodeRow(cells, live);
  return {
    ...row,
    verdict: verdictOf(counts, machine.lastReportAt?.getTime() ?? null, { nowMs, limitMs }),
    worst: CELLS.findLast((cell) => cell !== 'none' && cell !== 'seen' && counts[cell] > 0) ?? 'seen',
    counts,
    encoded,
    equalKey: `${machine.digest}|${JSON.stringify(encoded)}`,
    newestSeenSeconds: newest < 0 ? null : (seconds[newest] ?? null),
    decided: decidedOf(row, base),
    group: 0,
  };
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
  const members = new Map<string, ModelRow[]>();
  for (const row of rows) {
    const key = `${row.verdict}|${row.equalKey}`;
    const known = members.get(key);
    if (known) known.push(row);
    else members.set(key, [row]);
  }
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
