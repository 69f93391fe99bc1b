import type { CellStoryDto } from '@wardrobe/contracts';
import { type Cell, counted, figure, listed } from '@wardrobe/words';
import { type Times, UTC_TIMES } from '../foundation/times.js';
import { CELL_CODE, type ColumnView } from '../matrix-kernel/index.js';
import { divergentCells, type MatrixModel } from './model.js';

/** What a cell means, as one or two sentences for the inspector. */
export const CELL_MEANING: Readonly<Record<Cell, string>> = {
  none: 'Not in the store, and this machine does not list it. They agree.',
  seen: 'In the store, and this machine lists it.',
  behind: 'In the store. This machine has not read that state yet; it will at its next use of the store.',
  'stale-delete': 'Deleted in the store. This machine still lists it until its next use of the store.',
  unknown: 'This machine has not reported since the snapshot was published. Nothing is known.',
  mismatch: 'In the store, and this machine has read that state, yet it does not list the snapshot. Its local cache is wrong.',
  'lost-delete': 'This machine deleted it, and the deletion never reached the store. Delete it again, or keep it.',
  unreadable: 'The state file that brings this snapshot is damaged. It can be rebuilt from packfiles.',
  phantom: 'Only this machine lists it: its state never reached the store. The data is in the store.',
  lost: 'Only this machine lists it, and its packfile is not in the store. The data is gone.',
};

/** The page's one sentence. */
export function matrixSentence(model: MatrixModel): string {
  if (model.machines.length === 0) return 'No machine has reported yet.';
  const cells = divergentCells(model);
  const all = figure(model.machines.length * model.columns);
  if (cells === 0) return `No divergent cell in ${all}.`;
  return `${counted(cells, 'divergent cell')} in ${all}, on ${counted(model.divergentMachines, 'machine')}.`;
}

/** "100 machines × 10,000 snapshots. 60 snapshots in view: 7 Nov 2026 to 12 Nov 2026." */
export function rangeSentence(model: MatrixModel, view: ColumnView, times: Times = UTC_TIMES): string {
  const size = `${counted(model.machines.length, 'machine')} × ${counted(model.columns, 'snapshot')}.`;
  if (model.columns === 0) return size;
  const first = Math.max(0, Math.floor(view.from));
  const last = Math.min(model.columns, Math.ceil(view.to)) - 1;
  const oldest = model.times[first] as number;
  const newest = model.times[last] as number;
  if (first === 0 && last === model.columns - 1) return `${size} All of it, ${times.month(oldest)} to now.`;
  const days = times.date(oldest) === times.date(newest) ? times.date(oldest) : `${times.date(oldest)} to ${times.date(newest)}`;
  return `${size} ${counted(last - first + 1, 'snapshot')} in view: ${days}.`;
}

/** Cells of one kind in a row: `end` is the column after the last, `count` leaves out columns that are not in the store. */
export type CellRun = { readonly first: number; readonly end: number; readonly count: number; readonly code: number };

/** "the newest 516, from 12 Oct 2026, 00:38 UTC"; "all 9,994 snapshots"; "4, from …" for a run in the middle. */
export function runSentence(model: MatrixModel, { first, end, count }: CellRun, times: Times = UTC_TIMES): string {
  const reachesEnd = !hasLive(model, end, model.columns);
  if (reachesEnd && count > 1 && !hasLive(model, 0, first)) return `all ${counted(count, 'snapshot')}`;
  return `${reachesEnd ? 'the newest ' : ''}${figure(count)}, from ${times.full(model.times[first] as number)}`;
}

/** "A" … "Z", "AA" …: the word for a group of machines with equal digest. */
export function groupWord(group: number): string {
  const letter = String.fromCharCode(65 + (((group % 26) + 26) % 26));
  return group >= 26 ? groupWord(Math.floor(group / 26) - 1) + letter : letter;
}

/** What the store's own row says about a column. */
export function storeWord(code: number, deleted: boolean | undefined): { readonly word: string; readonly meaning: string } {
  if (code === 0) return { word: deleted === true ? 'deleted' : 'not in the store', meaning: 'No readable state in the store brings it.' };
  if (code === 1) return { word: 'live', meaning: 'A state in the store brings it.' };
  return { word: 'unreadable', meaning: 'The state file that brings it cannot be read.' };
}

function hasLive(model: MatrixModel, from: number, to: number): boolean {
  for (let column = from; column < to; column++) if (model.store[column] === CELL_CODE.seen) return true;
  return false;
}

type Spell = CellStoryDto['spells'][number];

/** What a cell was and since when, in words: "Since 20 Nov. Before: behind from 12 Nov to 13 Nov." Empty when nothing is known. */
export function spellsSentence(spells: readonly Spell[], day: (ms: number) => string): string {
  const at = (time: string): string => day(Date.parse(time));
  const open = spells.find(({ endedAt }) => endedAt === null);
  const ended = spells.flatMap(({ cell, beganAt, endedAt }) => (endedAt === null ? [] : [`${cell} from ${at(beganAt)} to ${at(endedAt)}`]));
  const parts = [
    ...(open === undefined ? [] : [`First seen ${at(open.beganAt)}, last seen ${at(open.lastSeenAt)}.`]),
    ...(ended.length === 0 ? [] : [`Before: ${listed(ended)}.`]),
  ];
  return parts.join(' ');
}
