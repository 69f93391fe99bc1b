import { dupSnapshot, openSnapshot } from '@wardrobe/kloset';
import { shortId } from '@wardrobe/kloset-model';
import type { ExitCode } from '../exit-codes.js';
import { EXIT } from '../exit-codes.js';
import { usage } from '../failures.js';
import { printable } from '../printable.js';
import { matchPrefix } from '../select.js';
import { openStore, type Session } from '../session.js';
import { snapshotLine } from '../snapshot-line.js';
import { runContext } from './backup-context.js';

export type DupCommandOptions = { readonly dryRun?: boolean; readonly wait?: boolean; readonly json?: boolean };

/** `dup`: each snapshot once more, under a new id and of now. */
export async function dup(session: Session, ids: readonly string[], options: DupCommandOptions): Promise<ExitCode> {
  for (const id of ids) if (!/^[0-9a-fA-F]{1,64}$/.test(id)) throw usage(`'${id}' is not a snapshot id.`, 'Give the first hex digits, as ls shows them.');
  const repository = await openStore(session);
  const all = repository.view.live.map(({ id }) => ({ id, availability: 'live' as const }));
  const originals = [...new Set(ids.map((id) => matchPrefix(id, all).id))];
  for (const original of originals) {
    if (options.dryRun) {
      const { header } = await openSnapshot(repository, original, { signal: session.signal });
      if (options.json) await session.terminal.json({ action: 'dup', original });
      else await session.terminal.line(`dup  ${snapshotLine(header)}`);
      continue;
    }
    const made = await dupSnapshot(repository, original, {
      context: runContext(),
      signal: session.signal,
      wait: options.wait,
      onWait: (lock) => session.terminal.warn(`waiting for ${printable(lock.hostname)}, which holds the store`),
    });
    if (made.signed) session.terminal.warn(`snapshot ${shortId(original)} is signed; a signature holds for one id only, so the copy has none`);
    if (options.json) await session.terminal.json({ duplicate: made });
    else await session.terminal.line(`Snapshot ${shortId(made.copy)} holds what ${shortId(made.original)} holds.`);
  }
  return EXIT.fine;
}
