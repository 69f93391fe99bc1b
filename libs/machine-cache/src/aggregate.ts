import { createHash } from 'node:crypto';
import { hex } from './byte-reader.js';
import { CacheReadError } from './cache-error.js';
import type { ShownSnapshotReport, SightingReport } from './types.js';

/** What the local aggregate of either plakar line says, before anything is derived from it. @source 03 C2 */
export type AggregateFacts = {
  /** State ids merged (C), in no particular order. */
  readonly states: readonly string[];
  /** Packfile entries: packfile id to the id of the state that brought it. */
  readonly packfiles: ReadonlyMap<string, string>;
  /** Locations of snapshots (type 5). */
  readonly locations: readonly { readonly snapshot: string; readonly packfile: string }[];
  /** Snapshots held as deleted (coloured entries of type 5). */
  readonly deleted: readonly string[];
  /** Cached snapshot headers: never evidence, and the only content of a header cache. */
  readonly headers: number;
  readonly ignoredKeys: number;
};

export type DerivedLists = Pick<SightingReport, 'states' | 'shown' | 'deleted' | 'introduced' | 'digest' | 'counts'>;

/** Prefixes of the keys that carry facts; everything else in an aggregate is locations of other types. */
export const WANTED_PREFIXES = ['__configuration__:', '__deleted__:', '__delta__:5:', '__packfile__:', '__snapshot__:', '__state__:'] as const;
export const KNOWN_PREFIXES = ['__delta__:'] as const;

const PACKFILES_PER_SNAPSHOT = 64;
const PACKFILE_PAYLOAD_BYTES = 72;
const LOCATION_PAYLOAD_BYTES = 85;
const COLOURED_PAYLOAD_BYTES = 41;
const SNAPSHOT_TYPE = 5;
const KEY = /^__(state|packfile|snapshot|delta|deleted|configuration)__:(?:(?<=delta__:|deleted__:)(\d{1,3}):)?(.*)$/s;
const ID = /^[0-9a-f]{64}$/;
const ID_PAIR = /^[0-9a-f]{64}:[0-9a-f]{64}$/;

/** Facts from the live keys of a Pebble aggregate. Keys of another shape are counted, a payload that contradicts its key is damage. */
export function factsFromKeys(keys: ReadonlyMap<string, Uint8Array>, ignoredBefore: number): AggregateFacts {
  const facts = {
    states: [] as string[],
    packfiles: new Map<string, string>(),
    locations: [] as { snapshot: string; packfile: string }[],
    deleted: [] as string[],
    headers: 0,
    ignoredKeys: ignoredBefore,
  };
  for (const [key, value] of keys) {
    const [, kind, type, rest = ''] = KEY.exec(key) ?? [];
    if (kind === 'state' && ID.test(rest)) facts.states.push(rest);
    else if (kind === 'packfile' && ID.test(rest)) facts.packfiles.set(rest, introducingState(rest, value));
    else if (kind === 'delta' && type !== undefined && ID_PAIR.test(rest)) {
      if (type !== String(SNAPSHOT_TYPE)) continue;
      const location = { snapshot: rest.slice(0, 64), packfile: rest.slice(65) };
      checkLocation(location.snapshot, location.packfile, value);
      facts.locations.push(location);
    } else if (kind === 'deleted' && type !== undefined && ID.test(rest)) {
      checkColoured(Number(type), rest, value);
      if (Number(type) === SNAPSHOT_TYPE) facts.deleted.push(rest);
    } else if (kind === 'snapshot' && ID.test(rest)) facts.headers++;
    else if (kind !== 'configuration') facts.ignoredKeys++;
  }
  return facts;
}

/** @throws CacheReadError the payload is not that of this packfile. @source 01-store 5.1: packfile, state, time */
export function introducingState(packfile: string, payload: Uint8Array): string {
  if (payload.length !== PACKFILE_PAYLOAD_BYTES || hex(payload.subarray(0, 32)) !== packfile) throw contradiction('packfile');
  return hex(payload.subarray(32, 64));
}

/** @throws CacheReadError the payload is not that of this location. @source 01-store 5.1: type, version, blob, packfile, … */
export function checkLocation(snapshot: string, packfile: string, payload: Uint8Array): void {
  const agrees =
    payload.length === LOCATION_PAYLOAD_BYTES &&
    payload[0] === SNAPSHOT_TYPE &&
    hex(payload.subarray(5, 37)) === snapshot &&
    hex(payload.subarray(37, 69)) === packfile;
  if (!agrees) throw contradiction('snapshot location');
}

/** @throws CacheReadError the payload is not that of this deletion. @source 01-store 5.1: type, id, when */
export function checkColoured(type: number, id: string, payload: Uint8Array): void {
  const agrees = payload.length === COLOURED_PAYLOAD_BYTES && payload[0] === type && hex(payload.subarray(1, 33)) === id;
  if (!agrees) throw contradiction('deletion');
}

/** The lists of a report: shown = locations whose packfile is known, minus deleted ones. @source 03 C2 */
export function deriveLists(facts: AggregateFacts): DerivedLists {
  const states = [...facts.states].sort();
  const deleted = [...new Set(facts.deleted)].sort();
  const shown = shownSnapshots(facts, new Set(deleted));
  const counts = { states: states.length, packfiles: facts.packfiles.size, shown: shown.length, deleted: deleted.length, ignoredKeys: facts.ignoredKeys };
  return { states, shown, deleted, introduced: { scope: 'all', states: groupByState(facts.packfiles) }, digest: viewDigest(shown, deleted), counts };
}

/** States named by packfile entries that the cache does not hold: a merge under way or cut short, or a lost and forgotten state. */
export function entriesBeforeState(facts: AggregateFacts): string[] {
  const merged = new Set(facts.states);
  return [...new Set(facts.packfiles.values())].filter((state) => !merged.has(state)).sort();
}

function shownSnapshots(facts: AggregateFacts, deleted: ReadonlySet<string>): ShownSnapshotReport[] {
  const packfiles = new Map<string, Set<string>>();
  for (const { snapshot, packfile } of facts.locations) {
    if (deleted.has(snapshot) || !facts.packfiles.has(packfile)) continue;
    const known = packfiles.get(snapshot);
    if (known === undefined) packfiles.set(snapshot, new Set([packfile]));
    else known.add(packfile);
  }
  const ordered = [...packfiles].sort(([left], [right]) => (left < right ? -1 : 1));
  return ordered.map(([snapshot, holding]) => ({ snapshot, packfiles: [...holding].sort().slice(0, PACKFILES_PER_SNAPSHOT) }));
}

function groupByState(packfiles: ReadonlyMap<string, string>): { state: string; packfiles: string[] }[] {
  const groups = new Map<string, string[]>();
  for (const [packfile, state] of packfiles) {
    const group = groups.get(state);
    if (group === undefined) groups.set(state, [packfile]);
    else group.push(packfile);
  }
  return [...groups].sort(([left], [right]) => (left < right ? -1 : 1)).map(([state, members]) => ({ state, packfiles: members.sort() }));
}

/** SHA-256 over the sorted lines `shown <id>` and `deleted <id>`, each ended by a newline. */
function viewDigest(shown: readonly ShownSnapshotReport[], deleted: readonly string[]): string {
  const lines = [...shown.map(({ snapshot }) => `shown ${snapshot}\n`), ...deleted.map((id) => `deleted ${id}\n`)].sort();
  const hash = createHash('sha256');
  for (const line of lines) hash.update(line);
  return hash.digest('hex');
}

function contradiction(what: string): CacheReadError {
  return new CacheReadError('damaged', `a ${what} entry contradicts its key`, { again: true });
}
