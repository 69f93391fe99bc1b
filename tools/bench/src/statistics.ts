/** Middle value of what was measured; the mean of the two middle ones of an even number. @throws RangeError nothing was measured */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('nothing was measured');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >>> 1;
  return sorted.length % 2 === 1 ? (sorted[middle] as number) : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

export function largest(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('nothing was measured');
  return Math.max(...values);
}

/** `run` several times, one after the other. */
export async function repeat<T>(times: number, run: (turn: number) => Promise<T> | T): Promise<T[]> {
  const results: T[] = [];
  for (let turn = 0; turn < times; turn += 1) results.push(await run(turn));
  return results;
}

export async function timed<T>(run: () => Promise<T>): Promise<{ readonly ms: number; readonly value: T }> {
  const start = performance.now();
  const value = await run();
  return { ms: performance.now() - start, value };
}
