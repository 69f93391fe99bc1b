import type { Keys } from './signature.js';

/** Keys that end so soon are asked for anew: a request under way must not outlive them. */
const RENEWED_MS = 300_000;

/** Asks for keys once, and again when they are about to expire; those who want them at the same time share one question. A failure is not kept. */
export function heldKeys(find: () => Promise<Keys>): () => Promise<Keys> {
  let held: Keys | null = null;
  let asked: Promise<Keys> | null = null;
  return async () => {
    if (held !== null && !endsSoon(held)) return held;
    asked ??= find().finally(() => {
      asked = null;
    });
    held = await asked;
    return held;
  };
}

function endsSoon({ expiration }: Keys): boolean {
  return expiration !== undefined && expiration.getTime() - Date.now() < RENEWED_MS;
}
