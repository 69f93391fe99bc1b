/** Types in which files of a backup are ever served. What is not here is `application/octet-stream`; markup and scripts are plain text. */
const SERVED: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  jpe: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  bmp: 'image/bmp',
  ico: 'image/x-icon',
  mp3: 'audio/mpeg',
  m4a: 'audio/mp4',
  aac: 'audio/aac',
  ogg: 'audio/ogg',
  oga: 'audio/ogg',
  opus: 'audio/ogg',
  wav: 'audio/wav',
  flac: 'audio/flac',
  weba: 'audio/webm',
  mp4: 'video/mp4',
  m4v: 'video/mp4',
  webm: 'video/webm',
  ogv: 'video/ogg',
  mov: 'video/quicktime',
  mkv: 'video/x-matroska',
  pdf: 'application/pdf',
};
const TEXT = new Set(
  (
    'txt text log md markdown csv tsv json jsonl ndjson yaml yml toml ini cfg conf xml html htm xhtml svg css scss less js mjs cjs ts tsx jsx go rs py rb php pl lua c h cc cpp hpp cs java kt swift sh bash zsh fish ' +
    'sql diff patch tex rst adoc properties env gitignore dockerfile makefile vue svelte graphql proto tf nix vim bat ps1 r jl scala clj ex exs erl hs ml asm s m'
  ).split(' '),
);

/** The type a file is served in, from its name alone: what a backup says about its own type is never sent. */
export function servedType(name: string): string {
  const lower = name.toLowerCase();
  const extension = lower.slice(lower.lastIndexOf('.') + 1);
  const found = Object.hasOwn(SERVED, extension) ? SERVED[extension] : undefined;
  if (found !== undefined) return found;
  return TEXT.has(extension) ? 'text/plain; charset=utf-8' : 'application/octet-stream';
}

/** Headers that every byte of a backup carries: it can never run on the console's origin. */
export const BACKUP_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "sandbox; default-src 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
};
