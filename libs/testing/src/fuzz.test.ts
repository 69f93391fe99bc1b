import { describe, expect, it } from 'vitest';
import { fuzz, mutate } from './fuzz.js';
import { seededRandom } from './random.js';

const seeds = [Uint8Array.from({ length: 64 }, (_, index) => index)];
const limits = { random: seededRandom(1), forMs: 50, isExpected: (error: unknown) => error instanceof RangeError };

describe('the fuzz harness', () => {
  it('the same seed gives the same inputs', () => {
    const [a, b] = [seededRandom(5), seededRandom(5)];
    for (let round = 0; round < 200; round += 1) expect(mutate(seeds[0] as Uint8Array, a)).toEqual(mutate(seeds[0] as Uint8Array, b));
  });

  it('counts what is read and what is refused', async () => {
    const parse = (bytes: Uint8Array) => {
      if (bytes[3] !== 3) throw new RangeError('no');
    };
    const report = await fuzz({ name: 'counting', seeds, parse }, limits);
    expect(report.read + report.refused).toBe(report.inputs);
    expect(report.refused).toBeGreaterThan(0);
  });

  it('a failure of another type, a slow input and a large one fail it', async () => {
    const failing = (name: string, parse: (bytes: Uint8Array) => unknown) => fuzz({ name, seeds, parse }, limits);
    const isSeed = (bytes: Uint8Array) => Buffer.compare(bytes, seeds[0] as Uint8Array) === 0;
    await expect(failing('type', (bytes) => (isSeed(bytes) ? null : JSON.parse('{')))).rejects.toThrow('unexpected failure');
    await expect(failing('refused', () => Promise.reject(new RangeError('no')))).rejects.toThrow('sound input');
    await expect(failing('slow', () => spin(1100))).rejects.toThrow('ms (seed 1');
    const held: Uint8Array[] = [];
    await expect(failing('large', () => void held.push(new Uint8Array(80 << 20).fill(1)))).rejects.toThrow('MiB');
  });
});

function spin(forMs: number): void {
  const endMs = performance.now() + forMs;
  const { user } = process.cpuUsage();
  while (performance.now() < endMs || (process.cpuUsage().user - user) / 1000 < forMs);
}
