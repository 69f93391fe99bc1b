import type { JobDto } from '@wardrobe/contracts';
import { expect, it } from 'vitest';
import { factsOf } from './job-list.js';

const NOW = Date.parse('2026-11-23T09:41:00Z');
const job = (patch: Partial<JobDto>): JobDto => ({
  id: 'j',
  kind: 'refresh',
  storeId: 's',
  state: 'running',
  done: 0,
  total: null,
  label: 'Read prod',
  phase: null,
  startedBy: 'Ines',
  startedAt: '2026-11-23T09:40:00Z',
  endedAt: null,
  log: [],
  problem: null,
  dryRun: false,
  createdAt: '2026-11-23T09:40:00Z',
  outcome: null,
  command: null,
  ...patch,
});

it('a running job says how far it is and how long it still takes', () => {
  expect(factsOf(job({ done: 25, total: 100 }), NOW)).toEqual(['started 09:40 by Ines', '25 of 100', 'about 3 min left']);
});

it('a job without a known total gives no time', () => {
  expect(factsOf(job({ done: 25 }), NOW)).toEqual(['started 09:40 by Ines']);
});

it('an ended job says how it ended and how long it took', () => {
  expect(factsOf(job({ state: 'failed', endedAt: '2026-11-23T09:40:12Z' }), NOW)).toEqual(['failed 09:40 after 12 s', 'by Ines']);
});

it('a waiting job says for how many it waits and who asked for it', () => {
  expect(factsOf(job({ state: 'queued', startedAt: null }), NOW, { ahead: 2 })).toEqual(['waiting for 2 before it', 'asked for by Ines']);
});

it('an interrupted job says so', () => {
  expect(factsOf(job({ state: 'interrupted', endedAt: '2026-11-23T09:40:12Z' }), NOW)).toEqual(['interrupted 09:40 after 12 s', 'by Ines']);
});
