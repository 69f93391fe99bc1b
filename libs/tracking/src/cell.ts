import type { Cell } from '@wardrobe/words';
import { knownBringers } from './lost-states.js';
import type { Cause, RemoteView, Sighting } from './types.js';

export type CellAnswer = { readonly cell: Cell; readonly cause: Cause };

/** States that any report says bring a snapshot, by the packfiles it lies in: snapshot id -> state ids. Most states also bear the id of the snapshot they bring. */
export type KnownBringers = (snapshot: string) => readonly string[];

const NOTHING: CellAnswer = { cell: 'none', cause: { kind: 'listed' } };
const SEEN: CellAnswer = { cell: 'seen', cause: { kind: 'listed' } };

/** The cell of a machine that never reported this store (rule 1). */
export function cellWithoutReport(remote: RemoteView, snapshot: string): CellAnswer {
  return remote.live.has(snapshot) ? { cell: 'unknown', cause: { kind: 'never-reported' } } : NOTHING;
}

/**
 * One cell: does this sighting list the snapshot, and what does the store say. First match wins.
 * @source design, "One cell"
 */
export function cellOf(remote: RemoteView, sighting: Sighting, snapshot: string, known: KnownBringers = knownBringers([sighting])): CellAnswer {
  const holders = sighting.shown.get(snapshot);
  return holders === undefined ? cellNotShown(remote, sighting, snapshot) : cellShown(remote, { sighting, snapshot, holders, known });
}

type ShownCase = { readonly sighting: Sighting; readonly snapshot: string; readonly holders: readonly string[]; readonly known: KnownBringers };

function cellShown(remote: RemoteView, { sighting, snapshot, holders, known }: ShownCase): CellAnswer {
  if (remote.live.has(snapshot)) return SEEN;
  const deletion = remote.deleted.get(snapshot);
  if (deletion) return { cell: 'stale-delete', cause: { kind: 'deleted-in-store', whenMs: deletion.whenMs } };
  if (holders.length > 0 && holders.every((packfile) => remote.tombstoned.has(packfile)))
    return { cell: 'stale-delete', cause: { kind: 'deleted-in-store', whenMs: null } };
  const bringers = new Set(known(snapshot));
  if (sighting.states.has(snapshot)) bringers.add(snapshot);
  const damaged = new Set([...bringers, snapshot].filter((state) => remote.unreadable.has(state)));
  if (damaged.size > 0) return { cell: 'unreadable', cause: { kind: 'state-damaged', states: [...damaged].sort() } };
  const present = holders.filter((packfile) => remote.packfiles.has(packfile));
  if (present.length > 0) {
    const missing = [...bringers].filter((state) => !remote.states.has(state));
    return { cell: 'phantom', cause: { kind: 'state-missing', states: missing.sort(), packfiles: present } };
  }
  return { cell: 'lost', cause: { kind: 'packfile-gone', packfiles: [...holders].sort() } };
}

function cellNotShown(remote: RemoteView, sighting: Sighting, snapshot: string): CellAnswer {
  const live = remote.live.get(snapshot);
  if (!live) return NOTHING;
  if (sighting.deleted.has(snapshot)) return { cell: 'lost-delete', cause: { kind: 'deletion-not-published' } };
  const merged = live.states.filter((state) => sighting.states.has(state));
  if (merged.length > 0) {
    return sighting.inMotion
      ? { cell: 'behind', cause: { kind: 'not-yet-merged', inMotion: true } }
      : { cell: 'mismatch', cause: { kind: 'merged-not-listed', states: merged } };
  }
  if (live.publishedAtMs > sighting.receivedAtMs) {
    return { cell: 'unknown', cause: { kind: 'published-after-report', publishedAtMs: live.publishedAtMs, reportedAtMs: sighting.receivedAtMs } };
  }
  return { cell: 'behind', cause: { kind: 'not-yet-merged', inMotion: false } };
}
