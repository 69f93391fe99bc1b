'use client';
import type { MatrixColumnDto } from '@wardrobe/contracts';
import { type Cell, CELLS, figure } from '@wardrobe/words';
import { useMemo, useState } from 'react';
import { Badge } from '../cells/badge.js';
import { Button } from '../controls/button.js';
import { useTimes } from '../foundation/times-provider.js';
import { CELL_CODE, cellOf, countCells, runsOf } from '../matrix-kernel/index.js';
import type { MatrixMachine, MatrixModel } from './model.js';
import { type CellRun, groupWord, runSentence } from './sentences.js';
import type { MatrixCursor } from './view.js';

export type MatrixTableProps = {
  readonly model: MatrixModel;
  readonly columnInfo: (column: number) => MatrixColumnDto | undefined;
  readonly onGo: (cursor: MatrixCursor) => void;
};

const COUNTED: readonly Cell[] = CELLS.filter((cell) => cell !== 'none' && cell !== 'seen');
const FIRST_ROWS = 200;
const FIRST_RUNS = 12;

/** The same matrix as a table: one row per machine, counts per cell, then every exception. */
export function MatrixTable({ model, columnInfo, onGo }: MatrixTableProps) {
  const [rows, setRows] = useState(FIRST_ROWS);
  const shown = model.machines.slice(0, rows);
  const rest = model.machines.length - shown.length;
  return (
    <section className="panel" aria-label="Table">
      <table className="tbl mx-table">
        <caption className="sr">The same matrix as a table: one row per machine, counts per cell, then every exception</caption>
        <thead>
          <tr>
            <th scope="col">Machine</th>
            <th scope="col">Group</th>
            <th scope="col" className="num">
              Seen
            </th>
            {COUNTED.map((cell) => (
              <th key={cell} scope="col" className="num only-wide">
                {columnHead(cell)}
              </th>
            ))}
            <th scope="col">Exceptions</th>
          </tr>
        </thead>
        <tbody>
          {shown.map((machine, index) => (
            <TableRow key={machine.row.id} machine={machine} index={index} model={model} columnInfo={columnInfo} onGo={onGo} />
          ))}
        </tbody>
      </table>
      {rest > 0 ? (
        <p className="mx-more">
          <Button onClick={() => setRows(rows + 500)}>Show {figure(Math.min(500, rest))} more machines</Button>
        </p>
      ) : null}
    </section>
  );
}

function TableRow({ machine, index, model, columnInfo, onGo }: MatrixTableProps & { readonly machine: MatrixMachine; readonly index: number }) {
  const [runs, setRuns] = useState(FIRST_RUNS);
  const counts = useMemo(() => countCells(machine.cells), [machine]);
  const exceptions = useMemo(() => exceptionRuns(machine.cells, model.store), [machine, model]);
  return (
    <tr>
      <th scope="row">{machine.row.name}</th>
      <td className="muted">{groupWord(machine.row.group)}</td>
      <td className="num">
        {figure(counts.seen)}
        <span className="only-phone"> seen</span>
      </td>
      {COUNTED.map((cell) => (
        <td key={cell} className="num only-wide">
          {counts[cell] === 0 ? <span className="faint">0</span> : <b>{figure(counts[cell])}</b>}
        </td>
      ))}
      <td>
        {exceptions.length === 0 ? <span className="faint">none</span> : null}
        <ul className="mx-runs">
          {exceptions.slice(0, runs).map((run) => (
            <li key={run.first}>
              <Badge kind={cellOf(run.code)} /> <RunWords run={run} {...{ model, columnInfo }} onGo={() => onGo({ machine: index, column: run.first })} />
            </li>
          ))}
        </ul>
        {exceptions.length > runs ? (
          <Button small onClick={() => setRuns(exceptions.length)}>
            Show {figure(exceptions.length - runs)} more exceptions
          </Button>
        ) : null}
      </td>
    </tr>
  );
}

function RunWords({ run, model, columnInfo, onGo }: Pick<MatrixTableProps, 'model' | 'columnInfo'> & { readonly run: CellRun; readonly onGo: () => void }) {
  const times = useTimes();
  if (run.count > 1) {
    return (
      <button type="button" className="mx-go" onClick={onGo}>
        {runSentence(model, run, times)}
      </button>
    );
  }
  const snapshot = columnInfo(run.first);
  return (
    <button type="button" className="mx-go" onClick={onGo}>
      {snapshot === undefined ? null : <code title={snapshot.id}>{snapshot.id.slice(0, 8)}</code>}{' '}
      <span className="faint">{times.full(model.times[run.first] ?? 0)}</span>
    </button>
  );
}

function columnHead(cell: Cell): string {
  return cell.charAt(0).toUpperCase() + cell.slice(1);
}

/** Runs of cells other than `seen`; a run goes on over columns that are not in the store, as a person would count it. */
function exceptionRuns(cells: Uint8Array, store: Uint8Array): CellRun[] {
  const runs: CellRun[] = [];
  for (const { first, count, code } of runsOf(cells, (found) => found > CELL_CODE.seen)) {
    const before = runs.at(-1);
    const goesOn = before !== undefined && before.code === code && noneLive(store, before.end, first);
    if (goesOn) runs[runs.length - 1] = { ...before, end: first + count, count: before.count + count };
    else runs.push({ first, end: first + count, count, code });
  }
  return runs;
}

function noneLive(store: Uint8Array, from: number, to: number): boolean {
  for (let column = from; column < to; column++) if (store[column] === CELL_CODE.seen) return false;
  return true;
}
