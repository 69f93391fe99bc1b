import type { LiveEvent } from '@wardrobe/contracts';
import type { Ended } from '../events.js';
import { type Deps, now } from './deps.js';
import type { Actor, LiveService } from './types.js';

export function createLive(deps: Deps): LiveService {
  return {
    async *events(actor, { storeId, signal }) {
      const over = new AbortController();
      const stop = deps.bus.onEnded((ended) => {
        if (concerns(actor, ended)) over.abort();
      });
      try {
        const merged = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
        for await (const event of deps.bus.live(merged, () => now(deps).toISOString()))
          if (storeId === undefined || event.storeId === null || event.storeId === storeId) yield event;
        if (over.signal.aborted) yield { kind: 'session-ended', storeId: null, at: now(deps).toISOString(), job: null } satisfies LiveEvent;
      } finally {
        stop();
      }
    },
  };
}

/** Whether what ended is the credential of this actor. */
export function concerns(actor: Actor, ended: Ended): boolean {
  if (actor.kind === 'user') return (ended.kind === 'session' && ended.id === actor.sessionId) || (ended.kind === 'user' && ended.id === actor.id);
  return actor.kind === 'token' && ended.kind === 'token' && ended.id === actor.id;
}
