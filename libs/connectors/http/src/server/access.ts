import type { Mac } from '@wardrobe/kloset-model';
import { isMac } from '@wardrobe/kloset-model';
import { ReadOnlyError, type ResourceKind, type WritableStore } from '@wardrobe/store-connector';
import { NO_DELETE_TEXT, READ_ONLY_TEXT } from '../words.js';
import type { ServedStore } from './handler.js';
import { malformed, Refusal } from './refusal.js';

/** @throws Refusal the server only reads; ReadOnlyError the store cannot be written */
export function writableOf({ store, writable }: ServedStore): WritableStore {
  if (!writable) throw new Refusal(403, `${READ_ONLY_TEXT}: it was started without --read-write`);
  if ('adopt' in store && 'write' in store && 'remove' in store) return store as WritableStore;
  throw new ReadOnlyError(store.location);
}

/** Locks may be deleted wherever a store is written: otherwise each backup would leave its own. @source 04-remote-stores 5.3 */
export function expectDelete({ allowDelete }: ServedStore, kind: ResourceKind): void {
  if (kind !== 'lock' && !allowDelete) throw new Refusal(403, NO_DELETE_TEXT);
}

/** @throws Refusal (400) not 64 hex digits */
export function idOf(text: unknown): Mac {
  const id = typeof text === 'string' ? text.toLowerCase() : '';
  if (!isMac(id)) throw malformed('Invalid MAC');
  return id;
}
