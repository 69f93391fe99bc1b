/** A piece of a line with its role in the language; roles map to classes of our own, never to colours from elsewhere. */
export type TokenRole = 'keyword' | 'name' | 'constant' | 'string' | 'tag' | 'comment' | 'number' | 'invalid' | null;
export type Token = { readonly text: string; readonly role: TokenRole };
export type TokenLine = readonly Token[];

/** Longest piece of text in one element; a line of a megabyte would stall the browser's line breaking. */
const LONGEST_PIECE = 4000;

/** Lines of plain text. The line end of the last line does not open another one. */
export function plainLines(text: string): TokenLine[] {
  const lines = text.split(/\r\n|\n|\r/);
  if (lines.length > 1 && lines.at(-1) === '') lines.pop();
  return lines.map((line) => pieces({ text: line, role: null }));
}

/**
 * Lines of the server's coloured HTML, read without ever putting it into the document: only texts and the colour words of its light theme
 * are taken over.
 */
export function colouredLines(html: string): TokenLine[] {
  const root = new DOMParser().parseFromString(html, 'text/html').querySelector('code');
  if (root === null) return [];
  const lines: TokenLine[] = [];
  for (const node of root.childNodes) {
    if (node instanceof Element || node.nodeType === Node.ELEMENT_NODE) lines.push(lineTokens(node as Element));
  }
  if (lines.length > 1 && lines.at(-1)?.every((token) => token.text === '') === true) lines.pop();
  return lines;
}

function lineTokens(line: Element): TokenLine {
  const tokens: Token[] = [];
  for (const child of line.childNodes) {
    const style = child.nodeType === Node.ELEMENT_NODE ? ((child as Element).getAttribute('style') ?? '') : '';
    tokens.push(...pieces({ text: child.textContent ?? '', role: roleOfStyle(style) }));
  }
  return tokens;
}

/** Colours of the light theme the server colours with, by role. */
const ROLE_OF_COLOUR: Readonly<Record<string, TokenRole>> = {
  d73a49: 'keyword',
  '6f42c1': 'name',
  '005cc5': 'constant',
  '032f62': 'string',
  '22863a': 'tag',
  '6a737d': 'comment',
  e36209: 'name',
  b31d28: 'invalid',
  '735c0f': 'string',
  '586069': 'comment',
};

export function roleOfStyle(style: string): TokenRole {
  const colour = /--shiki-light:\s*#([0-9a-f]{6})/i.exec(style)?.[1]?.toLowerCase();
  return colour === undefined ? null : (ROLE_OF_COLOUR[colour] ?? null);
}

function pieces(token: Token): Token[] {
  if (token.text.length <= LONGEST_PIECE) return [token];
  const parts: Token[] = [];
  for (let at = 0; at < token.text.length; at += LONGEST_PIECE) parts.push({ text: token.text.slice(at, at + LONGEST_PIECE), role: token.role });
  return parts;
}
