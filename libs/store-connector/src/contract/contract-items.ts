import type { Mac } from '@wardrobe/kloset-model';

/** An id that repeats `digits`: it reads well in failures. */
export function contractId(digits: string): Mac {
  return digits.repeat(64).slice(0, 64) as Mac;
}

export async function drain(items: AsyncIterable<unknown>): Promise<void> {
  const iterator = items[Symbol.asyncIterator]();
  while ((await iterator.next()).done !== true);
}

export async function wholeOf(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece.slice());
  return Buffer.concat(all);
}
