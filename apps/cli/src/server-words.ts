import { problem } from '@wardrobe/contracts';
import { z } from 'zod';

const refusal = z.object({ problem });

/** What a refusing server said: its sentence and next step, or null when the answer is not Wardrobe's. */
export function serverWords(text: string): { readonly sentence: string; readonly next: string } | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  const parsed = refusal.safeParse(value);
  return parsed.success ? { sentence: parsed.data.problem.sentence, next: parsed.data.problem.next } : null;
}
