import type { StateId } from '@wardrobe/kloset-model';
import { ByteReader } from '../codec/byte-reader.js';
import { IntegrityError, type KlosetError } from '../errors/errors.js';
import { ENTRY_TYPE, packfileEntry } from '../format/state.js';
import type { StateRecord } from './state-record.js';

/** A state file whose content cannot be had. */
export type LostState = { readonly id: StateId; readonly sizeBytes: number; readonly error: KlosetError };

/**
 * States that hold the bytes of another one: their own content is lost, although the file is sound. No program writes the same state twice (each bears its
 * time), and a state's name need not follow from its content, so equal footers are the only sign. The original is the one that its content
 * names (`namesItself`); where it names none, every one of the group may be the copy.
 */
export function findCopies(records: readonly StateRecord[]): readonly LostState[] {
  const byFooter = new Map<string, StateRecord[]>();
  for (const record of records) {
    const group = byFooter.get(record.footer);
    if (group === undefined) byFooter.set(record.footer, [record]);
    else group.push(record);
  }
  return [...byFooter.values()].filter((group) => group.length > 1).flatMap(copiesOf);
}

function copiesOf(group: readonly StateRecord[]): readonly LostState[] {
  return group
    .filter((record) => !record.namesItself)
    .map((record) => {
      const other = group.find((candidate) => candidate !== record) as StateRecord;
      return {
        id: record.id,
        sizeBytes: record.sizeBytes,
        error: new IntegrityError('state', `it holds the bytes of state ${other.id}`, { kind: 'state', file: record.id }),
      };
    });
}

/** Whether a state's packfile entries name it as the state that introduced them. */
export function namesState(residue: Uint8Array, id: StateId): boolean {
  const reader = new ByteReader(residue, 'state', { kind: 'state', file: id });
  while (reader.remaining > 0) {
    const type = reader.u8();
    const payload = new ByteReader(reader.take(reader.u32()), 'state entry');
    if (type === ENTRY_TYPE.packfile && packfileEntry.read(payload).state === id) return true;
  }
  return false;
}
