import type { CheckProblem } from '../snapshot/types.js';

/** Problems that are held before they are told; then the search waits. */
const PROBLEMS_HELD = 256;

/** Problems of one part of a snapshot, which may be looked for before it is their turn to be told. */
export class EarlyProblems {
  readonly #problems: AsyncIterable<CheckProblem>;
  readonly #held: CheckProblem[] = [];
  /** What ends the search, for `stop`. */
  readonly #end: AbortController;
  #search: Promise<void> | null = null;
  #isOver = false;
  #failure: { readonly error: unknown } | null = null;
  #wake: () => void = () => undefined;

  /** The signal ends what the search has under way. */
  constructor(search: (signal: AbortSignal) => AsyncIterable<CheckProblem>, signal: AbortSignal | undefined) {
    this.#end = new AbortController();
    this.#problems = search(signal === undefined ? this.#end.signal : AbortSignal.any([signal, this.#end.signal]));
  }

  begin(): void {
    this.#search ??= this.#run();
  }

  /** All of them in order. @throws as the search */
  async *told(): AsyncGenerator<CheckProblem> {
    this.begin();
    for (;;) {
      for (let problem = this.#held.shift(); problem !== undefined; problem = this.#held.shift()) {
        this.#wake();
        yield problem;
      }
      if (this.#isOver) break;
      await this.#change();
    }
    if (this.#failure !== null) throw this.#failure.error;
  }

  /** Leaves nothing under way. */
  async stop(): Promise<void> {
    this.#end.abort();
    this.#wake();
    await this.#search;
  }

  async #run(): Promise<void> {
    try {
      for await (const problem of this.#problems) {
        this.#held.push(problem);
        this.#wake();
        while (this.#held.length >= PROBLEMS_HELD && !this.#end.signal.aborted) await this.#change();
        if (this.#end.signal.aborted) break;
      }
    } catch (error) {
      this.#failure = { error };
    }
    this.#isOver = true;
    this.#wake();
  }

  /** Until something was held, taken or ended. Both sides never wait at once: one has too many, the other none. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
