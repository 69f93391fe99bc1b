import { problem } from '@wardrobe/contracts';
import { z } from 'zod';
import { parseJson } from './parse-json.js';

const refusal = z.object({ problem });

/** What a refusing server said: its sentence and next step, or null when the answer is not Wardrobe's. */
export function serverWords(text: string): { readonly sentence: string; readonly next: string } | null {
  const parsed = refusal.safeParse(parseJson(text));
  return parsed.success ? { sentence: parsed.data.problem.sentence, next: parsed.data.problem.next } : null;
}
