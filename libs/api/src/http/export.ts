import type { ServerResponse } from 'node:http';
import { idsOfSnapshots, type StoreRow } from '@wardrobe/db';
import { CELLS, cellSentence, DIVERGENT_CELLS, NEXT_STEP_OF_CELL, NEXT_STEP_SENTENCE } from '@wardrobe/words';
import type { Deps } from '../services/deps.js';
import { causeAt, type MatrixModel, type ModelRow } from '../services/matrix-model.js';
import type { Tracking } from '../services/tracking.js';
import { contentDisposition } from './disposition.js';

const EXPORTED = ['behind', 'stale-delete', 'unknown', ...DIVERGENT_CELLS] as const;

type ExportCell = {
  readonly machine: string;
  readonly machineId: string;
  readonly snapshot: string;
  readonly cell: string;
  readonly cause: string;
  readonly nextStep: string;
  readonly cache: string | null;
};

/** Machines with their verdicts and every cell that is neither seen nor none, with its cause. */
export async function sendDivergence(
  deps: Deps,
  tracking: Tracking,
  { storeId, format, res }: { storeId: string; format: 'json' | 'csv'; res: ServerResponse },
): Promise<void> {
  const { store, model } = await tracking.model(storeId);
  const ids = await idsOfSnapshots(deps.db, storeId);
  const name = `divergence-${store.name}.${format}`;
  res.setHeader('content-disposition', contentDisposition('attachment', name));
  res.setHeader('cache-control', 'no-store');
  res.setHeader('x-content-type-options', 'nosniff');
  if (format === 'csv') {
    res.setHeader('content-type', 'text/csv; charset=utf-8');
    res.end(csv(deps, model, ids));
    return;
  }
  res.setHeader('content-type', 'application/json; charset=utf-8');
  res.end(JSON.stringify(jsonExport(deps, store, { model, ids })));
}

function jsonExport(deps: Deps, store: StoreRow, { model, ids }: { model: MatrixModel; ids: ReadonlyMap<number, string> }): object {
  return {
    store: { id: store.id, name: store.name, repositoryId: store.repositoryId },
    readAt: store.lastReadAt?.toISOString() ?? null,
    createdAt: new Date(deps.clock.nowMs()).toISOString(),
    machines: model.rows.map((row) => ({
      machine: row.machine.name,
      machineId: row.machine.machineId,
      verdict: row.verdict,
      lastReportAt: row.machine.lastReportAt?.toISOString() ?? null,
      counts: Object.fromEntries(EXPORTED.map((cell) => [cell, row.counts[cell]])),
      cells: cellsOf(deps, model, { row, ids }).map(({ machine: _machine, machineId: _machineId, ...cell }) => cell),
    })),
  };
}

function cellsOf(deps: Deps, model: MatrixModel, { row, ids }: { row: ModelRow; ids: ReadonlyMap<number, string> }): ExportCell[] {
  return Array.from(row.columns, (column, index) => {
    const snapshot = ids.get(model.nums[column] ?? 0) ?? '';
    const cell = CELLS[row.cells[index] ?? 0] ?? 'none';
    const { cause, cache } = causeAt(row, index);
    return {
      machine: row.machine.name,
      machineId: row.machine.machineId,
      snapshot,
      cell,
      cause: cellSentence(cell, cause, { machine: row.machine.name, snapshot, cache, nowMs: deps.clock.nowMs() }),
      nextStep: NEXT_STEP_SENTENCE[NEXT_STEP_OF_CELL[cell]],
      cache,
    };
  });
}

function csv(deps: Deps, model: MatrixModel, ids: ReadonlyMap<number, string>): string {
  const lines = ['machine,machineId,verdict,snapshot,cell,cause,nextStep,cache'];
  for (const row of model.rows) {
    const head = [row.machine.name, row.machine.machineId, row.verdict];
    const cells = cellsOf(deps, model, { row, ids });
    if (cells.length === 0) lines.push([...head, '', '', '', '', ''].map(field).join(','));
    for (const cell of cells) lines.push([...head, cell.snapshot, cell.cell, cell.cause, cell.nextStep, cell.cache ?? ''].map(field).join(','));
  }
  return `${lines.join('\r\n')}\r\n`;
}

/** RFC 4180. A field that a spreadsheet would run as a formula begins with an apostrophe. */
function field(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
