import type { EntryRowDto } from '@wardrobe/contracts';
import { extensionOf } from '../explorer/entry-words.js';

/** How a file is shown. `unknown` is tried as text and shown as bytes when it is none. */
export type PreviewKind = 'markdown' | 'csv' | 'json' | 'image' | 'pdf' | 'audio' | 'video' | 'text' | 'unknown';

const BY_EXTENSION: Readonly<Record<Exclude<PreviewKind, 'text' | 'unknown'>, readonly string[]>> = {
  markdown: ['md', 'markdown'],
  csv: ['csv', 'tsv'],
  json: ['json', 'geojson', 'webmanifest'],
  image: ['png', 'jpg', 'jpeg', 'jpe', 'gif', 'webp', 'avif', 'bmp', 'ico'],
  pdf: ['pdf'],
  audio: ['mp3', 'm4a', 'aac', 'ogg', 'oga', 'opus', 'wav', 'flac', 'weba'],
  video: ['mp4', 'm4v', 'webm', 'ogv', 'mov', 'mkv'],
};

/** From the name alone, as the server decides the type it serves the file in. */
export function previewKind(entry: Pick<EntryRowDto, 'name' | 'contentType'>): PreviewKind {
  const extension = extensionOf(entry.name.text);
  for (const [kind, extensions] of Object.entries(BY_EXTENSION)) if (extensions.includes(extension)) return kind as PreviewKind;
  return entry.contentType?.startsWith('text/') === true ? 'text' : 'unknown';
}

/** Ways to look at one kind; the first is where it opens. */
export const MODES: Readonly<Record<PreviewKind, readonly PreviewMode[]>> = {
  markdown: ['formatted', 'raw', 'hex'],
  csv: ['formatted', 'raw', 'hex'],
  json: ['formatted', 'raw', 'hex'],
  image: ['formatted', 'hex'],
  pdf: ['formatted', 'hex'],
  audio: ['formatted', 'hex'],
  video: ['formatted', 'hex'],
  text: ['raw', 'hex'],
  unknown: ['raw', 'hex'],
};
export type PreviewMode = 'formatted' | 'raw' | 'hex';

/** Label of the first mode of each kind. */
export function modeWord(kind: PreviewKind, mode: PreviewMode): string {
  if (mode === 'hex') return 'Hex';
  if (mode === 'raw') return kind === 'text' || kind === 'unknown' ? 'Text' : 'Raw';
  return {
    markdown: 'Formatted',
    csv: 'Table',
    json: 'Formatted',
    image: 'Image',
    pdf: 'Pages',
    audio: 'Audio',
    video: 'Video',
    text: 'Text',
    unknown: 'Text',
  }[kind];
}

export function modeOf(kind: PreviewKind, wanted: string | null): PreviewMode {
  return MODES[kind].find((mode) => mode === wanted) ?? MODES[kind][0] ?? 'hex';
}

const WORDS: Readonly<Record<PreviewKind, string>> = {
  markdown: 'Markdown',
  csv: 'CSV',
  json: 'JSON',
  image: 'image',
  pdf: 'PDF',
  audio: 'audio',
  video: 'video',
  text: 'text',
  unknown: 'file',
};

/** Short word for the type: "JSON", "PNG image", "text". */
export function kindWord(entry: Pick<EntryRowDto, 'name' | 'contentType'>): string {
  const kind = previewKind(entry);
  const extension = extensionOf(entry.name.text).toUpperCase();
  const named = kind === 'image' || kind === 'audio' || kind === 'video' || kind === 'unknown';
  return named && extension !== '' && extension.length <= 8 ? `${extension} ${WORDS[kind]}` : WORDS[kind];
}
