import { createHash } from 'node:crypto';
import type { MachineReport } from '@wardrobe/contracts';
import { keystream } from '@wardrobe/kloset/testing';

/** What reports of a made-up fleet are made of: snapshots in time order, each with the packfiles that hold it. */
export type FleetStore = {
  readonly repositoryId: string;
  readonly snapshots: readonly { readonly id: string; readonly packfiles: readonly string[] }[];
  readonly states: readonly string[];
};

/**
 * Report number `machine` of a fleet. Two machines of three list all; of the others each lags by up to fifty snapshots and misses a few in the middle, and every
 * tenth also lists three that are gone.
 */
export function fleetReport(store: FleetStore, machine: number, at: Date): MachineReport {
  const random = keystream(`machine ${machine}`);
  const inSync = machine % 3 !== 2;
  const kept = inSync ? store.snapshots : store.snapshots.slice(0, store.snapshots.length - random.between(1, 50)).filter(() => random.between(0, 999) !== 0);
  const lost = machine % 10 === 8 ? Array.from({ length: 3 }, () => ({ id: hex(random.bytes(32)), packfiles: [hex(random.bytes(32))] })) : [];
  const shown = [...kept, ...lost].map(({ id, packfiles }) => ({ snapshot: id, packfiles: [...packfiles] })).sort((a, b) => (a.snapshot < b.snapshot ? -1 : 1));
  const digest = createHash('sha256')
    .update(shown.map(({ snapshot }) => `shown ${snapshot}\n`).join(''))
    .digest('hex');
  const states = [...store.states].sort();
  return {
    format: 'wardrobe-report',
    version: 1,
    machine: { id: uuid(random.bytes(16)), name: `machine-${machine}`, hostName: `host-${machine}`, os: 'linux' },
    agent: { version: '0.1.0' },
    createdAt: at.toISOString(),
    failures: [],
    sightings: [
      {
        repositoryId: store.repositoryId,
        user: 'root',
        cache: '~/.cache/plakar',
        tool: 'plakar',
        line: '1.1',
        copy: 'own',
        lastUsedAt: at.toISOString(),
        inMotion: { value: false, why: [] },
        states,
        shown,
        deleted: [],
        introduced: { scope: 'asked', states: [] },
        loneStates: [],
        digest,
        counts: { states: states.length, packfiles: 100, shown: shown.length, deleted: 0, ignoredKeys: 0 },
        setAside: [],
      },
    ],
  };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Version 4. */
function uuid(bytes: Uint8Array): string {
  const text = hex(bytes);
  return `${text.slice(0, 8)}-${text.slice(8, 12)}-4${text.slice(13, 16)}-8${text.slice(17, 20)}-${text.slice(20)}`;
}
