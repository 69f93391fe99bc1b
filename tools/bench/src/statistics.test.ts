import { describe, expect, it } from 'vitest';
import { largest, median } from './statistics.js';
import { printTable } from './table.js';

describe('figures', () => {
  it('the median is the middle value, or the mean of the two in the middle', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(() => median([])).toThrow(RangeError);
    expect(largest([1, 5, 2])).toBe(5);
  });

  it('the table says what meets its budget, and by how much another misses', () => {
    const text = printTable([
      {
        title: 'Open',
        rows: [
          { what: 'first', value: 7, unit: 's', budget: 15 },
          { what: 'later', value: 1, unit: 's', budget: 0.5 },
          { what: 'speed', value: 700, unit: 'MB/s', budget: null },
        ],
      },
    ]);
    expect(text).toContain('| first | 7.00 s | 15.0 s | met |');
    expect(text).toContain('| later | 1.00 s | 0.50 s | **missed**, 2.0 × |');
    expect(text).toContain('| speed | 700 MB/s |  |  |');
  });
});
