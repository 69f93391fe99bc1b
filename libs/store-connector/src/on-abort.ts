/** What is to be done when a signal aborts; forgotten with the signal. */
const waiting = new WeakMap<AbortSignal, { readonly stops: Set<() => void>; readonly listener: () => void }>();

/**
 * Calls `stop` when the signal aborts, until the answer is called. However many wait, the signal itself gets one listener: a transfer has a hundred
 * requests under way, and Node warns of more than ten.
 */
export function onAbort(signal: AbortSignal | undefined, stop: () => void): () => void {
  if (signal === undefined) return () => undefined;
  const known = waiting.get(signal);
  const stops = known?.stops ?? new Set<() => void>();
  stops.add(stop);
  if (known === undefined) {
    const listener = () => {
      waiting.delete(signal);
      for (const each of [...stops]) each();
    };
    waiting.set(signal, { stops, listener });
    signal.addEventListener('abort', listener, { once: true });
  }
  return () => {
    stops.delete(stop);
    const left = waiting.get(signal);
    if (left === undefined || left.stops !== stops || stops.size > 0) return;
    waiting.delete(signal);
    signal.removeEventListener('abort', left.listener);
  };
}

/** Waits for `work`, which goes on without its caller after an abort. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const forget = onAbort(signal, () => reject(signal.reason));
    work.then(resolve, reject).finally(forget);
  });
}
