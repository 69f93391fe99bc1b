import type { MachineRowDto } from '@wardrobe/contracts';
import { type Cause, type Cell, CELLS, counted, NEXT_STEP_OF_CELL, NEXT_STEP_SENTENCE, rowCause, spanWord, type Verdict } from '@wardrobe/words';
import { causeAt, type ModelRow } from './matrix-model.js';

/** The row of one machine as the pages show it. */
export function machineRowDto(row: ModelRow, nowMs: number): MachineRowDto {
  const { machine } = row;
  const cell = spokenCell(row);
  return {
    id: machine.machineId,
    name: machine.name,
    hostName: machine.hostName,
    os: machine.os,
    tool: toolOf(machine.facts),
    verdict: row.verdict,
    worst: row.verdict === 'unknown' ? 'unknown' : row.worst,
    cause: causeText(row, cell, nowMs),
    nextStep: isAllDecided(row, cell) ? NEXT_STEP_SENTENCE.none : NEXT_STEP_SENTENCE[NEXT_STEP_OF_CELL[cell]],
    counts: Object.fromEntries(Object.entries(row.counts).filter(([name, count]) => count > 0 && name !== 'none')),
    digest: machine.digest,
    group: row.group,
    newestSeenAt: row.newestSeenSeconds === null ? null : new Date(row.newestSeenSeconds * 1000).toISOString(),
    lastReportAt: machine.lastReportAt?.toISOString() ?? null,
    retired: machine.retiredAt !== null,
    row: {
      watermark: row.encoded.watermark,
      after: row.encoded.after,
      exceptions: row.encoded.exceptions.map(([first, count, code]): [number, number, number] => [first, count, code]),
    },
    history: row.history.map(([at, code]): [number, number] => [at, code]),
  };
}

/** The cell that the row's sentence speaks of: the one that makes the verdict. */
export function spokenCell(row: Pick<ModelRow, 'verdict' | 'worst' | 'counts'>): Cell {
  if (row.verdict === 'diverged') return row.worst;
  if (row.verdict === 'unknown') return 'unknown';
  if (row.verdict === 'behind') return row.counts['stale-delete'] > 0 ? 'stale-delete' : 'behind';
  return 'seen';
}

/** Its worst cells are deletions that never reached the store, and each of those snapshots is to be kept. */
function isAllDecided(row: ModelRow, cell: Cell): boolean {
  return cell === 'lost-delete' && row.decided === row.counts['lost-delete'];
}

function causeText(row: ModelRow, cell: Cell, nowMs: number): string {
  const lastReportMs = row.machine.lastReportAt?.getTime() ?? null;
  const { states, packfiles, newestMs } = causeFacts(row, cell);
  const text = rowCause({ cell, count: cell === 'unknown' ? 0 : row.counts[cell], states, packfiles, newestMs, lastReportMs, nowMs });
  if (isAllDecided(row, cell)) return `Deleted ${counted(row.decided, 'snapshot')}; the store keeps ${row.decided === 1 ? 'it' : 'them'}, as decided`;
  if (row.verdict === 'unknown' && lastReportMs !== null) return `${text}; was ${WAS[verdictThen(row)]} then`;
  if (row.verdict === 'behind' && cell === 'stale-delete' && row.counts.behind > 0)
    return `${text}, and ${rowCause({ cell: 'behind', count: row.counts.behind, states, packfiles, newestMs: null, lastReportMs, nowMs }).replace('Has', 'has')}`;
  if (row.verdict === 'in-sync' && row.counts.unknown > 0 && lastReportMs !== null)
    return `${text.replace('holds', 'held')} at its last report ${spanWord(nowMs - lastReportMs)} ago`;
  return text;
}

const WAS: Readonly<Record<Verdict, string>> = { diverged: 'diverged', unknown: 'unknown', behind: 'behind', 'in-sync': 'in sync' };

function verdictThen(row: ModelRow): Verdict {
  return row.counts.behind + row.counts['stale-delete'] > 0 ? 'behind' : 'in-sync';
}

function causeFacts(row: ModelRow, cell: Cell): { states: string[]; packfiles: string[]; newestMs: number | null } {
  const states = new Set<string>();
  const packfiles = new Set<string>();
  let newestMs: number | null = null;
  const rank = CELLS.indexOf(cell);
  row.cells.forEach((code, index) => {
    if (code !== rank) return;
    const { cause } = causeAt(row, index);
    for (const state of statesOf(cause)) states.add(state);
    for (const packfile of packfilesOf(cause)) packfiles.add(packfile);
    if (cause.kind === 'deleted-in-store' && cause.whenMs !== null) newestMs = Math.max(newestMs ?? 0, cause.whenMs);
  });
  return { states: [...states].sort(), packfiles: [...packfiles].sort(), newestMs };
}

export function statesOf(cause: Cause): readonly string[] {
  return 'states' in cause ? cause.states : [];
}

export function packfilesOf(cause: Cause): readonly string[] {
  return 'packfiles' in cause ? cause.packfiles : [];
}

/** The programs whose caches the machine has, as computing.ts wrote them. */
export function toolOf(facts: unknown): string {
  return typeof facts === 'object' && facts !== null && 'tool' in facts && typeof facts.tool === 'string' ? facts.tool : '';
}
