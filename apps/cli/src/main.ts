import { readEnvironment } from './env.js';
import { CliError, EXIT, type ExitCode } from './exit-codes.js';
import { asCliError } from './failures.js';
import { splitStore } from './grammar.js';
import { buildProgram, commanderExit } from './program.js';
import type { Session } from './session.js';
import { createTerminal } from './terminal.js';

/** Runs the command line and ends the process explicitly: Node 20 may hang at its end once WASM was loaded. */
export async function main(args: readonly string[]): Promise<never> {
  const terminal = createTerminal();
  const abort = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => abort.abort(new CliError(EXIT.usage, 'Interrupted.')));
  const onClose: (() => Promise<void>)[] = [];
  let code: ExitCode = EXIT.fine;
  try {
    const env = readEnvironment();
    const { store, rest } = splitStore(args);
    const program = buildProgram(async (work) => {
      const { keyfile, index } = program.opts<{ keyfile?: string; index: boolean }>();
      const session: Session = {
        terminal,
        env,
        storeLocation: store ?? env.defaultStore,
        keyfile: keyfile ?? null,
        useIndex: index,
        signal: abort.signal,
        onClose,
      };
      code = await work(session);
    });
    await program.parseAsync([...rest], { from: 'user' });
  } catch (error) {
    code = report(error, abort.signal);
  }
  for (const close of onClose) await close();
  await terminal.flush();
  process.exit(code);

  function report(error: unknown, signal: AbortSignal): ExitCode {
    terminal.progress.clear();
    const ended = commanderExit(error);
    if (ended !== null) return ended;
    const known =
      asCliError(signal.aborted && signal.reason instanceof CliError ? signal.reason : error) ??
      (error instanceof TypeError && error.message.startsWith("'at'") ? new CliError(EXIT.usage, error.message) : null);
    if (known === null) {
      terminal.warn(`a fault in wardrobe itself: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      return EXIT.usage;
    }
    terminal.warn(known.next ? `${known.sentence}\n  ${known.next}` : known.sentence);
    return known.exitCode;
  }
}

await main(process.argv.slice(2));
