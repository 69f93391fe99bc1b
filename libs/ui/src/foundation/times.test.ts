import { expect, it } from 'vitest';
import { timesOf, timesOfText, UTC_TIMES, zoneText } from './times.js';

const AT = Date.UTC(2026, 10, 23, 23, 52, 7);

it('absolute times name their zone', () => {
  expect(UTC_TIMES.full(AT)).toBe('23 Nov 2026, 23:52 UTC');
  expect(UTC_TIMES.exact(AT)).toBe('23 Nov 2026, 23:52:07 UTC');
  expect(timesOf('en-GB', 'Europe/Berlin').exact(AT)).toMatch(/^24 Nov 2026, 00:52:07 (CET|GMT\+1) \(Europe\/Berlin\)$/);
});

it('the day is the one of the zone', () => {
  const berlin = timesOf('en-GB', 'Europe/Berlin');
  expect([UTC_TIMES.dayKey(AT), berlin.dayKey(AT), berlin.stamp(AT), berlin.clock(AT)]).toEqual(['2026-11-23', '2026-11-24', '2026-11-24 00:52', '00:52']);
  expect(berlin.day(AT, AT)).toBe('24 Nov');
  expect(berlin.day(AT, Date.UTC(2027, 1, 1))).toBe('24 Nov 2026');
});

it('a locale writes in its own way, without the space that releases disagree about', () => {
  expect(timesOf('en-US', 'UTC').plain(AT)).toBe('Nov 23, 2026, 11:52 PM');
  expect(timesOf('de-DE', 'UTC').plain(AT)).toBe('23. Nov. 2026, 23:52');
});

it('what a browser told is taken when it names a zone, else times are UTC', () => {
  const tokyo = timesOfText(zoneText({ locale: 'ja-JP', zone: 'Asia/Tokyo' }));
  expect([tokyo.locale, tokyo.zone]).toEqual(['ja-JP', 'Asia/Tokyo']);
  for (const bad of [null, '', 'en-GB', 'en-GB Mars/Olympus', '!! UTC', `en-GB ${'A'.repeat(99)}`]) expect(timesOfText(bad)).toBe(UTC_TIMES);
});
