import type { Token, TokenLine, TokenRole } from './tokens.js';

/** What stands in the way of formatting: offset in the text, and the sentence to show. */
export type JsonFault = { readonly fault: string; readonly at: number };

const PIECE = /\s+|"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[{}[\],:]/suy;
const MOST_LINES = 200_000;
const DEEPEST = 500;

/**
 * JSON with one value a line and two spaces a level. Only white space changes: numbers keep all their digits, strings their escapes, repeated
 * names stay. Text that is not JSON gives the place of the first fault.
 */
export function formatJson(text: string): TokenLine[] | JsonFault {
  const isJson = parses(text);
  const lines: TokenLine[] = [];
  let line: Token[] = [];
  let depth = 0;
  let before = '';
  let at = 0;
  const fault = (): JsonFault => ({
    fault: `This is not valid JSON: ${at >= text.length ? 'it ends too early' : `line ${lineOf(text, at)} cannot be read`}.`,
    at,
  });
  const push = (token: string, role: TokenRole): void => void line.push({ text: token, role });
  const breakLine = (): void => {
    lines.push(line);
    line = depth === 0 ? [] : [{ text: '  '.repeat(depth), role: null }];
  };
  while (at < text.length) {
    PIECE.lastIndex = at;
    const piece = PIECE.exec(text)?.[0];
    if (piece === undefined || depth > DEEPEST || lines.length > MOST_LINES) return fault();
    at += piece.length;
    if (piece.trim() === '') continue;
    if (piece === '}' || piece === ']') {
      depth = Math.max(0, depth - 1);
      if (before !== '{' && before !== '[') breakLine();
      push(piece, null);
    } else {
      if (before === '{' || before === '[' || before === ',') breakLine();
      push(piece === ':' ? ': ' : piece, roleOf(piece, text, at));
      if (piece === '{' || piece === '[') depth++;
    }
    before = piece;
  }
  if (!isJson) return fault();
  lines.push(line);
  return lines;
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

const NAME_ENDS = /\s*:/uy;

function roleOf(piece: string, text: string, end: number): TokenRole {
  if (piece.startsWith('"')) {
    NAME_ENDS.lastIndex = end;
    return NAME_ENDS.test(text) ? 'name' : 'string';
  }
  if (piece === 'true' || piece === 'false' || piece === 'null') return 'constant';
  return /^[-\d]/.test(piece) ? 'number' : null;
}

function lineOf(text: string, at: number): number {
  let line = 1;
  for (let found = text.indexOf('\n'); found >= 0 && found < at; found = text.indexOf('\n', found + 1)) line++;
  return line;
}
