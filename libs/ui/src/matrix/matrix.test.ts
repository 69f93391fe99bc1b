import type { MachineRowDto, MachinesPageDto } from '@wardrobe/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CELL_CODE } from '../matrix-kernel/index.js';
import { axisTicks } from './axis.js';
import { matrixLayout, rowAt, rowOfMachine } from './layout.js';
import { divergentCells, matrixModel } from './model.js';
import { divergenceAt, stepDivergence } from './navigate.js';
import { groupWord, matrixSentence, rangeSentence, runSentence } from './sentences.js';
import { centreView, clampView, cursorText, NARROWEST_VIEW, panView, parseCursor, parseView, presetView, viewQuery, zoomView } from './view.js';

const START = Date.UTC(2026, 0, 1) / 1000;

function machine(index: number, patch: Partial<MachineRowDto> = {}): MachineRowDto {
  return {
    id: `m${index}`,
    name: `machine-${index}`,
    hostName: 'h',
    os: 'linux',
    tool: 'plakar 1.1.4',
    verdict: 'in-sync',
    worst: 'seen',
    cause: '',
    nextStep: '',
    counts: {},
    digest: 'd',
    group: 0,
    newestSeenAt: null,
    lastReportAt: '2026-01-01T00:00:00Z',
    retired: false,
    row: { watermark: 1e9, after: 1, exceptions: [] },
    history: [],
    ...patch,
  };
}

function page(machines: MachineRowDto[], deltas: number[], absentColumns: [number, number][] = []): MachinesPageDto {
  const counts = { machines: machines.length, diverged: 0, unknown: 0, behind: 0, inSync: 0, snapshots: deltas.length, findings: 0 };
  return {
    sentence: '',
    detail: '',
    readAt: null,
    columns: deltas.length,
    columnTimes: [START, ...deltas.slice(1)],
    absentColumns,
    machines,
    counts,
    storeFindings: 0,
    storeFindingsSentence: null,
  };
}

const hourly = (columns: number) => Array.from({ length: columns }, () => 3600);
const phantomAt = (column: number) => ({ watermark: 1e9, after: 1, exceptions: [[column, 1, CELL_CODE.phantom]] as [number, number, number][] });

describe('model', () => {
  test('divergences are ordered by column, then machine, and counted in full', () => {
    const model = matrixModel(
      page(
        [
          machine(0, { group: 1, row: phantomAt(7) }),
          machine(1, {
            group: 2,
            row: {
              watermark: 1e9,
              after: 1,
              exceptions: [
                [3, 2, CELL_CODE.mismatch],
                [7, 1, CELL_CODE.lost],
              ],
            },
          }),
        ],
        hourly(10),
      ),
    );
    expect(model.divergences).toEqual([
      { machine: 1, column: 3 },
      { machine: 1, column: 4 },
      { machine: 0, column: 7 },
      { machine: 1, column: 7 },
    ]);
    expect(divergentCells(model)).toBe(4);
    expect(matrixSentence(model)).toBe('4 divergent cells in 20, on 2 machines.');
  });

  test('a machine that never reported does not grey out the overview', () => {
    const silent = machine(1, { group: 5, lastReportAt: null, row: { watermark: 0, after: CELL_CODE.unknown, exceptions: [] } });
    const model = matrixModel(page([machine(0), silent], hourly(4)));
    expect([...model.worst]).toEqual([1, 1, 1, 1]);
  });

  test('an unreadable state shows in the row of the store, an absent column as track', () => {
    const model = matrixModel(page([machine(0, { row: { watermark: 9, after: 1, exceptions: [[1, 1, CELL_CODE.unreadable]] } })], hourly(3), [[1, 2]]));
    expect([...model.store]).toEqual([CELL_CODE.seen, CELL_CODE.unreadable, CELL_CODE.none]);
  });

  test('no machine and no snapshot is an answer, not a crash', () => {
    const model = matrixModel(page([], []));
    expect(matrixSentence(model)).toBe('No machine has reported yet.');
    expect(matrixLayout(model, 24).rows.length).toBe(1);
    expect(parseView(model, { from: '1', to: '2' })).toEqual({ from: 0, to: 0 });
    expect(axisTicks(model.times, { from: 0, to: 0 }, { width: 100, gap: 10 })).toEqual([]);
  });
});

describe('layout', () => {
  test('machines of one group stand together, more than three as thin rows, and each machine has its row', () => {
    const machines = [
      machine(0, { group: 3 }),
      machine(1, { group: 9 }),
      ...Array.from({ length: 6 }, (_, i) => machine(i + 2, { group: 1 })),
      machine(8, { group: 9 }),
    ];
    const model = matrixModel(page(machines, hourly(4)));
    const layout = matrixLayout(model, 24);
    expect(model.machines.map(({ row }) => row.group)).toEqual([3, 9, 9, 1, 1, 1, 1, 1, 1]);
    expect(layout.gutter.map((item) => item.kind)).toEqual(['store', 'machine', 'machine', 'machine', 'group']);
    expect(layout.rows.map((row) => row.machine)).toEqual([-1, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
    layout.rows.forEach((row, index) => {
      expect(rowAt(layout, row.y + row.height / 2)).toBe(index);
      expect(rowOfMachine(layout, row.machine)).toBe(index);
      expect(row.y + row.height).toBeLessThanOrEqual(layout.height);
    });
  });

  test('a crowd of thousands is folded, and its worst cell is kept', () => {
    const machines = Array.from({ length: 5000 }, (_, i) => machine(i, { group: 1, ...(i === 4321 ? { row: phantomAt(2) } : {}) }));
    const model = matrixModel(page(machines, hourly(4)));
    const layout = matrixLayout(model, 24);
    expect(layout.rows.length).toBeLessThan(260);
    const row = layout.rows[rowOfMachine(layout, 4321)];
    expect(row?.cells[2]).toBe(CELL_CODE.phantom);
  });
});

describe('view', () => {
  const model = matrixModel(page([machine(0), machine(1, { group: 1 })], hourly(1000)));

  test('zoom, pan and centre never leave the columns nor get too narrow', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -50, max: 1100, noNaN: true }),
        fc.double({ min: 0.01, max: 30, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (at, factor, part) => {
          for (const view of [
            clampView(at, at + 20, 1000),
            zoomView({ from: 100, to: 300 }, factor, { part, columns: 1000 }),
            panView({ from: 100, to: 300 }, at, 1000),
            centreView({ from: 0, to: 40 }, Math.round(at), 1000),
          ]) {
            expect(view.from).toBeGreaterThanOrEqual(0);
            expect(view.to).toBeLessThanOrEqual(1000 + 1e-9);
            expect(view.to - view.from).toBeGreaterThanOrEqual(NARROWEST_VIEW - 1e-9);
          }
        },
      ),
    );
  });

  test('the URL gives the same columns and cell back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 980 }),
        fc.integer({ min: NARROWEST_VIEW, max: 1000 }),
        fc.integer({ min: -1, max: 1 }),
        fc.array(fc.constantFrom(0, 0, 60), { minLength: 1000, maxLength: 1000 }),
        (from, span, at, deltas) => {
          const dense = matrixModel(page([machine(0), machine(1, { group: 1 })], deltas));
          const cursor = { machine: at, column: from };
          expect(parseCursor(dense, cursorText(dense, cursor))).toEqual(cursor);
          const view = clampView(from, from + span, 1000);
          expect(parseView(model, viewQuery(model, view))).toEqual(view);
        },
      ),
    );
  });

  test('a link still points at the same snapshot after older columns have gone', () => {
    const text = cursorText(model, { machine: 1, column: 500 });
    const later = page([machine(1), machine(7)], hourly(990));
    later.columnTimes[0] = START + 10 * 3600;
    expect(parseCursor(matrixModel(later), text)).toEqual({ machine: 0, column: 490 });
  });

  test('nonsense in the URL shows everything and selects nothing', () => {
    for (const query of [{ from: 'x', to: '3' }, { from: '9', to: '3' }, { from: '', to: '' }, {}])
      expect(parseView(model, query)).toEqual({ from: 0, to: 1000 });
    for (const text of ['', 'm0', 'm0:x', 'nobody:1', undefined, ':1']) expect(parseCursor(model, text)).toBeNull();
  });

  test('presets count back from now', () => {
    const nowMs = (START + 1000 * 3600) * 1000;
    expect(presetView(model, 0, nowMs)).toEqual({ from: 0, to: 1000 });
    expect(presetView(model, 30, nowMs).from).toBe(280);
  });
});

describe('steps between divergences', () => {
  test('n visits every divergence once and p goes back', () => {
    const rows = [[2, 5], [5], [9]].map((columns, i) =>
      machine(i, { group: i, row: { watermark: 99, after: 1, exceptions: columns.map((c) => [c, 1, CELL_CODE.phantom]) } }),
    );
    const model = matrixModel(page(rows, hourly(10)));
    const visited: number[] = [];
    let cursor = null;
    for (let i = 0; i < 5; i++) {
      const index = stepDivergence(model, cursor, 1);
      visited.push(index);
      cursor = model.divergences[index] ?? null;
      expect(divergenceAt(model, cursor)).toBe(index);
    }
    expect(visited).toEqual([0, 1, 2, 3, 0]);
    expect(stepDivergence(model, { machine: 0, column: 4 }, 1)).toBe(1);
    expect(stepDivergence(model, { machine: 0, column: 4 }, -1)).toBe(0);
    expect(stepDivergence(model, { machine: 0, column: 2 }, -1)).toBe(3);
  });
});

describe('words', () => {
  const model = matrixModel(page([machine(0)], hourly(1000), [[10, 3]]));

  test('range and runs say how many and since when', () => {
    expect(rangeSentence(model, { from: 0, to: 1000 })).toBe('1 machine × 1,000 snapshots. All of it, Jan 2026 to now.');
    expect(rangeSentence(model, { from: 24, to: 36 })).toBe('1 machine × 1,000 snapshots. 12 snapshots in view: 2 Jan 2026.');
    expect(runSentence(model, { first: 0, end: 1000, count: 997, code: 4 })).toBe('all 997 snapshots');
    expect(runSentence(model, { first: 990, end: 1000, count: 10, code: 2 })).toBe('the newest 10, from 11 Feb 2026, 06:00 UTC');
    expect(runSentence(model, { first: 5, end: 7, count: 2, code: 5 })).toBe('2, from 1 Jan 2026, 05:00 UTC');
  });

  test('groups are lettered', () => {
    expect([0, 1, 25, 26, 27, 701, 702].map(groupWord)).toEqual(['A', 'B', 'Z', 'AA', 'AB', 'ZZ', 'AAA']);
  });

  test('ticks keep their distance and stay inside', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 900 }), fc.integer({ min: 12, max: 1000 }), fc.integer({ min: 50, max: 2000 }), (from, span, width) => {
        const ticks = axisTicks(model.times, clampView(from, from + span, 1000), { width, gap: 90 });
        ticks.forEach((tick, index) => {
          expect(tick.x).toBeLessThanOrEqual(width);
          if (index > 0) expect(tick.x - (ticks[index - 1]?.x ?? 0)).toBeGreaterThanOrEqual(90);
        });
      }),
    );
  });
});
