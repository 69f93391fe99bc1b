import { randomFillSync } from 'node:crypto';
import { hostname } from 'node:os';
import type { WriterEnvironment } from './writer-types.js';

const POOL_BYTES = 1 << 16;

export function systemEnvironment(): WriterEnvironment {
  return { nowMs: () => Date.now(), randomBytes: pooledRandomBytes(), hostname: hostname() };
}

/** Random bytes drawn from the system by the pool: a call for each subkey costs more than sealing a small blob. What was handed out is wiped from the pool. */
function pooledRandomBytes(): (lengthBytes: number) => Uint8Array {
  const pool = new Uint8Array(POOL_BYTES);
  let at = POOL_BYTES;
  return (lengthBytes) => {
    if (lengthBytes > POOL_BYTES >> 4) return randomFillSync(new Uint8Array(lengthBytes));
    if (at + lengthBytes > POOL_BYTES) {
      randomFillSync(pool);
      at = 0;
    }
    const drawn = pool.slice(at, at + lengthBytes);
    pool.fill(0, at, at + lengthBytes);
    at += lengthBytes;
    return drawn;
  };
}
