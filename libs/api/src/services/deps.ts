import { addAudit, type Db } from '@wardrobe/db';
import type { ApiConfig, Clock, Log, Sealer } from '../config.js';
import type { EventBus } from '../events.js';
import type { Actor } from './types.js';

/** What services share. */
export type Deps = {
  readonly db: Db;
  readonly dataDirectory: string;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly config: ApiConfig;
  readonly log: Log;
  readonly bus: EventBus;
};

/** Writes who changed what. `about` names the thing and holds no secret. */
export async function audit(
  deps: Deps,
  actor: Actor | { readonly name: string; readonly userId: string | null },
  entry: { readonly what: string; readonly about: string; readonly address?: string },
): Promise<void> {
  const userId = 'kind' in actor ? (actor.kind === 'user' ? actor.id : null) : actor.userId;
  await addAudit(deps.db, { who: actor.name, userId, what: entry.what, about: entry.about, address: entry.address ?? null, at: now(deps) });
}

export function now(deps: Pick<Deps, 'clock'>): Date {
  return new Date(deps.clock.nowMs());
}

export const CONSOLE: Actor = { kind: 'console', id: 'console', name: 'command line', role: 'admin' };
/** For what the console does by itself. */
export const SCHEDULE = { name: 'schedule', userId: null } as const;
