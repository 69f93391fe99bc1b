import { onAbort } from '@wardrobe/store-connector';

/** A number of places that are taken and given back; who finds none waits in turn. */
export class Slots {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(places: number) {
    this.#free = places;
  }

  /** The reason of an abort is rethrown as it came; no place is taken then. */
  async take(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const enter = () => {
        forget();
        resolve();
      };
      const forget = onAbort(signal, () => {
        this.#waiting.delete(enter);
        reject(signal?.reason);
      });
      this.#waiting.add(enter);
    });
  }

  giveBack(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}

/** Results of `work` in the order of `items`; `limit` of them are under way at once. The first failure ends it. */
export async function* inParallel<T, R>(items: Iterable<T>, limit: number, work: (item: T) => Promise<R>): AsyncIterable<R> {
  const ahead: Promise<R>[] = [];
  const begin = (item: T) => {
    const started = work(item);
    // Whoever awaits it sees its failure; a reader that has stopped does not.
    started.catch(() => undefined);
    ahead.push(started);
  };
  for (const item of items) {
    begin(item);
    const first = ahead.length < limit ? undefined : ahead.shift();
    if (first !== undefined) yield await first;
  }
  for (const rest of ahead) yield await rest;
}
