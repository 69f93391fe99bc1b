import { expect, it } from 'vitest';
import { collectYoung } from './collect-garbage.js';
import { PassingBuffers } from './passing-buffers.js';

const MIB = 1 << 20;

it('buffers that pass are collected in time, and those that are held stay', async () => {
  collectYoung();
  const before = process.memoryUsage().arrayBuffers;
  const buffers = new PassingBuffers(MIB);
  const held = new Uint8Array(64 << 10).fill(7);
  for (let at = 0; at < 512; at += 1) buffers.passed(new Uint8Array(32 << 10).length);
  await expect.poll(() => process.memoryUsage().arrayBuffers - before, { timeout: 2_000 }).toBeLessThan(4 * MIB);
  expect(held.every((byte) => byte === 7)).toBe(true);
});
