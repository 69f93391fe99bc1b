import type { ProblemDto } from '@wardrobe/contracts';

export type { ProblemDto };

/** The `problem` in the data of a failed call, or null. A shape check by hand keeps the schema library out of the first load. */
export function problem(data: unknown): ProblemDto | null {
  if (typeof data !== 'object' || data === null || !('problem' in data)) return null;
  const value = data.problem;
  if (typeof value !== 'object' || value === null || !('code' in value) || !('sentence' in value) || !('next' in value)) return null;
  return value as ProblemDto;
}
