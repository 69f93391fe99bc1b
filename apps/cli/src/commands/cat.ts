import { asCliError } from '../failures.js';
import { CliError, EXIT, type ExitCode } from '../exit-codes.js';
import { type Reach, select } from '../select.js';
import { openStore, type Session } from '../session.js';

/** `cat`: the content of files, verified to the end. A damaged file ends with 65; what was printed of it is only its proven beginning. */
export async function cat(session: Session, args: readonly string[], options: Reach): Promise<ExitCode> {
  const repository = await openStore(session);
  let code: ExitCode = EXIT.fine;
  for (const argument of args) {
    try {
      await catOne(session, { repository, argument, options });
    } catch (error) {
      const known = asCliError(error, argument);
      if (known === null || session.signal.aborted) throw error;
      session.terminal.warn(`${argument}: ${known.sentence}${known.next ? ` ${known.next}` : ''}`);
      code = worse(code, known.exitCode);
    }
  }
  return code;
}

function worse(a: ExitCode, b: ExitCode): ExitCode {
  return a === EXIT.fine || b === EXIT.damaged ? b : a;
}

async function catOne(
  session: Session,
  { repository, argument, options }: { readonly repository: Awaited<ReturnType<typeof openStore>>; readonly argument: string; readonly options: Reach },
): Promise<void> {
  const { snapshot, path } = await select(session, repository, { argument, reach: options });
  const entry = await snapshot.entry(path, { followLinks: true, signal: session.signal });
  if (entry.type !== 'file' || entry.object === null)
    throw new CliError(EXIT.usage, `${entry.path.text} is a ${entry.type}, not a file.`, 'Use ls for directories, restore for everything else.');
  const object = await snapshot.object(entry.object, { signal: session.signal });
  let done = 0;
  for await (const piece of snapshot.content(object, { signal: session.signal })) {
    await session.terminal.bytes(piece);
    done += piece.length;
    if (!process.stdout.isTTY) session.terminal.progress.show('reading', done, object.sizeBytes);
  }
}
