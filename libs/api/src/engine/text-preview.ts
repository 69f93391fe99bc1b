import type { Highlighter } from 'shiki';
import { bundledLanguages, createHighlighter } from 'shiki';

export const PREVIEW_BYTES = 1024 * 1024;
/** Colouring stops here: beyond, text is shown plain. */
const HIGHLIGHT_CHARS = 300_000;
const LONGEST_LINE = 5000;

export type TextPreview = {
  readonly language: string;
  readonly html?: string;
  readonly text?: string;
  readonly truncated: boolean;
  readonly encoding: string;
  readonly lines: number;
};

let highlighter: Promise<Highlighter> | null = null;

/**
 * The first MiB of a file as text: coloured HTML where the language is known (class names and CSS variables only, every character escaped), else plain.
 * @param truncated the file goes on after these bytes
 */
export async function textPreview(bytes: Uint8Array, name: string, truncated: boolean): Promise<TextPreview> {
  const { text, encoding } = decodeText(bytes, truncated);
  const language = languageOf(name, text);
  const lines = countLines(text);
  const plain = { language, text, truncated, encoding, lines };
  if (encoding === 'binary' || language === 'text' || text.length > HIGHLIGHT_CHARS || longestLine(text) > LONGEST_LINE) return plain;
  highlighter ??= createHighlighter({ themes: ['github-light', 'github-dark'], langs: [] });
  const shiki = await highlighter;
  if (!shiki.getLoadedLanguages().includes(language)) await shiki.loadLanguage(language as keyof typeof bundledLanguages);
  const html = shiki.codeToHtml(text, { lang: language, themes: { light: 'github-light', dark: 'github-dark' }, defaultColor: false, tokenizeTimeLimit: 200 });
  return { language, html, truncated, encoding, lines };
}

/** UTF-8, UTF-16 by its mark, else Windows-1252; `binary` when it holds NUL bytes. A character cut at the end is left out. */
export function decodeText(bytes: Uint8Array, truncated: boolean): { text: string; encoding: string } {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return { text: new TextDecoder('utf-16le').decode(bytes), encoding: 'utf-16le' };
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return { text: new TextDecoder('utf-16be').decode(bytes), encoding: 'utf-16be' };
  if (bytes.subarray(0, 8192).includes(0)) return { text: '', encoding: 'binary' };
  const whole = truncated ? withoutCutCharacter(bytes) : bytes;
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(whole), encoding: 'utf-8' };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { text: new TextDecoder('windows-1252').decode(bytes), encoding: 'windows-1252' };
  }
}

function withoutCutCharacter(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  for (let back = 1; back <= 3 && back <= bytes.length; back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0xc0) === 0x80) continue;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    if (needed > back) end = bytes.length - back;
    break;
  }
  return bytes.subarray(0, end);
}

const BY_NAME: Readonly<Record<string, string>> = {
  dockerfile: 'docker',
  makefile: 'make',
  gnumakefile: 'make',
  yml: 'yaml',
  md: 'markdown',
  markdown: 'markdown',
  js: 'javascript',
  mjs: 'javascript',
  cjs: 'javascript',
  jsx: 'jsx',
  ts: 'typescript',
  mts: 'typescript',
  tsx: 'tsx',
  py: 'python',
  rb: 'ruby',
  rs: 'rust',
  kt: 'kotlin',
  sh: 'shellscript',
  bash: 'shellscript',
  zsh: 'shellscript',
  h: 'c',
  hpp: 'cpp',
  cc: 'cpp',
  cs: 'csharp',
  ps1: 'powershell',
  htm: 'html',
  xhtml: 'html',
  svg: 'xml',
  conf: 'ini',
  cfg: 'ini',
  properties: 'ini',
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  tf: 'terraform',
  ex: 'elixir',
  exs: 'elixir',
  erl: 'erlang',
  hs: 'haskell',
  pl: 'perl',
  bat: 'bat',
  patch: 'diff',
  csv: 'csv',
  tsv: 'tsv',
  log: 'log',
  txt: 'text',
};

function languageOf(name: string, text: string): string {
  const lower = name.toLowerCase();
  const extension = lower.slice(lower.lastIndexOf('.') + 1);
  const named = Object.hasOwn(BY_NAME, extension) ? BY_NAME[extension] : extension;
  if (named !== undefined && Object.hasOwn(bundledLanguages, named)) return named;
  const shebang = /^#!.*?\b(bash|sh|zsh|python|node|ruby|perl)/.exec(text)?.[1];
  if (shebang === 'python' || shebang === 'ruby' || shebang === 'perl') return shebang;
  if (shebang === 'node') return 'javascript';
  return shebang === undefined ? 'text' : 'shellscript';
}

function countLines(text: string): number {
  let lines = text === '' ? 0 : 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < text.length - 1; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}

function longestLine(text: string): number {
  let longest = 0;
  let start = 0;
  while (start <= text.length) {
    const end = text.indexOf('\n', start);
    longest = Math.max(longest, (end < 0 ? text.length : end) - start);
    if (end < 0) break;
    start = end + 1;
  }
  return longest;
}
