import type { PackfileId } from '@wardrobe/kloset-model';
import type { WritableStore } from '../store/store.js';
import { uploadPackfile } from './upload-packfile.js';

/** A packfile that is complete on local disk. */
export type ReadyPackfile = { readonly id: PackfileId; readonly path: string; readonly sizeBytes: number };
type Options = { readonly signal?: AbortSignal | undefined };
/** `ahead`: so many may be left on their way. */
type BeginOptions = Options & { readonly ahead?: number | undefined };

/** Over a line the questions around one upload are asked while the bytes of others are under way. */
const AT_ONCE_OVER_LINE = 3;

/** Brings packfiles into the store, each once, a few at a time. */
export class Uploads {
  readonly #store: WritableStore;
  readonly #onBrought: (packfile: ReadyPackfile) => void;
  readonly #underWay = new Map<ReadyPackfile, Promise<void>>();
  readonly #waiting: (() => void)[] = [];
  readonly #atOnce: number;
  readonly #closing = new AbortController();
  #free: number;
  /** Of a packfile that nobody waited for. */
  #failure: { readonly reason: unknown } | null = null;

  constructor(store: WritableStore, onBrought: (packfile: ReadyPackfile) => void) {
    this.#store = store;
    this.#onBrought = onBrought;
    this.#atOnce = store.line === undefined ? 1 : AT_ONCE_OVER_LINE;
    this.#free = this.#atOnce;
  }

  /** One that is under way already is awaited. Nothing of these is under way any more when it returns or throws. @throws the first failure */
  async bring(packfiles: readonly ReadyPackfile[], options: Options): Promise<void> {
    const outcomes = await Promise.allSettled(packfiles.map((packfile) => this.#underWay.get(packfile) ?? this.#begin(packfile, options)));
    // Those that failed before are brought once more here.
    this.#failure = null;
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /**
   * Begins to bring these, and returns as soon as few enough are on their way: `ahead` of them, over a line as many as go at once. Who makes packfiles need not
   * wait for the last of their bytes. One that fails later is told by the next call, and can be brought again. @throws the first failure since the last call
   */
  async begin(packfiles: readonly ReadyPackfile[], { signal, ahead = 0 }: BeginOptions): Promise<void> {
    const limit = Math.max(ahead, this.#atOnce === 1 ? 0 : this.#atOnce);
    if (limit === 0) return this.bring(packfiles, { signal });
    this.#throwFailure();
    for (const packfile of packfiles)
      if (!this.#underWay.has(packfile))
        this.#begin(packfile, { signal }).catch((reason: unknown) => {
          this.#failure ??= { reason };
        });
    while (this.#underWay.size > limit) {
      await Promise.race(Array.from(this.#underWay.values(), (brought) => brought.catch(() => undefined)));
      this.#throwFailure();
    }
  }

  #throwFailure(): void {
    const failure = this.#failure;
    this.#failure = null;
    if (failure !== null) throw failure.reason;
  }

  /** Stops what is under way. */
  async close(reason: Error): Promise<void> {
    this.#closing.abort(reason);
    await Promise.allSettled(this.#underWay.values());
  }

  #begin(packfile: ReadyPackfile, options: Options): Promise<void> {
    const closing = this.#closing.signal;
    const signal = options.signal === undefined ? closing : AbortSignal.any([options.signal, closing]);
    const brought = this.#inTurn(async () => {
      signal.throwIfAborted();
      await uploadPackfile(this.#store, packfile, { signal });
      this.#onBrought(packfile);
    }).finally(() => this.#underWay.delete(packfile));
    // Whoever waits for it sees its failure.
    brought.catch(() => undefined);
    this.#underWay.set(packfile, brought);
    return brought;
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
