/** Servers refuse signatures whose time differs more from theirs; a minute is left for the way. */
const SKEW_MS = 240_000;

/** The time of signatures: this machine's, until a server's answer shows that it is far off. */
export class ServerClock {
  #offsetMs = 0;

  now(): Date {
    return new Date(Date.now() + this.#offsetMs);
  }

  /** @param date header `date` of an answer */
  learn(date: string | undefined): void {
    const at = Date.parse(date ?? '');
    if (!Number.isNaN(at) && Math.abs(at - this.now().getTime()) > SKEW_MS) this.#offsetMs = at - Date.now();
  }
}

/** Whether an answer with this header `date` shows that this machine's clock is far off. */
export function isFarOff(date: string | undefined): boolean {
  const at = Date.parse(date ?? '');
  return !Number.isNaN(at) && Math.abs(at - Date.now()) > SKEW_MS;
}
