import { expect, it } from 'vitest';
import { collectYoung } from './collect-garbage.js';

const MIB = 1 << 20;

it('buffers that were used once and that nobody holds any more are given back at once', async () => {
  collectYoung();
  const before = process.memoryUsage().arrayBuffers;
  let sum = 0;
  for (let at = 0; at < 512; at += 1) sum += new Uint8Array(32 << 10).length;
  expect(sum).toBe(16 * MIB);
  collectYoung();
  await expect.poll(() => process.memoryUsage().arrayBuffers - before, { timeout: 2_000 }).toBeLessThan(4 * MIB);
});
