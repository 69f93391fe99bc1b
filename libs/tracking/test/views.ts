import { createHash } from 'node:crypto';
import type { MachineView, RemoteSnapshot, RemoteView, Sighting } from '../src/index.js';
import type { World, WorldMachine } from './fleet.js';

/** What the console would read from the world's store: R, U, V, F. */
export function remoteOf(world: World): RemoteView {
  const readable = world.states.filter((state) => !state.lost && !state.damaged);
  const tombstoned = new Set(readable.flatMap((state) => state.tombstones));
  const deleted = new Map<string, { whenMs: number }>();
  for (const state of readable)
    for (const snapshot of state.deletes) deleted.set(snapshot, { whenMs: Math.min(state.metadataMs, deleted.get(snapshot)?.whenMs ?? state.metadataMs) });
  const live = new Map<string, RemoteSnapshot>();
  for (const state of readable) {
    for (const { snapshot, packfile } of state.brings) {
      if (tombstoned.has(packfile) || deleted.has(snapshot)) continue;
      const before = live.get(snapshot);
      live.set(snapshot, {
        id: snapshot,
        states: [...new Set([...(before?.states ?? []), state.id])],
        packfiles: [...new Set([...(before?.packfiles ?? []), packfile])],
        publishedAtMs: Math.min(state.publishedMs, before?.publishedAtMs ?? state.publishedMs),
      });
    }
  }
  return {
    repositoryId: '00000000-0000-4000-8000-000000000000',
    readAtMs: world.nowMs,
    states: new Set(readable.map((state) => state.id)),
    unreadable: new Set(world.states.filter((state) => state.damaged && !state.lost).map((state) => state.id)),
    live,
    deleted,
    packfiles: world.packfilesPresent,
    tombstoned,
    hidden: [],
    findings: [],
  };
}

/** What the machine's agent would report: derived from its cache by the rules of plakar (01-store 5.4). */
export function shownBy(machine: WorldMachine): Map<string, string[]> {
  const shown = new Map<string, string[]>();
  for (const [snapshot, packfiles] of machine.locations) {
    const known = [...packfiles].filter((packfile) => machine.entries.has(packfile));
    if (known.length > 0 && !machine.deleted.has(snapshot)) shown.set(snapshot, known);
  }
  return shown;
}

export function machineOf(machine: WorldMachine): MachineView {
  if (machine.reportedMs === null) return { id: machine.id, name: machine.id, retired: false, sightings: [], lastReportAtMs: null };
  const introduced = new Map<string, string[]>();
  for (const [packfile, state] of machine.entries) introduced.set(state, [...(introduced.get(state) ?? []), packfile]);
  const shown = shownBy(machine);
  const digest = createHash('sha256')
    .update([...shown.keys()].sort().join('\n'))
    .digest('hex');
  const sighting: Sighting = {
    machine: machine.id,
    user: 'root',
    cache: '~/.cache/plakar',
    line: '1.1',
    receivedAtMs: machine.reportedMs,
    inMotion: machine.inMotion,
    lastUsedAtMs: null,
    states: machine.states,
    shown,
    deleted: machine.deleted,
    introduced,
    digest,
  };
  return { id: machine.id, name: machine.id, retired: false, sightings: [sighting], lastReportAtMs: machine.reportedMs };
}
