import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { hash, verify } from '@node-rs/argon2';

/** Argon2id of the library (OWASP's second choice: 19 MiB, 2 passes), run on its thread pool. */
const OPTIONS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

export function hashPassword(password: string): Promise<string> {
  return hash(password, OPTIONS);
}

let dummy: Promise<string> | null = null;

/** False also for an account that does not exist (`stored` null), after the same work. */
export async function passwordMatches(stored: string | null, password: string): Promise<boolean> {
  dummy ??= hashPassword(randomBytes(16).toString('hex'));
  const matches = await verify(stored ?? (await dummy), password);
  return stored !== null && matches;
}

/** 32 random bytes as text with a prefix that secret scanners can know. */
export function newSecret(prefix: 'wds' | 'wda' | 'wdr' | 'wdl'): string {
  return `${prefix}_${randomBytes(32).toString('base64url')}`;
}

/** What the database keeps of a secret. The secrets are random and long: a fast hash suffices. */
export function secretHash(secret: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(secret, 'utf8').digest());
}

export function equalSecrets(a: string, b: string): boolean {
  return timingSafeEqual(secretHash(a), secretHash(b));
}
