import type { ProblemDto } from '@wardrobe/contracts';
import { ERROR_CODES } from '@wardrobe/words';

/** A kept problem, or null where it is none (or of another version of the console). */
export function problemDto(value: unknown): ProblemDto | null {
  if (typeof value !== 'object' || value === null || !('code' in value) || !('sentence' in value) || !('next' in value)) return null;
  const code = ERROR_CODES.find((known) => known === value.code);
  if (code === undefined || typeof value.sentence !== 'string' || typeof value.next !== 'string') return null;
  return { code, sentence: value.sentence, next: value.next, ...('detail' in value && typeof value.detail === 'string' ? { detail: value.detail } : {}) };
}
