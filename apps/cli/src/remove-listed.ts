import { proveRemoved, type Repository, removeSnapshots } from '@wardrobe/kloset';
import type { SnapshotId } from '@wardrobe/kloset-model';
import { counted } from '@wardrobe/words';
import type { Session } from './session.js';

type Removal = { readonly ids: readonly SnapshotId[]; readonly apply: boolean; readonly json: boolean };

/** The end of `rm` and `prune`: removes what was shown and proves it, or says that nothing was changed. On a failure says what is removed and what is not. */
export async function removeListed(session: Session, repository: Repository, { ids, apply, json }: Removal): Promise<void> {
  const { terminal, signal } = session;
  if (!apply) {
    if (json) await terminal.json({ removed: 0, selected: ids.length, applied: false });
    else if (ids.length > 0) terminal.warn(`${counted(ids.length, 'snapshot')} would be removed. Nothing was changed: run the same command with --apply.`);
    return;
  }
  const done: SnapshotId[] = [];
  try {
    for await (const { id, state } of ids.length > 0 ? removeSnapshots(repository, ids, { signal }) : []) {
      done.push(id);
      terminal.progress.show('removing snapshots', done.length, ids.length);
      if (json) await terminal.json({ removed: id, state });
    }
    if (done.length > 0) await proveRemoved(repository, done, { signal });
  } catch (error) {
    const left = ids.filter((id) => !done.includes(id));
    if (json) await terminal.json({ removed: done, notRemoved: left, selected: ids.length, applied: true, complete: false });
    terminal.warn(
      left.length === 0
        ? 'every removal was written, and that could not be proven: look with ls'
        : `removed: ${shortIds(done)}; not removed: ${shortIds(left)}. It is safe to run the same command again.`,
    );
    throw error;
  }
  terminal.progress.clear();
  if (json) await terminal.json({ removed: done.length, selected: ids.length, applied: true, complete: true });
  else if (done.length > 0)
    await terminal.line(`${counted(done.length, 'snapshot')} removed, for everybody who reads the store. The space comes back through: maintenance`);
}

function shortIds(ids: readonly SnapshotId[]): string {
  return ids.length === 0 ? 'none' : ids.map((id) => id.slice(0, 8)).join(', ');
}
