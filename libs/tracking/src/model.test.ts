import { CELLS, type Cell } from '@wardrobe/words';
import { describe, expect, it } from 'vitest';
import { randomWorld, type World } from '../test/fleet.js';
import { naiveCell, naiveVerdict } from '../test/naive.js';
import { machineOf, remoteOf } from '../test/views.js';
import { cellsOverColumns, computeMachine, decodeRow, encodeRow } from './index.js';

const SEEDS = 2000;
const FIRST_SEED = Number(process.env['WARDROBE_TEST_SEED'] ?? 1);
const LIMIT_MS = 26 * 3_600_000;

function allSnapshots(world: World): string[] {
  return [...new Set(world.states.flatMap((state) => state.brings.map((b) => b.snapshot)))];
}

/** Compares every cell of every machine of one world; returns how often each cell occurred. */
function compareWorld(seed: number, tally: Map<string, number>): void {
  const world = randomWorld(seed);
  const remote = remoteOf(world);
  for (const machine of world.machines) {
    const result = computeMachine(remote, machineOf(machine), { nowMs: world.nowMs, limitMs: LIMIT_MS });
    const found = new Map<string, Cell>(result.exceptions.map((exception) => [exception.snapshot, exception.cell]));
    const expectedCells: string[] = [];
    for (const snapshot of allSnapshots(world)) {
      const expected = naiveCell(world, machine, snapshot);
      const actual = found.get(snapshot) ?? (remote.live.has(snapshot) ? 'seen' : 'none');
      if (actual !== expected) expect.fail(`seed ${seed}, machine ${machine.id}, snapshot ${snapshot.slice(0, 8)}: ${actual}, the model says ${expected}`);
      expectedCells.push(expected);
      tally.set(expected, (tally.get(expected) ?? 0) + 1);
    }
    expect(result.verdict, `verdict, seed ${seed}, ${machine.id}`).toBe(naiveVerdict(expectedCells, machine.reportedMs, world.nowMs, LIMIT_MS));
    checkRow(allSnapshots(world), remote.live, found);
  }
}

function checkRow(columns: string[], liveSnapshots: ReadonlyMap<string, unknown>, exceptions: ReadonlyMap<string, Cell>): void {
  const live = Uint8Array.from(columns, (id) => (liveSnapshots.has(id) ? 1 : 0));
  const cells = cellsOverColumns(columns, live, exceptions);
  expect(decodeRow(encodeRow(cells, live), live)).toEqual(cells);
}

describe('truth table against the naive model', () => {
  it(`agrees on every cell, verdict and encoded row of ${SEEDS} random fleets`, () => {
    const tally = new Map<string, number>();
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed += 1) compareWorld(seed, tally);
    for (const cell of CELLS) expect(tally.get(cell) ?? 0, `cells of kind ${cell} met`).toBeGreaterThan(50);
  });
});
