import { checkSnapshots, type Repository } from '@wardrobe/kloset';
import { type SnapshotId, shortId } from '@wardrobe/kloset-model';
import { counted } from '@wardrobe/words';
import { namePair } from '../json.js';
import { printable } from '../printable.js';
import type { Session } from '../session.js';

/** Reads a snapshot back that was just made. @returns whether all of it is as it should be */
export async function checkNewSnapshot(
  session: Session,
  repository: Repository,
  { snapshot, json }: { readonly snapshot: SnapshotId; readonly json: boolean },
): Promise<boolean> {
  const run = checkSnapshots(repository, {
    snapshots: [snapshot],
    signal: session.signal,
    onProgress: ({ objects }) => session.terminal.progress.show('checking objects', objects, null),
  });
  for (;;) {
    const step = await run.next();
    if (step.done) {
      session.terminal.progress.clear();
      const { problems } = step.value;
      if (json) await session.terminal.json({ checked: step.value });
      else await session.terminal.line(`Snapshot ${shortId(snapshot)} checked: ${problems === 0 ? 'no damage' : counted(problems, 'problem')}`);
      return problems === 0;
    }
    const { path, what, error } = step.value;
    session.terminal.warn(`damaged: ${path ? printable(path.text) : ''} ${what}: ${error.message}`);
    if (json) await session.terminal.json({ snapshot, ...(path ? namePair('path', path) : { path: null }), what, code: error.code, message: error.message });
  }
}
