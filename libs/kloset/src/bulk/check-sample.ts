import { createHash } from 'node:crypto';
import type { Mac } from '@wardrobe/kloset-model';
import { InvalidInputError } from '../errors/errors.js';

/** A part of what is there, the same for the same seed: `percent` of it, above 0 up to 100. */
export type SampleChoice = { readonly percent: number; readonly seed: string };

export interface Sample {
  /** Whether this one is read. Over many it is true for the share asked, without knowing the others. */
  has(id: Mac): boolean;
  /** Of a known list the share asked, rounded up: at least one of any. */
  of<T extends Mac>(ids: readonly T[]): ReadonlySet<T>;
}

/** @throws InvalidInputError a share that is none */
export function createSample({ percent, seed }: SampleChoice): Sample {
  if (!(percent > 0 && percent <= 100)) throw new InvalidInputError(`${percent} is no share: it lies above 0 and is at most 100`);
  const place = (id: Mac): number => createHash('sha256').update(`${seed}\0${id}`).digest().readUIntBE(0, 6);
  const limit = (percent / 100) * 2 ** 48;
  return {
    has: (id) => place(id) < limit,
    of: (ids) => {
      const ranked = ids.map((id) => ({ id, at: place(id) })).sort((a, b) => a.at - b.at);
      return new Set(ranked.slice(0, Math.ceil((ids.length * percent) / 100)).map(({ id }) => id));
    },
  };
}
