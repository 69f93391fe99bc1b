import { createContext } from '../../snapshot/context.js';
import { contextOf, snapshotOf } from '../../snapshot/open.js';
import type { Snapshot } from '../../snapshot/types.js';
import type { Placer } from './placer.js';
import { isRepository, threadedSource } from './threaded-source.js';

/** The same snapshot, its blobs read (and written, by `placer`) on threads where its source is a whole repository. Needs `close`. */
export async function snapshotOnThreads(snapshot: Snapshot): Promise<{ readonly snapshot: Snapshot; readonly placer: Placer | null; close(): Promise<void> }> {
  const { source, header } = contextOf(snapshot);
  if (!isRepository(source)) return { snapshot, placer: null, close: () => Promise.resolve() };
  const threads = await threadedSource(source);
  return { snapshot: snapshotOf(createContext(threads, header)), placer: threads.placer, close: () => threads.close() };
}
