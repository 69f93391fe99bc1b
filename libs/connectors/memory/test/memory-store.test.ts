import { storeContract, writableContract } from '@wardrobe/store-connector/contract';
import { memoryStore } from '../src/memory-store.js';

storeContract('memory', async (content) => {
  const store = memoryStore(content === null ? {} : { config: content.config });
  for (const kind of ['packfile', 'state', 'lock'] as const) for (const [id, bytes] of content?.items[kind] ?? []) store.items[kind].set(id, bytes);
  for (const path of content?.foreign ?? []) store.foreign.set(path, new Uint8Array(1));
  return { store, close: () => store.close() };
});

writableContract('memory', () => {
  const store = memoryStore({});
  return Promise.resolve({ store, again: () => Promise.resolve(store), close: () => store.close() });
});
