import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../errors/errors.js';
import { durationMs, parseMoment } from './moment.js';

const NOW = Date.parse('2026-11-23T09:41:00Z');
const at = (text: string): string => {
  const ns = parseMoment(text, NOW);
  return `${new Date(Number(ns / 1_000_000n)).toISOString()}${ns % 1_000_000n === 0n ? '' : `+${ns % 1_000_000n}`}`;
};

describe('moments', () => {
  it('RFC 3339 counts with its zone and down to nanoseconds', () => {
    expect(at('2026-11-23T09:41:00Z')).toBe('2026-11-23T09:41:00.000Z');
    expect(at('2026-11-23T09:41:00.123456789+01:30')).toBe('2026-11-23T08:11:00.123Z+456789');
    expect(at('1969-12-31T23:59:59Z')).toBe('1969-12-31T23:59:59.000Z');
  });
  it('dates and times without a zone are UTC', () => {
    expect(at('2026-11-23')).toBe('2026-11-23T00:00:00.000Z');
    expect(at('2026/11/23')).toBe('2026-11-23T00:00:00.000Z');
    expect(at('2026-11-23 09:41')).toBe('2026-11-23T09:41:00.000Z');
    expect(at('2026-11-23 09:41:07')).toBe('2026-11-23T09:41:07.000Z');
    expect(at('2024-02-29')).toBe('2024-02-29T00:00:00.000Z');
  });
  it('a duration means that long before now', () => {
    expect(at('2d')).toBe('2026-11-21T09:41:00.000Z');
    expect(at('1h30m')).toBe('2026-11-23T08:11:00.000Z');
    expect(at('3 weeks')).toBe('2026-11-02T09:41:00.000Z');
    expect(at('1 day and 2 hours')).toBe('2026-11-22T07:41:00.000Z');
    expect(at('1 month ago')).toBe('2026-10-24T09:41:00.000Z');
    expect(durationMs('1.5h')).toBe(5_400_000);
  });
  it.each([
    '',
    '2',
    'd',
    '2x',
    '-2d',
    '2d and',
    '1h, ',
    '2026-02-30',
    '2026-13-01',
    '2025-02-29',
    '2026-11-23T25:00:00Z',
    '2026-11-23T09:41:00+25:00',
    '2026-11/23',
    '999999999999d',
  ])("'%s' is refused", (text) => {
    expect(() => parseMoment(text, NOW)).toThrow(InvalidInputError);
  });
});
