import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dayHead, dayOf, isFiltered, queryPatch, rangeWord, snapshotFilterOf, snapshotQuery } from './filter.js';
import { type ChosenRow, MOST_CHOSEN, whyNotRemoved, withRows } from './selection.js';
import { barsInRange, timelineBars, timelineLabels } from './timeline.js';

const NOW = Date.UTC(2026, 10, 23, 9, 41);
const read = (address: string) => snapshotQuery((key) => new URLSearchParams(address).get(key));

describe('address and filter', () => {
  test('what is written to the address is read back', () => {
    const query = {
      text: 'a b&c',
      host: 'db-01',
      source: 'fs:/var',
      tag: 'nightly',
      since: '2026-10-12',
      until: '2026-11-01',
      only: 'errors',
      include: 'hidden',
      sort: 'largest',
    } as const;
    const address = new URLSearchParams();
    for (const [key, value] of Object.entries(queryPatch(query))) if (value !== null) address.set(key, value);
    expect(read(address.toString())).toEqual(query);
  });

  test('defaults are not written', () => {
    expect(queryPatch({ text: '', include: 'live', sort: 'newest' })).toEqual({ q: null, show: null, sort: null });
  });

  test('nonsense in the address counts as not given', () => {
    expect(read('since=2026-02-31&until=x&show=everything&sort=-1')).toEqual(read(''));
    expect(isFiltered(read(''))).toBe(false);
  });

  test('the last day counts in full', () => {
    expect(snapshotFilterOf(read('since=2026-10-12&until=2026-10-12'))).toEqual({
      since: '2026-10-12T00:00:00.000Z',
      before: '2026-10-13T00:00:00.000Z',
      include: 'live',
      sort: 'newest',
    });
  });

  test('days and ranges have words', () => {
    expect(dayHead('2026-11-23T00:00:00Z', NOW)).toBe('Today');
    expect(dayHead('2026-11-22T23:59:59Z', NOW)).toBe('Yesterday');
    expect(dayHead('2026-11-20T23:59:59Z', NOW)).toBe('20 Nov 2026');
    expect(rangeWord({ since: '2026-10-12', until: '' }, NOW)).toBe('since 12 Oct');
    expect(rangeWord({ since: '', until: '2025-10-12' }, NOW)).toBe('until 12 Oct 2025');
    expect(rangeWord({ since: '2026-10-12', until: '2026-10-12' }, NOW)).toBe('12 Oct');
    expect(rangeWord({ since: '', until: '' }, NOW)).toBe('');
  });
});

describe('timeline', () => {
  test('bars hold every snapshot, are equally long and meet without a gap', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 6000 }), fc.integer({ min: 1, max: 50 })), { minLength: 1, maxLength: 80 }), (list) => {
        const days = [...new Map(list.map(([ago, count]) => [ago, { day: dayOf(NOW - ago * 86_400_000), count, bytes: count * 10 }])).values()];
        const { bars, most } = timelineBars(days, NOW);
        expect(bars.reduce((sum, bar) => sum + bar.count, 0)).toBe(days.reduce((sum, day) => sum + day.count, 0));
        expect(bars.length).toBeLessThanOrEqual(160);
        expect(most).toBe(Math.max(...bars.map((bar) => bar.count)));
        expect(bars.at(-1)?.until).toBe(dayOf(NOW));
        bars.forEach((bar, index) => {
          if (index > 0) expect(Date.parse(bar.from) - Date.parse(bars[index - 1]?.until ?? '')).toBe(86_400_000);
        });
      }),
    );
  });

  test('no snapshot gives no bar', () => {
    expect(timelineBars([], NOW)).toEqual({ bars: [], unit: 'day', most: 0 });
    expect(timelineLabels(timelineBars([], NOW), 5)).toEqual([]);
  });

  test('a range of days marks the bars it touches', () => {
    const { bars } = timelineBars([{ day: '2026-11-01', count: 1, bytes: 0 }], NOW);
    expect(bars.length).toBe(30);
    expect(barsInRange(bars, { since: '2026-11-03', until: '2026-11-04' })).toEqual([9, 11]);
    expect(barsInRange(bars, { since: '2026-11-20', until: '' })).toEqual([26, 30]);
    expect(barsInRange(bars, { since: '', until: '2026-10-01' })).toBeNull();
    expect(barsInRange(bars, { since: '', until: '' })).toBeNull();
  });

  test('labels name the first bar and now', () => {
    const labels = timelineLabels(timelineBars([{ day: '2023-11-21', count: 3, bytes: 0 }], NOW), 4);
    expect(labels.length).toBe(4);
    expect(labels[0]).toBe('Nov 2023');
    expect(labels[3]).toBe('now');
  });
});

describe('chosen snapshots', () => {
  const row = (number: number, availability: ChosenRow['availability'] = 'live'): ChosenRow => ({ id: String(number), availability });

  test('go on and off, as many as a plan takes', () => {
    const many = Array.from({ length: MOST_CHOSEN + 7 }, (_, number) => row(number));
    const first = withRows(new Map(), many, true);
    expect([first.chosen.size, first.left]).toEqual([MOST_CHOSEN, 7]);
    expect(withRows(first.chosen, many.slice(0, 3), true)).toMatchObject({ left: 0 });
    expect([...withRows(first.chosen, many.slice(1), false).chosen.keys()]).toEqual(['0']);
  });

  test('are removed only while the store lists all of them', () => {
    expect(whyNotRemoved(withRows(new Map(), [row(1), row(2)], true).chosen)).toBeNull();
    expect(whyNotRemoved(withRows(new Map(), [row(1), row(2, 'hidden')], true).chosen)).toBe('1 of them is not in the list of the store');
  });
});
