import { repositoryJson } from '../json.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { openStore, type Session, warnUnreadable } from '../session.js';
import { usableLines } from './info-lines.js';
import { printLines, storeLines } from './info-words.js';

/** `info`: what the store is, who can use it and why, what it holds. */
export async function info(session: Session, options: { readonly json?: boolean }): Promise<ExitCode> {
  const repository = await openStore(session);
  const usable = await usableLines(repository, session.signal);
  const incomplete = warnUnreadable(session, repository);
  if (options.json) {
    await session.terminal.json({ ...repositoryJson(repository), ...usable });
    if (incomplete) await session.terminal.json({ incomplete: true, unreadableStates: repository.view.unreadable.map((state) => state.id) });
  } else await printLines(session.terminal, storeLines(repository, usable));
  return incomplete ? EXIT.damaged : EXIT.fine;
}
