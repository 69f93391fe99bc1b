import { ARCHIVE_PACKFILE_ID, ARCHIVE_STATE_ID, type PackfileId } from '@wardrobe/kloset-model';
import type { Store } from '../store/store.js';
import type { StateView } from './types.js';

/**
 * The store of a single-file archive as its state names it: listings call the one packfile by a made-up id, the state by a random one that is found nowhere else. Null
 * when the store is no archive. @source 04-remote-stores 8.2
 */
export function archiveStore(store: Store, view: StateView): Store | null {
  const [state, ...others] = [...view.states, ...view.unreadable];
  if (state?.id !== ARCHIVE_STATE_ID || others.length > 0) return null;
  const [packfile, ...more] = [...view.packfiles()];
  if (packfile === undefined || more.length > 0) return null;
  return named(store, packfile.id);
}

function named(store: Store, packfile: PackfileId): Store {
  const { line } = store;
  return {
    location: store.location,
    readConfig: (options) => store.readConfig(options),
    async *list(kind, options) {
      for await (const item of store.list(kind, options)) yield item.id === ARCHIVE_PACKFILE_ID ? { ...item, id: packfile } : item;
    },
    listForeign: (options) => store.listForeign(options),
    sizeBytes: (kind, id, options) => store.sizeBytes(kind, id, options),
    read: (kind, id, options) => store.read(kind, id, options),
    readRange: (kind, id, offset, ...rest) => store.readRange(kind, id, offset, ...rest),
    close: () => store.close(),
    ...(line === undefined ? {} : { line: () => line.call(store) }),
  };
}
