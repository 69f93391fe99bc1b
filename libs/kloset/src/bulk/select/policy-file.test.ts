import { describe, expect, it } from 'vitest';
import { DecodeError, InvalidInputError, KlosetError, NotFoundError } from '../../errors/errors.js';
import { overlaySelection, parsePolicy } from './policy-file.js';
import { parseYamlSubset } from './yaml-subset.js';

const NOW = Date.parse('2026-11-23T09:41:00Z');
const FILE = `---
version: v1.0.0
policies:
    weekly: # the usual
        filters:
            before: 2026-11-20T00:00:00Z
            tags:
                - nightly
                - "with: colon"
            ignore_tags: [keep, 'it''s']
            name: web # server
        periods:
            day:
                keep: 7
                cap: 1
            week: {keep: 4, cap: 1}
        group_by: name
    empty: {}
`;

describe('policies', () => {
  it("plakar's form is read whole", () => {
    expect(parsePolicy(FILE, 'weekly', NOW)).toEqual({
      filters: {
        beforeNs: BigInt(Date.parse('2026-11-20T00:00:00Z')) * 1_000_000n,
        tags: ['nightly', 'with: colon'],
        withoutTags: ['keep', "it's"],
        name: 'web',
      },
      periods: { day: { keep: 7, cap: 1 }, week: { keep: 4, cap: 1 } },
      groupBy: 'name',
    });
    expect(parsePolicy(FILE, 'empty', NOW)).toEqual({ filters: {}, periods: {}, groupBy: null });
  });
  it('JSON on one line is read too', () => {
    expect(parsePolicy('{"version": "1", "policies": {"a": {"periods": {"day": {"keep": 3}}}}}', 'a', NOW).periods).toEqual({ day: { keep: 3, cap: 0 } });
  });
  it('the command line wins field by field', () => {
    const base = parsePolicy(FILE, 'weekly', NOW);
    const merged = overlaySelection(base, {
      filters: { name: 'db', tags: undefined },
      periods: { day: { keep: 2, cap: 0 }, year: { keep: 1, cap: 0 } },
      groupBy: null,
    });
    expect(merged.filters).toMatchObject({ name: 'db', tags: ['nightly', 'with: colon'] });
    expect(merged.periods).toEqual({ day: { keep: 2, cap: 1 }, week: { keep: 4, cap: 1 }, year: { keep: 1, cap: 0 } });
    expect(merged.groupBy).toBe('name');
  });
  it.each([
    ['a policy that is not there', FILE, 'daily', NotFoundError],
    ['a misspelt period', 'policies:\n  a:\n    periods:\n      days: {keep: 1}\n', 'a', DecodeError],
    ['a misspelt filter', 'policies:\n  a:\n    filters:\n      tag: [x]\n', 'a', DecodeError],
    ['a count that is none', 'policies:\n  a:\n    periods:\n      day: {keep: -1}\n', 'a', DecodeError],
    ['an unknown group', 'policies:\n  a:\n    group_by: color\n', 'a', InvalidInputError],
    ['a time that is none', 'policies:\n  a:\n    filters: {before: soon}\n', 'a', InvalidInputError],
  ] as const)('%s is refused', (_what, text, name, error) => {
    expect(() => parsePolicy(text, name, NOW)).toThrow(error);
  });
  it.each([
    'a: &x 1',
    'a: |\n  text',
    'a: [1',
    'a: {b}',
    'a: "x',
    '\ta: 1',
    'a: 1\n  b: 2',
    'a: 1\na: 2',
    '- a: 1',
    'a: b: c',
    'plain\nrest',
    'a: *x',
    'a: [1] 2',
  ])('YAML beyond the plain kind is refused by its line: %j', (text) => {
    expect(() => parseYamlSubset(text)).toThrow(KlosetError);
  });
});
