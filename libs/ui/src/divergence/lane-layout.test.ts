import type { FindingDto, LaneDto } from '@wardrobe/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findingOfLane, leftOf, storeGaps } from './lane-layout.js';

const ticks = [10, 20, 50, 51].map((column) => ({ column, at: null }));
const lane = (patch: Partial<LaneDto>): LaneDto => ({
  digest: 'd',
  machines: [{ id: 'm1', name: 'db' }],
  verdict: 'diverged',
  label: 'db',
  events: [],
  tail: null,
  summary: [],
  ...patch,
});
const finding = (patch: Partial<FindingDto>): FindingDto => ({
  id: 'D-1',
  kind: 'phantom',
  title: '',
  subtitle: '',
  section: 'decision',
  firstSeenAt: '2026-11-21T00:00:00Z',
  endedAt: null,
  machines: [{ id: 'm1', name: 'db' }],
  happened: '',
  evidence: [],
  affected: [],
  affectedTotal: 0,
  nextStep: '',
  mend: null,
  decision: null,
  command: null,
  afterwards: null,
  ...patch,
});

describe('leftOf', () => {
  it('spaces steps evenly, whatever lies between them', () => {
    const lefts = ticks.map((tick) => leftOf(tick.column, ticks));
    const steps = lefts.slice(1).map((left, index) => left - (lefts[index] ?? 0));
    for (const step of steps) expect(step).toBeCloseTo(steps[0] ?? 0);
  });

  it('never goes back, and stays on the track', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 300 }), { maxLength: 12 }),
        fc.integer({ min: 0, max: 300 }),
        fc.integer({ min: 0, max: 300 }),
        (columns, a, b) => {
          const axis = columns.toSorted((x, y) => x - y).map((column) => ({ column, at: null }));
          const [low, high] = a < b ? [a, b] : [b, a];
          expect(leftOf(low, axis)).toBeLessThanOrEqual(leftOf(high, axis) + 1e-9);
          expect(leftOf(low, axis)).toBeGreaterThanOrEqual(0);
          expect(leftOf(high, axis)).toBeLessThanOrEqual(100);
        },
      ),
    );
  });

  it('puts the very first column at the start', () => {
    expect(leftOf(0, ticks)).toBe(0);
  });
});

describe('lanes', () => {
  it('lead to the finding of their event, else to an open one of their machine', () => {
    expect(findingOfLane(lane({ events: [{ column: 1, at: null, cell: 'phantom', count: 1, finding: 'D-7' }] }), [finding({})])).toBe('D-7');
    expect(findingOfLane(lane({}), [finding({ id: 'D-0', endedAt: '2026-11-22T00:00:00Z' }), finding({})])).toBe('D-1');
    expect(findingOfLane(lane({ machines: [] }), [finding({})])).toBeNull();
  });

  it('mark the lane of the store where a finding of the store lies, once per column', () => {
    const event = { column: 20, at: null, cell: 'unreadable' as const, count: 1, finding: 'D-3' };
    const gaps = storeGaps([lane({ events: [event] }), lane({ events: [event] })], [finding({ id: 'D-3', kind: 'unreadable-state' })], ticks);
    expect(gaps).toEqual([{ left: leftOf(20, ticks), cell: 'unreadable', finding: 'D-3' }]);
  });
});
