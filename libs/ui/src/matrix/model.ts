import type { MachineRowDto, MachinesPageDto } from '@wardrobe/contracts';
import { CELL_CODE, type ColumnRun, decodeRows, decodeTimes, FIRST_DIVERGENT_CODE, runsOf, worstRow } from '../matrix-kernel/index.js';

/** A machine with its decoded cells. */
export type MatrixMachine = { readonly row: MachineRowDto; readonly cells: Uint8Array };

/** Place of a cell: `machine` is an index into `machines`, or -1 for the store's own row. */
export type CellPlace = { readonly machine: number; readonly column: number };

/** What the matrix draws: everything decoded once per answer of the server. */
export type MatrixModel = {
  readonly columns: number;
  /** Milliseconds since the epoch, oldest first. */
  readonly times: Float64Array;
  readonly machines: readonly MatrixMachine[];
  /** The store's own row: live, unreadable, or nothing. */
  readonly store: Uint8Array;
  readonly worst: Uint8Array;
  /** Divergent cells by column, then by machine; each cell of a run on its own. */
  readonly divergences: readonly CellPlace[];
  readonly divergentMachines: number;
};

/** Above this many divergent cells `n` and `p` go by runs, so that a whole lost year is one stop. */
const MOST_SINGLE_STOPS = 5000;

export function matrixModel(page: MachinesPageDto): MatrixModel {
  const columns = page.columns;
  const inOrder = groupsTogether(page.machines);
  const decoded = decodeRows(
    inOrder.map((machine) => machine.row),
    page.absentColumns,
    columns,
  );
  const machines = inOrder.map((row, index) => ({ row, cells: decoded[index] as Uint8Array }));
  const stops = machines.map(({ cells }) => runsOf(cells, (code) => code >= FIRST_DIVERGENT_CODE));
  const divergentMachines = stops.filter((runs) => runs.length > 0).length;
  return {
    columns,
    times: decodeTimes(page.columnTimes),
    machines,
    store: storeRow(page.absentColumns, decoded, columns),
    worst: worstRow(
      decoded.filter((_, index) => hasReported(machines[index])),
      columns,
    ),
    divergences: placesOf(stops),
    divergentMachines,
  };
}

/** How many divergent cells there are, runs counted in full. */
export function divergentCells(model: MatrixModel): number {
  return model.machines.reduce((sum, { cells }) => {
    let count = sum;
    for (const code of cells) if (code >= FIRST_DIVERGENT_CODE) count++;
    return count;
  }, 0);
}

/** Machines of one group stand together, at the place of the group's first; the server's order (worst first) is kept otherwise. */
function groupsTogether(machines: readonly MachineRowDto[]): MachineRowDto[] {
  const groups = new Map<number, MachineRowDto[]>();
  for (const machine of machines) {
    const group = groups.get(machine.group);
    if (group === undefined) groups.set(machine.group, [machine]);
    else group.push(machine);
  }
  return [...groups.values()].flat();
}

/** A machine that never reported would paint the whole overview as unknown, and hide the rest. */
function hasReported(machine: MatrixMachine | undefined): boolean {
  return machine !== undefined && machine.row.lastReportAt !== null;
}

function storeRow(absentColumns: readonly ColumnRun[], rows: readonly Uint8Array[], columns: number): Uint8Array {
  const store = new Uint8Array(columns).fill(CELL_CODE.seen);
  for (const [first, count] of absentColumns) store.fill(CELL_CODE.none, Math.max(0, first), Math.min(columns, first + count));
  for (const row of new Set(rows)) {
    for (let column = 0; column < columns; column++) if (row[column] === CELL_CODE.unreadable) store[column] = CELL_CODE.unreadable;
  }
  return store;
}

function placesOf(stops: readonly { first: number; count: number }[][]): CellPlace[] {
  const cells = stops.flat().reduce((sum, run) => sum + run.count, 0);
  const each = cells <= MOST_SINGLE_STOPS;
  const places = stops.flatMap((runs, machine) =>
    runs.flatMap(({ first, count }) => Array.from({ length: each ? count : 1 }, (_, step) => ({ machine, column: first + step }))),
  );
  return places.sort((a, b) => a.column - b.column || a.machine - b.machine);
}
