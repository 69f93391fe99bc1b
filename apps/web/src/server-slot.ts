import type { Caller } from '@wardrobe/api';

/** What the server process hands to the pages. Set once by `apps/server` before the first request; absent in `next dev` without the server. */
export type ServerSlot = {
  /** Calls the API in process, as the person whose session cookie is in `headers`. */
  caller(headers: Headers): Promise<Caller>;
};

const KEY = Symbol.for('wardrobe.server');
type Holder = { [KEY]?: ServerSlot };

export function setServerSlot(slot: ServerSlot): void {
  (globalThis as Holder)[KEY] = slot;
}

export function serverSlot(): ServerSlot | null {
  return (globalThis as Holder)[KEY] ?? null;
}
