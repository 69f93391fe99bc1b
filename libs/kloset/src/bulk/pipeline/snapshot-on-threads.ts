import { createContext } from '../../snapshot/context.js';
import { contextOf, snapshotOf } from '../../snapshot/open.js';
import type { Snapshot } from '../../snapshot/types.js';
import { LineFiles } from './line-files.js';
import type { FileMakers } from './make-request.js';
import type { Placer } from './placer.js';
import { lineReadersFor } from './readers-for.js';
import { isRepository, threadedSource } from './threaded-source.js';

/** `makers`: make whole files on threads; `placer`: writes contents there, too. Null where there are none. */
export type SnapshotOnThreads = {
  readonly snapshot: Snapshot;
  readonly makers: FileMakers | null;
  readonly placer: Placer | null;
  close(): Promise<void>;
};

/** The same snapshot for a restore; its blobs are read on threads where its source is a whole repository with local packfiles. Needs `close`. */
export async function snapshotOnThreads(snapshot: Snapshot): Promise<SnapshotOnThreads> {
  const { source, header } = contextOf(snapshot);
  if (!isRepository(source)) return { snapshot, makers: null, placer: null, close: () => Promise.resolve() };
  const line = lineReadersFor(source);
  if (line !== null) return { snapshot, makers: new LineFiles(source, line), placer: null, close: () => line.close() };
  const threads = await threadedSource(source);
  return { snapshot: snapshotOf(createContext(threads, header)), makers: threads.placer, placer: threads.placer, close: () => threads.close() };
}
