import type { Mac, StateId } from '@wardrobe/kloset-model';
import { ByteReader } from '../../../codec/byte-reader.js';
import { mac } from '../../../codec/binary.js';
import { V1_1_0 } from '../../../codec/version.js';
import { openEnvelope } from '../../../format/envelope.js';
import { colouredEntry, deleteEntry, ENTRY_TYPE, locationEntry, packfileEntry } from '../../../format/state.js';
import type { Repository } from '../../../repository/types.js';

type Entry =
  | { readonly kind: 'location'; readonly type: number; readonly blob: Mac; readonly packfile: Mac }
  | { readonly kind: 'colour'; readonly type: number; readonly id: Mac }
  | { readonly kind: 'packfile'; readonly packfile: Mac }
  | { readonly kind: 'delete'; readonly removes: number; readonly type: number; readonly blob: Mac; readonly packfile: Mac };
export type ParsedState = { readonly id: StateId; readonly parent: StateId | null; readonly entries: readonly Entry[] };

/** Every state of a store with its entries in order, read without the engine's merge. */
export async function parseStates(repository: Repository): Promise<readonly ParsedState[]> {
  const states: ParsedState[] = [];
  for await (const { id, sizeBytes } of repository.store.list('state')) {
    const file = await repository.store.readRange('state', id, 0, sizeBytes);
    const opened = openEnvelope('state', file, { hash: (bytes) => repository.keys.algorithm.hash(bytes) });
    const reader = new ByteReader(repository.keys.decodeUnit(opened.body), 'state');
    const parent = opened.version >= V1_1_0 ? mac.read(reader) : '0'.repeat(64);
    states.push({ id, parent: /^0+$/.test(parent) ? null : (parent as StateId), entries: readEntries(reader) });
  }
  return states.sort((a, b) => (a.id < b.id ? -1 : 1));
}

function readEntries(reader: ByteReader): Entry[] {
  const entries: Entry[] = [];
  for (let type = reader.u8(); type !== ENTRY_TYPE.metadata; type = reader.u8()) {
    const payload = new ByteReader(reader.take(reader.u32()), 'entry');
    if (type === ENTRY_TYPE.location) entries.push({ kind: 'location', ...locationEntry.read(payload) });
    else if (type === ENTRY_TYPE.coloured) entries.push({ kind: 'colour', ...colouredEntry.read(payload) });
    else if (type === ENTRY_TYPE.packfile) entries.push({ kind: 'packfile', ...packfileEntry.read(payload) });
    else if (type === ENTRY_TYPE.delete) entries.push({ kind: 'delete', ...deleteEntry.read(payload) });
  }
  return entries;
}

/** What a machine of plakar 1.1 sees after merging the states in this order: deletes act on what is there. @source 01-store 5.3, 5.4 */
export function mergeLikePlakar(states: readonly ParsedState[]): {
  readonly snapshots: readonly Mac[];
  isAvailable(type: number, id: Mac): boolean;
  /** The packfile that it reads a blob from: the first one that it knows and that bears no colour. */
  pick(type: number, id: Mac): Mac | null;
} {
  const locations = new Map<string, { type: number; blob: Mac; packfile: Mac }>();
  const colours = new Set<string>();
  const packfiles = new Set<Mac>();
  for (const { entries } of states)
    for (const entry of entries) {
      if (entry.kind === 'location') locations.set(`${entry.type}:${entry.blob}:${entry.packfile}`, entry);
      else if (entry.kind === 'colour') colours.add(`${entry.type}:${entry.id}`);
      else if (entry.kind === 'packfile') packfiles.add(entry.packfile);
      else if (entry.removes === ENTRY_TYPE.location) locations.delete(`${entry.type}:${entry.blob}:${entry.packfile}`);
      else if (entry.removes === ENTRY_TYPE.coloured) colours.delete(`${entry.type}:${entry.blob}`);
      else {
        packfiles.delete(entry.packfile);
        for (const [key, { packfile }] of locations) if (packfile === entry.packfile) locations.delete(key);
      }
    }
  const known = [...locations.values()].filter(({ packfile }) => packfiles.has(packfile));
  const usable = new Set(known.filter(({ packfile }) => !colours.has(`4:${packfile}`)).map(({ type, blob }) => `${type}:${blob}`));
  return {
    // One for each location: a snapshot met twice is ambiguous, one that is not available is silently missing.
    snapshots: known
      .filter(({ type, blob }) => type === 5 && !colours.has(`5:${blob}`) && usable.has(`5:${blob}`))
      .map(({ blob }) => blob)
      .sort(),
    isAvailable: (type, id) => usable.has(`${type}:${id}`),
    pick: (type, id) =>
      known
        .filter((location) => location.type === type && location.blob === id && !colours.has(`4:${location.packfile}`))
        .map(({ packfile }) => packfile)
        .sort()[0] ?? null,
  };
}

/** A random order in which each parent comes before its children. */
export function orderByParents(states: readonly ParsedState[], below: (limit: number) => number): readonly ParsedState[] {
  const waiting = new Map(states.map((state) => [state.id, state]));
  const ordered: ParsedState[] = [];
  while (waiting.size > 0) {
    const ready = [...waiting.values()].filter(({ parent }) => parent === null || !waiting.has(parent));
    const next = ready[below(ready.length)] as ParsedState;
    waiting.delete(next.id);
    ordered.push(next);
  }
  return ordered;
}
