import type { MachineRowDto } from '@wardrobe/contracts';
import { describe, expect, it } from 'vitest';
import { filterMachines, isOldTool, sortMachines } from './filter.js';

const NOW = Date.parse('2026-11-23T09:41:00Z');
const machine = (patch: Partial<MachineRowDto>): MachineRowDto => ({
  id: 'm1',
  name: 'db-03.fra',
  hostName: 'db-03',
  os: 'Debian 13',
  tool: 'plakar 1.0.4',
  verdict: 'in-sync',
  worst: 'seen',
  cause: '',
  nextStep: '',
  counts: { seen: 3 },
  digest: '',
  group: 0,
  newestSeenAt: null,
  lastReportAt: '2026-11-23T09:12:00Z',
  retired: false,
  row: { watermark: 3, after: 1, exceptions: [] },
  history: [],
  ...patch,
});
const none = { text: '', verdicts: new Set<never>(), reported: 'any' } as const;

describe('filterMachines', () => {
  const fleet = [
    machine({ id: 'a' }),
    machine({ id: 'b', verdict: 'diverged', worst: 'phantom', counts: { phantom: 2 }, name: 'web-01', hostName: 'web-01' }),
    machine({ id: 'c', verdict: 'unknown', worst: 'unknown', lastReportAt: null }),
  ];

  it('shows all without a filter', () => {
    expect(filterMachines(fleet, none, NOW)).toHaveLength(3);
  });

  it('finds machines by every word, also by a cell they have', () => {
    expect(filterMachines(fleet, { ...none, text: 'WEB phantom' }, NOW).map((one) => one.id)).toEqual(['b']);
    expect(filterMachines(fleet, { ...none, text: 'debian lost' }, NOW)).toEqual([]);
  });

  it('keeps the chosen verdicts', () => {
    expect(filterMachines(fleet, { ...none, verdicts: new Set(['unknown', 'diverged'] as const) }, NOW).map((one) => one.id)).toEqual(['b', 'c']);
  });

  it('counts a machine that never reported as silent for a week', () => {
    expect(filterMachines(fleet, { ...none, reported: 'not-week' }, NOW).map((one) => one.id)).toEqual(['c']);
    expect(filterMachines(fleet, { ...none, reported: 'hour' }, NOW).map((one) => one.id)).toEqual(['a', 'b']);
  });
});

describe('sortMachines', () => {
  it('puts the worst verdict first, and within it the worst cell', () => {
    const list = [
      machine({ id: 'sync' }),
      machine({ id: 'mismatch', verdict: 'diverged', worst: 'mismatch' }),
      machine({ id: 'lost', verdict: 'diverged', worst: 'lost' }),
      machine({ id: 'behind', verdict: 'behind', worst: 'behind' }),
      machine({ id: 'unknown', verdict: 'unknown', worst: 'unknown' }),
    ];
    expect(sortMachines(list, 'verdict').map((one) => one.id)).toEqual(['lost', 'mismatch', 'unknown', 'behind', 'sync']);
  });
});

describe('isOldTool', () => {
  it('marks 1.0.5 and older, not 1.0.6, 1.1 or words without a number', () => {
    expect(['plakar 1.0.5', 'plakar 1.0.6', 'plakar 1.1.4', '1.0.0-beta', 'plakar'].map(isOldTool)).toEqual([true, false, false, true, false]);
  });
});
