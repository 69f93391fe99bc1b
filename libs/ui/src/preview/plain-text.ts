import type { TextAnswer } from './reader.js';
import { colouredLines } from './tokens.js';

/** Text of an answer, whether the server coloured it or not. */
export function plainText(answer: TextAnswer): string {
  if (answer.html === undefined) return answer.text ?? '';
  return colouredLines(answer.html)
    .map((line) => line.map((token) => token.text).join(''))
    .join('\n');
}
