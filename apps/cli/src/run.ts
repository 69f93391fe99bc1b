import { defaultStore, maskedLocation } from '@wardrobe/connections';
import type { CliEnvironment } from './env.js';
import { CliError, EXIT, type ExitCode } from './exit-codes.js';
import { asCliError } from './failures.js';
import { splitStore } from './grammar.js';
import { buildProgram, commanderExit } from './program.js';
import type { Terminal } from './terminal.js';

export type RunContext = {
  readonly terminal: Terminal;
  readonly env: CliEnvironment;
  /** Its reason, where that is a `CliError`, is what the user reads when the command was ended from outside. */
  readonly signal: AbortSignal;
};

/** One command from its arguments to its exit code; everything it prints goes to the terminal given. Never throws. */
export async function runCommandLine(args: readonly string[], { terminal, env, signal }: RunContext): Promise<ExitCode> {
  const onClose: (() => Promise<void>)[] = [];
  let code: ExitCode = EXIT.fine;
  try {
    const { store, rest } = splitStore(args);
    const named = await namedStore(store, env);
    const program = buildProgram(async (work) => {
      const { keyfile, index, option } = program.opts<{ keyfile?: string; index: boolean; option: string[] }>();
      code = await work({
        terminal,
        env,
        get storeText() {
          return named();
        },
        get storeLocation() {
          return maskedLocation(named());
        },
        storeOptions: option,
        keyfile: keyfile ?? null,
        useIndex: index,
        signal,
        onClose,
      });
    });
    await program.parseAsync([...rest], { from: 'user' });
  } catch (error) {
    code = report(error, { terminal, signal });
  }
  for (const close of onClose) await close();
  await terminal.flush();
  return code;
}

/** The store that a command works on. That a configuration file cannot be read matters only to a command that asks for it. */
async function namedStore(given: string | null, env: CliEnvironment): Promise<() => string> {
  const text = given ?? env.store;
  if (text !== null) return () => text;
  try {
    const chosen = (await defaultStore(env.surroundings)) ?? env.homeStore;
    return () => chosen;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

function report(error: unknown, { terminal, signal }: Pick<RunContext, 'terminal' | 'signal'>): ExitCode {
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
