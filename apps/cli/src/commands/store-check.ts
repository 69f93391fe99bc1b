import { isLocal, openLocation, probeStore } from '@wardrobe/connections';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { asCliError } from '../failures.js';
import { printable } from '../printable.js';
import { givenPassphrase, resolveStore, type Session } from '../session.js';
import { askHidden } from '../terminal.js';

/** `store check [STORE]`: tries the store step by step, and ends at the first that fails. */
export async function checkStoreSteps(session: Session, text: string | undefined, options: { readonly json?: boolean }): Promise<ExitCode> {
  const resolved = await resolveStore(text === undefined ? session : { ...session, storeText: text });
  const { steps, error } = await probeStore({
    open: () => openLocation(resolved, session.env.surroundings),
    local: isLocal(resolved.location),
    passphrase: async () => (await givenPassphrase(session, resolved)) ?? (process.stdin.isTTY ? await askHidden(`Passphrase of ${resolved.shown}: `) : null),
    signal: session.signal,
  });
  for (const { step, ok, sentence, next } of steps) {
    if (options.json) await session.terminal.json({ step, ok, sentence, ...(next === null ? {} : { next }) });
    else
      await session.terminal.line(
        `${ok ? 'ok    ' : 'FAILED'}  ${step.padEnd(12)} ${printable(sentence)}${next === null ? '' : `\n                      ${next}`}`,
      );
  }
  if (steps.every(({ ok }) => ok)) return EXIT.fine;
  return error === null ? EXIT.denied : (asCliError(error)?.exitCode ?? EXIT.usage);
}
