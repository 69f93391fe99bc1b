import type { DivergencePageDto, FindingDto, LaneDto } from '@wardrobe/contracts';
import type { Cell } from '@wardrobe/words';
import { isCell, lookOf } from '../cells/cell-icon.js';

export type Tick = DivergencePageDto['ticks'][number];
export type Gap = { readonly left: number; readonly cell: Cell; readonly finding: string };

/** Where the first step stands and how far the last one reaches, in per cent of the track. */
const START = 10;
const SPAN = 88;

/**
 * Position of a column on a lane's track, in per cent. Steps of the axis are events, evenly spaced; what lies between two steps stands between
 * them, what lies before the first stands before it. `end` for a lane that goes on to now.
 */
export function leftOf(column: number, ticks: readonly Tick[]): number {
  const at = (index: number): number => START + (index / Math.max(1, ticks.length - 0.35)) * SPAN;
  const first = ticks[0];
  if (first === undefined) return 0;
  if (column < first.column) return first.column === 0 ? 0 : (START * column) / first.column;
  const next = ticks.findIndex((tick) => tick.column > column);
  if (next === -1) return at(ticks.length - 1);
  const before = ticks[next - 1] ?? first;
  const after = ticks[next] ?? first;
  const part = after.column === before.column ? 0 : (column - before.column) / (after.column - before.column);
  return at(next - 1 + part);
}

/** Cells of snapshots that the store does not list leave the line; the others sit on it. */
export function leavesLine(cell: Cell): boolean {
  return cell === 'phantom' || cell === 'lost' || cell === 'unreadable' || cell === 'stale-delete';
}

/** Marks on the store's own lane: places where a finding of the store says that something of it cannot be read. */
export function storeGaps(lanes: readonly LaneDto[], findings: readonly FindingDto[], ticks: readonly Tick[]): readonly Gap[] {
  const ofStore = new Map(findings.filter((finding) => !isCell(finding.kind) && finding.endedAt === null).map((finding) => [finding.id, lookOf(finding.kind)]));
  const gaps = new Map<number, Gap>();
  for (const lane of lanes) {
    for (const event of lane.events) {
      const cell = event.finding === null ? undefined : ofStore.get(event.finding);
      if (cell && event.finding !== null) gaps.set(event.column, { left: leftOf(event.column, ticks), cell, finding: event.finding });
    }
  }
  return [...gaps.values()];
}

/** The finding that a lane leads to: that of its first event, else the first open one that names one of its machines. */
export function findingOfLane(lane: LaneDto, findings: readonly FindingDto[]): string | null {
  const named = lane.events.find((event) => event.finding !== null)?.finding;
  if (named) return named;
  const ids = new Set(lane.machines.map((machine) => machine.id));
  return findings.find((finding) => finding.endedAt === null && finding.machines.some((machine) => ids.has(machine.id)))?.id ?? null;
}
