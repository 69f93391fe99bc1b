import { clearAttempts, countAttempt } from '@wardrobe/db';
import { ApiError } from '../errors/api-error.js';
import type { Deps } from './deps.js';
import { now } from './deps.js';

const WINDOW_MS = 10 * 60_000;
/** Tries per window: of one account from anywhere, and of one address on anything. */
const LIMITS = { account: 10, address: 60, setup: 20 } as const;

/** Counts a try before any work is done. @throws ApiError rate-limited */
export async function limitAttempts(deps: Deps, kind: keyof typeof LIMITS, key: string): Promise<void> {
  const at = now(deps);
  const { count, startedAt } = await countAttempt(deps.db, { key: `${kind} ${key}`, windowMs: WINDOW_MS, now: at });
  if (count <= LIMITS[kind]) return;
  const minutes = Math.max(1, Math.ceil((startedAt.getTime() + WINDOW_MS - at.getTime()) / 60_000));
  throw new ApiError('rate-limited', 'There were too many tries to sign in.', `Wait ${minutes} min, then try again.`);
}

export async function forgetAttempts(deps: Deps, kind: keyof typeof LIMITS, key: string): Promise<void> {
  await clearAttempts(deps.db, `${kind} ${key}`);
}
