import { createContext } from '../../snapshot/context.js';
import { contextOf, snapshotOf } from '../../snapshot/open.js';
import type { Snapshot } from '../../snapshot/types.js';
import { isRepository, threadedSource } from './threaded-source.js';

/** The same snapshot, its blobs read on threads where its source is a whole repository. Needs `close`. */
export async function snapshotOnThreads(snapshot: Snapshot): Promise<{ readonly snapshot: Snapshot; close(): Promise<void> }> {
  const { source, header } = contextOf(snapshot);
  if (!isRepository(source)) return { snapshot, close: () => Promise.resolve() };
  const threads = await threadedSource(source);
  return { snapshot: snapshotOf(createContext(threads, header)), close: () => threads.close() };
}
