import type { PackfileId } from '@wardrobe/kloset-model';
import type { WritableStore } from '../store/store.js';
import { uploadPackfile } from './upload-packfile.js';

/** A packfile that is complete on local disk. */
export type ReadyPackfile = { readonly id: PackfileId; readonly path: string; readonly sizeBytes: number };
/** `ahead`: with no more than so many there is no waiting; a failure of theirs is thrown by the next call of this kind. */
type Options = { readonly signal?: AbortSignal | undefined; readonly ahead?: number | undefined };

/** Over a line the questions around one upload are asked while the bytes of others are under way. */
const AT_ONCE_OVER_LINE = 3;

/** Brings packfiles into the store, each once, a few at a time. */
export class Uploads {
  readonly #store: WritableStore;
  readonly #onBrought: (packfile: ReadyPackfile) => void;
  readonly #underWay = new Map<ReadyPackfile, Promise<void>>();
  readonly #waiting: (() => void)[] = [];
  #free: number;
  /** Of packfiles that nobody waited for. */
  #failure: PromiseRejectedResult | null = null;

  constructor(store: WritableStore, onBrought: (packfile: ReadyPackfile) => void) {
    this.#store = store;
    this.#onBrought = onBrought;
    this.#free = store.line === undefined ? 1 : AT_ONCE_OVER_LINE;
  }

  /** One that is under way already is awaited. Unless there are no more than `ahead`, nothing of these is under way any more when it returns or throws. @throws the first failure */
  async bring(packfiles: readonly ReadyPackfile[], options: Options): Promise<void> {
    const failure = this.#failure;
    this.#failure = null;
    if (failure !== null && options.ahead !== undefined) throw failure.reason;
    const settled = Promise.allSettled(packfiles.map((packfile) => this.#underWay.get(packfile) ?? this.#begin(packfile, options)));
    const failed = settled.then((outcomes) => outcomes.find((outcome) => outcome.status === 'rejected') ?? null);
    if (packfiles.length <= (options.ahead ?? 0)) {
      void failed.then((found) => (this.#failure ??= found));
      return;
    }
    const found = await failed;
    if (found !== null) throw found.reason;
  }

  /** Until nothing is under way, whatever became of it. */
  async quiet(): Promise<void> {
    await Promise.allSettled(this.#underWay.values());
  }

  #begin(packfile: ReadyPackfile, options: Options): Promise<void> {
    const brought = this.#inTurn(async () => {
      options.signal?.throwIfAborted();
      await uploadPackfile(this.#store, packfile, options);
      this.#onBrought(packfile);
    }).finally(() => this.#underWay.delete(packfile));
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
