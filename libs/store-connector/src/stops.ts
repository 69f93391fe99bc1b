/**
 * One listener for each signal, whatever number of requests waits for it: a signal of a whole command would otherwise collect one for each request that is on its way.
 */
export class Stops {
  readonly #waiting = new Map<AbortSignal, { readonly stops: Set<() => void>; readonly listener: () => void }>();

  /** Calls `stop` when the signal ends things; the returned function takes that back. */
  add(signal: AbortSignal | undefined, stop: () => void): () => void {
    if (signal === undefined) return () => undefined;
    const known = this.#waiting.get(signal) ?? this.#listen(signal);
    known.stops.add(stop);
    return () => {
      known.stops.delete(stop);
      if (known.stops.size > 0) return;
      signal.removeEventListener('abort', known.listener);
      this.#waiting.delete(signal);
    };
  }

  #listen(signal: AbortSignal) {
    const stops = new Set<() => void>();
    const listener = () => {
      for (const stop of [...stops]) stop();
    };
    const entry = { stops, listener };
    this.#waiting.set(signal, entry);
    signal.addEventListener('abort', listener);
    return entry;
  }
}
