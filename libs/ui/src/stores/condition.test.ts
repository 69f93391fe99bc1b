import type { StoreDto } from '@wardrobe/contracts';
import { describe, expect, it } from 'vitest';
import { rankedStores, storeCondition, storesSentence } from './condition.js';

const NOW = Date.parse('2026-11-23T09:41:00Z');
const store = (patch: Partial<StoreDto>): StoreDto => ({
  id: 's',
  name: 'prod',
  location: '/srv/prod',
  carried: null,
  repositoryId: '5f0c9a12-0000-4000-8000-000000000000',
  encrypted: false,
  keyKept: 'none',
  status: 'ready',
  problem: null,
  line: '1.1',
  refreshIntervalSeconds: 300,
  unknownAfterHours: 26,
  lastReadAt: '2026-11-23T09:40:22Z',
  newestSnapshotAt: null,
  logicalBytes: null,
  counts: { machines: 4, diverged: 0, unknown: 0, behind: 0, inSync: 4, snapshots: 9, findings: 0 },
  headline: null,
  ...patch,
});

describe('storeCondition', () => {
  it('puts what the store cannot tell before what its machines say', () => {
    expect(storeCondition(store({ status: 'offline' }), NOW).kind).toBe('offline');
    expect(storeCondition(store({ status: 'locked' }), NOW).kind).toBe('locked');
  });

  it('calls a store stale after three missed readings', () => {
    expect(storeCondition(store({ refreshIntervalSeconds: 3600, lastReadAt: '2026-11-22T02:41:00Z' }), NOW)).toEqual({
      kind: 'stale',
      cause: 'Last read 31 h ago; the schedule says every 1 h',
    });
    expect(storeCondition(store({ refreshIntervalSeconds: 3600, lastReadAt: '2026-11-23T07:41:00Z' }), NOW).kind).toBe('in-sync');
  });

  it('does not call a store without machines in agreement', () => {
    expect(storeCondition(store({ counts: { machines: 0, diverged: 0, unknown: 0, behind: 0, inSync: 0, snapshots: 9, findings: 0 } }), NOW).kind).toBe(
      'no-machines',
    );
  });

  it('lists the worst store first', () => {
    const list = rankedStores(
      [
        store({ id: 'a' }),
        store({ id: 'b', status: 'locked' }),
        store({ id: 'c', counts: { machines: 4, diverged: 1, unknown: 0, behind: 0, inSync: 3, snapshots: 9, findings: 1 } }),
      ],
      NOW,
    );
    expect(list.map((one) => one.store.id)).toEqual(['c', 'b', 'a']);
  });
});

describe('storesSentence', () => {
  it('counts what needs a look and what does not', () => {
    expect(storesSentence(['diverged', 'locked', 'in-sync'])).toEqual({
      sentence: '2 of 3 stores need a look.',
      detail: '1 diverged, 1 locked and 1 in sync.',
    });
    expect(storesSentence(['behind', 'in-sync']).sentence).toBe('None of 2 stores needs a look.');
  });
});
