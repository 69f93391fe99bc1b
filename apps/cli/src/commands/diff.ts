import { diffTrees, type TreeChange } from '@wardrobe/kloset';
import { counted } from '@wardrobe/words';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { entryJson, namePair } from '../json.js';
import { type Reach, select } from '../select.js';
import { openStore, type Session, warnUnreadable } from '../session.js';
import { printable } from '../printable.js';

export type DiffOptions = Reach & { readonly json?: boolean };

const SIGN = { added: '+', removed: '-', changed: '~', 'type-changed': '!', unknown: '?' } as const satisfies Record<TreeChange['kind'], string>;

/** `diff`: entries that differ between two trees, by their MACs alone. Ends with 0 also when they differ, with 65 when a side could not be read whole. */
export async function diff(session: Session, { a, b }: { readonly a: string; readonly b: string }, options: DiffOptions): Promise<ExitCode> {
  const repository = await openStore(session);
  let incomplete = warnUnreadable(session, repository);
  const before = await select(session, repository, { argument: a, reach: options });
  const after = await select(session, repository, { argument: b, reach: options });
  let changes = 0;
  for await (const change of diffTrees(before, after, { signal: session.signal })) {
    changes += 1;
    if (change.kind === 'unknown') {
      incomplete = true;
      session.terminal.warn(`${printable(change.path.text)} cannot be read in ${change.side === 'before' ? a : b}: ${change.error.message}`);
    }
    await print(session, change, options);
  }
  if (options.json && incomplete) await session.terminal.json({ incomplete: true, unreadableStates: repository.view.unreadable.map((state) => state.id) });
  if (!options.json) session.terminal.warn(changes === 0 ? 'no difference' : counted(changes, 'difference'));
  return incomplete ? EXIT.damaged : EXIT.fine;
}

async function print(session: Session, change: TreeChange, options: DiffOptions): Promise<void> {
  const path = { bytes: change.path.bytes, text: change.path.text || '.' };
  if (!options.json) {
    const what = change.what.length > 0 && change.kind === 'changed' ? ` (${change.what.join(', ')})` : '';
    return session.terminal.line(`${SIGN[change.kind]} ${printable(path.text)}${what}`);
  }
  if (change.kind === 'unknown')
    return session.terminal.json({ ...namePair('path', path), kind: change.kind, what: change.what, side: change.side, message: change.error.message });
  return session.terminal.json({
    ...namePair('path', path),
    kind: change.kind,
    what: change.what,
    before: change.before ? entryJson(change.before) : null,
    after: change.after ? entryJson(change.after) : null,
  });
}
