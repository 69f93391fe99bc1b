import { expect, it } from 'vitest';
import { agoWord, bytesWord } from './format.js';

it('sizes are binary, with one digit below 100', () => {
  expect([0, 1023, 1024, 4812, 102_400, 5_046_586_573, 20_231_013_999_999].map(bytesWord)).toEqual([
    '0 B',
    '1,023 B',
    '1.0 KiB',
    '4.7 KiB',
    '100 KiB',
    '4.7 GiB',
    '18.4 TiB',
  ]);
});

it('ages are rough and have their unit', () => {
  const now = 1_800_000_000_000;
  expect([38_000, 90 * 60_000, 26 * 3_600_000, 9 * 86_400_000, 300, -5000, -300_000].map((age) => agoWord(now - age, now))).toEqual([
    '38 s ago',
    '1 h ago',
    '26 h ago',
    '9 d ago',
    'now',
    'now',
    'in 5 min',
  ]);
});
