import { Stops } from '@wardrobe/store-connector';

const stops = new Stops();

/** The caller's abort is met at once, whatever it waits for. However many wait for one signal, it gets one listener. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const forget = stops.add(signal, () => reject(signal.reason as Error));
    work.then(resolve, reject).finally(forget);
  });
}
