import { createHash, randomUUID } from 'node:crypto';
import {
  createStore,
  type Db,
  type HeaderColumns,
  type ListedSnapshot,
  type ListedState,
  type Reading,
  type ReportInput,
  type SightingInput,
  type StoreRow,
} from '../src/index.js';

/** A 64-digit id that depends on the name only. */
export function id(name: string): string {
  return createHash('sha256').update(name).digest('hex');
}

/** A machine id that depends on the number only. */
export function machineId(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
}

export function makeStore(db: Db, options: { readonly name?: string; readonly encrypted?: boolean; readonly repositoryId?: string } = {}): Promise<StoreRow> {
  return createStore(db, {
    name: options.name ?? 'store',
    location: `/stores/${randomUUID()}`,
    repositoryId: options.repositoryId ?? randomUUID(),
    encrypted: options.encrypted ?? false,
    keyKept: options.encrypted ? 'memory' : 'none',
    refreshIntervalSeconds: 300,
    unknownAfterHours: 26,
  });
}

export function listedState(name: string, brings: readonly string[], change: Partial<ListedState> = {}): ListedState {
  return {
    id: id(name),
    version: '1.0.0',
    sizeBytes: 100,
    serial: null,
    parent: null,
    metadataNs: 1_700_000_000_123_456_789n,
    readable: true,
    error: null,
    brings: brings.map(id),
    colours: [],
    ...change,
  };
}

export function listedSnapshot(name: string, change: Partial<ListedSnapshot> = {}): ListedSnapshot {
  return {
    id: id(name),
    availability: 'live',
    scheduledForDeletion: false,
    deletedAt: null,
    packedAt: null,
    lock: null,
    packfiles: [id(`pack ${name}`)],
    states: [id(`state ${name}`)],
    ...change,
  };
}

export function reading(snapshots: readonly string[], change: Partial<Reading> = {}): Reading {
  return {
    readAt: new Date(),
    states: snapshots.map((name) => listedState(`state ${name}`, [name])),
    snapshots: snapshots.map((name) => listedSnapshot(name)),
    findings: [],
    packfiles: snapshots.map((name) => id(`pack ${name}`)),
    tombstoned: [],
    ...change,
  };
}

export function header(change: Partial<HeaderColumns> = {}): HeaderColumns {
  return {
    takenAtNs: 1_700_000_000_000_000_001n,
    durationMs: 12,
    name: 'nightly',
    category: 'default',
    environment: 'production',
    perimeter: 'team',
    job: 'job',
    tags: ['a', 'b'],
    host: 'alpha',
    user: 'root',
    client: 'plakar/v1.0.6',
    os: 'linux',
    backupMachineId: 'm',
    sourceType: 'fs',
    origin: 'alpha',
    directoryText: '/srv/team',
    directoryBytes: null,
    sizeBytes: 1000,
    files: 3,
    directories: 2,
    symlinks: 1,
    errors: 0,
    ...change,
  };
}

export function sighting(storeId: string, shown: readonly string[], change: Partial<SightingInput> = {}): SightingInput {
  return {
    storeId,
    user: 'root',
    cache: '~/.cache/plakar',
    tool: 'plakar',
    line: '1.0',
    copy: 'own',
    lastUsedAt: null,
    inMotion: { value: false, why: [] },
    states: shown.map((name) => id(`state ${name}`)),
    shown: shown.map((name) => ({ snapshot: id(name), packfiles: [id(`pack ${name}`)] })),
    deleted: [],
    introduced: { scope: 'asked', states: [] },
    loneStates: [],
    setAside: [],
    counts: {},
    digest: id(`digest ${shown.join(' ')}`),
    ...change,
  };
}

export function report(machine: number, sightings: readonly SightingInput[], change: Partial<ReportInput> = {}): ReportInput {
  const at = new Date();
  return {
    machine: { id: machineId(machine), name: `machine-${machine}`, hostName: `host-${machine}`, os: 'linux' },
    agentVersion: '1',
    receivedAt: at,
    createdAt: at,
    source: 'agent',
    tokenId: null,
    sizeBytes: 10,
    counts: {},
    failures: [],
    notes: [],
    sightings,
    unreadable: [],
    ...change,
  };
}
