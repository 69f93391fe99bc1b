import type { RemoteView, Sighting } from './types.js';

export type LostState = { readonly state: string; readonly packfiles: readonly string[]; readonly present: readonly string[] };

/**
 * States that a machine's packfile entries name and the store does not have, with the packfiles that V does not know. Independent of snapshots;
 * an entry whose packfile V knows is harmless (a state published again under another id).
 * @param isPackfileKnown whether V has an entry for the packfile
 * @source spec 03, C3 rule 3
 */
export function lostStates(remote: RemoteView, sighting: Sighting, isPackfileKnown: (packfile: string) => boolean): readonly LostState[] {
  const lost: LostState[] = [];
  for (const [state, packfiles] of sighting.introduced) {
    if (remote.states.has(state) || remote.unreadable.has(state)) continue;
    const unknown = packfiles.filter((packfile) => !isPackfileKnown(packfile) && !remote.tombstoned.has(packfile)).sort();
    if (unknown.length > 0) lost.push({ state, packfiles: unknown, present: unknown.filter((packfile) => remote.packfiles.has(packfile)) });
  }
  return lost.sort((a, b) => (a.state < b.state ? -1 : 1));
}

/** All that the reports say about which state brings which snapshot, for snapshots the store does not list. */
export function knownBringers(sightings: Iterable<Sighting>): (snapshot: string) => readonly string[] {
  const statesOfPackfile = new Map<string, Set<string>>();
  const packfilesOf = new Map<string, Set<string>>();
  for (const sighting of sightings) {
    for (const [state, packfiles] of sighting.introduced) for (const packfile of packfiles) add(statesOfPackfile, packfile, state);
    for (const [snapshot, packfiles] of sighting.shown) for (const packfile of packfiles) add(packfilesOf, snapshot, packfile);
  }
  return (snapshot) => {
    const states = new Set<string>();
    for (const packfile of packfilesOf.get(snapshot) ?? []) for (const state of statesOfPackfile.get(packfile) ?? []) states.add(state);
    return [...states];
  };
}

function add(map: Map<string, Set<string>>, key: string, value: string): void {
  const set = map.get(key);
  if (set) set.add(value);
  else map.set(key, new Set([value]));
}
