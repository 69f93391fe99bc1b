import type { MatrixMachine, MatrixModel } from './model.js';

/** A row of the matrix in CSS pixels. `machine` is -1 for the store; a thin row may stand for several equal machines. */
export type MatrixRow = { readonly machine: number; readonly cells: Uint8Array; readonly y: number; readonly height: number };

/** What stands in the gutter beside the rows. */
export type GutterItem =
  | { readonly kind: 'store'; readonly y: number; readonly height: number }
  | { readonly kind: 'machine'; readonly machine: number; readonly row: number; readonly y: number; readonly height: number }
  | { readonly kind: 'group'; readonly machine: number; readonly row: number; readonly count: number; readonly y: number; readonly height: number };

export type MatrixLayout = { readonly rows: readonly MatrixRow[]; readonly gutter: readonly GutterItem[]; readonly height: number };

/** A group of more equal machines than this is drawn as thin rows under one label. */
export const LARGEST_NAMED_GROUP = 3;
const THIN = 3;
const GAP = 6;
const INSET = 3;
/** Lowest group label: icon, count and digest need two lines. */
const GROUP_LABEL = 44;
/** Most thin rows of one group; beyond it a row stands for several machines, the worst of them wins. */
const MOST_THIN_ROWS = 240;

/** Groups that differ get rows tall enough for form and name; the agreeing crowd gets thin ones. `tall` is 24, on phones 28. */
export function matrixLayout(model: MatrixModel, tall: number): MatrixLayout {
  const rows: MatrixRow[] = [{ machine: -1, cells: model.store, y: INSET, height: tall - 2 * INSET }];
  const gutter: GutterItem[] = [{ kind: 'store', y: 0, height: tall }];
  let y = tall + GAP;
  for (let first = 0; first < model.machines.length; ) {
    const end = groupEnd(model.machines, first);
    if (end - first > LARGEST_NAMED_GROUP) {
      const lines = thinLines(model.machines, first, end);
      gutter.push({ kind: 'group', machine: first, row: rows.length, count: end - first, y: y + GAP, height: Math.max(GROUP_LABEL, lines.length * THIN + 2) });
      y += GAP;
      for (const [index, line] of lines.entries()) rows.push({ ...line, y: y + index * THIN, height: THIN - 1 });
      y += Math.max(GROUP_LABEL, lines.length * THIN) + GAP;
    } else {
      for (let machine = first; machine < end; machine++, y += tall) {
        gutter.push({ kind: 'machine', machine, row: rows.length, y, height: tall });
        rows.push({ machine, cells: (model.machines[machine] as MatrixMachine).cells, y: y + INSET, height: tall - 2 * INSET });
      }
    }
    first = end;
  }
  return { rows, gutter, height: y + 4 };
}

/** Row that a height in CSS pixels points at. */
export function rowAt(layout: MatrixLayout, y: number): number {
  const found = layout.rows.findIndex((row) => y < row.y + row.height + 2);
  return found < 0 ? layout.rows.length - 1 : found;
}

/** Row that shows a machine; -1 is the store. A machine folded into a thin row gives that row. */
export function rowOfMachine(layout: MatrixLayout, machine: number): number {
  let found = 0;
  for (let index = 0; index < layout.rows.length; index++) {
    const first = layout.rows[index]?.machine ?? -1;
    if (first <= machine) found = index;
  }
  return machine < 0 ? 0 : found;
}

function groupEnd(machines: readonly MatrixMachine[], first: number): number {
  const group = machines[first]?.row.group;
  let end = first + 1;
  while (end < machines.length && machines[end]?.row.group === group) end++;
  return end;
}

function thinLines(machines: readonly MatrixMachine[], first: number, end: number): { machine: number; cells: Uint8Array }[] {
  const perLine = Math.ceil((end - first) / MOST_THIN_ROWS);
  const lines: { machine: number; cells: Uint8Array }[] = [];
  for (let machine = first; machine < end; machine += perLine) {
    const members = machines.slice(machine, Math.min(end, machine + perLine)).map(({ cells }) => cells);
    lines.push({ machine, cells: worstOf(members) });
  }
  return lines;
}

function worstOf(members: readonly Uint8Array[]): Uint8Array {
  const [first, ...others] = [...new Set(members)];
  if (first === undefined || others.length === 0) return first ?? new Uint8Array();
  const worst = first.slice();
  for (const row of others) {
    for (let column = 0; column < worst.length; column++) worst[column] = Math.max(worst[column] as number, row[column] as number);
  }
  return worst;
}
