import { Option } from 'commander';
import type { ExitCode } from '../exit-codes.js';
import type { Session } from '../session.js';

/** Runs one command and keeps its exit code. Commands are loaded when they run, so that `ls` does not wait for the rest. */
export type Runner = (work: (session: Session) => Promise<ExitCode>) => Promise<void>;

export const json = (): Option => new Option('--json', 'one JSON object a line');
export const deletedOption = (): Option => new Option('--deleted', 'also reach deleted snapshots');
export const hiddenOption = (): Option => new Option('--hidden', 'also reach hidden snapshots (data in the store, state lost)');
export const collect = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** `Examples:` under a command's help. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
