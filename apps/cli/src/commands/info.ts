import { repositoryJson } from '../json.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { openStore, type Session, warnUnreadable } from '../session.js';
import { usableLines } from './info-lines.js';

/** `info`: what the store is, who can use it and why, what it holds. */
export async function info(session: Session, options: { readonly json?: boolean }): Promise<ExitCode> {
  const repository = await openStore(session);
  const facts = { ...repositoryJson(repository), ...(await usableLines(repository, session.signal)) };
  const incomplete = warnUnreadable(session, repository);
  if (options.json) {
    await session.terminal.json(facts);
    if (incomplete) await session.terminal.json({ incomplete: true, unreadableStates: repository.view.unreadable.map((state) => state.id) });
  } else {
    const { usableWhy, ...rest } = facts;
    for (const [key, value] of Object.entries(rest))
      await session.terminal.line(`${key.padEnd(18)} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`);
    for (const [index, why] of usableWhy.entries()) await session.terminal.line(`${(index === 0 ? 'why' : '').padEnd(18)} ${why}`);
  }
  return incomplete ? EXIT.damaged : EXIT.fine;
}
