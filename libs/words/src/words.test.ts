import { describe, expect, it } from 'vitest';
import {
  type Cause,
  CELLS,
  cellSentence,
  counted,
  dayWord,
  ERROR_CODES,
  isDivergent,
  listed,
  NEXT_STEP_OF_CELL,
  NEXT_STEP_SENTENCE,
  rowCause,
  sentenceFor,
  spanWord,
  worstCell,
} from './index.js';

const FORBIDDEN = /oops|something went wrong|please|successfully|!|undefined|null|NaN/i;

describe('sentences', () => {
  it('of errors are whole sentences with a next step, with and without facts', () => {
    for (const code of ERROR_CODES) {
      for (const facts of [{}, { what: 'State file 8c41de07', detail: 'its seal differs', affected: '3 files in 2 snapshots' }]) {
        const { sentence, next } = sentenceFor(code, facts);
        for (const text of [sentence, next]) {
          expect(text, code).toMatch(/^[A-Z].*\.$/s);
          expect(text, code).not.toMatch(FORBIDDEN);
        }
      }
    }
  });

  it('of cells name the machine and the snapshot', () => {
    const causes: Cause[] = [
      { kind: 'listed' },
      { kind: 'not-yet-merged', inMotion: true },
      { kind: 'published-after-report', publishedAtMs: 7_200_000, reportedAtMs: 0 },
      { kind: 'deleted-in-store', whenMs: 0 },
      { kind: 'deleted-in-store', whenMs: null },
      { kind: 'state-damaged', states: ['8c41de07'] },
      { kind: 'state-missing', states: [], packfiles: [] },
      { kind: 'packfile-gone', packfiles: [] },
      { kind: 'merged-not-listed', states: ['8c41de07', '12345678'] },
      { kind: 'deletion-not-published' },
    ];
    for (const cause of causes) {
      const text = cellSentence('phantom', cause, { machine: 'db-03.fra', snapshot: '19ca079f00', cache: '~/.cache/plakar', nowMs: 0 });
      expect(text).toContain('db-03.fra');
      expect(text).toContain('19ca079f');
      expect(text).not.toMatch(FORBIDDEN);
    }
  });

  it('in rows have figures and units', () => {
    const facts = { count: 1234, states: ['31f2a0c4', '5be90d17'], packfiles: [], newestMs: null, lastReportMs: 0, nowMs: 9 * 86_400_000 };
    expect(rowCause({ ...facts, cell: 'phantom' })).toBe('States 31f2a0c4 and 5be90d17 never reached the store');
    expect(rowCause({ ...facts, cell: 'behind' })).toBe('Has not read 1,234 newer snapshots yet');
    expect(rowCause({ ...facts, cell: 'unknown' })).toBe('No report for 9 d');
    for (const cell of CELLS) expect(rowCause({ ...facts, cell })).not.toMatch(FORBIDDEN);
  });
});

describe('cells', () => {
  it('have a next step each', () => {
    for (const cell of CELLS) expect(NEXT_STEP_SENTENCE[NEXT_STEP_OF_CELL[cell]]).toMatch(/\.$/);
  });
  it('rank lost above all and call exactly five divergent', () => {
    expect(CELLS.filter(isDivergent)).toEqual(['mismatch', 'lost-delete', 'unreadable', 'phantom', 'lost']);
    expect(worstCell('phantom', 'lost')).toBe('lost');
    expect(worstCell('unknown', 'behind')).toBe('unknown');
  });
});

describe('figures', () => {
  it('carry separators, plurals and units', () => {
    expect(counted(1, 'snapshot')).toBe('1 snapshot');
    expect(counted(9994, 'snapshot')).toBe('9,994 snapshots');
    expect(listed(['a', 'b', 'c', 'd'])).toBe('a, b and 2 more');
    expect(spanWord(38 * 60_000)).toBe('38 min');
    expect(spanWord(26 * 3_600_000)).toBe('26 h');
    expect(dayWord(Date.UTC(2025, 10, 20), Date.UTC(2026, 1, 1))).toBe('20 Nov 2025');
  });
});
