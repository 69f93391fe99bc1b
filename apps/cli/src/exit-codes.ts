/** Exit codes of every command; documented in the README and in `wardrobe --help`. */
export const EXIT = { fine: 0, usage: 1, damaged: 65, denied: 77 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A failure with the sentence that the user reads and the code that the process ends with. */
export class CliError extends Error {
  override readonly name = 'CliError';
  constructor(
    readonly exitCode: ExitCode,
    readonly sentence: string,
    readonly next: string | null = null,
    options?: ErrorOptions,
  ) {
    super(sentence, options);
  }
}
