import type { EntryRowDto } from '@wardrobe/contracts';
import {
  Cable,
  File,
  FileArchive,
  FileBraces,
  FileCode,
  FileImage,
  FileMusic,
  FileQuestionMark,
  FileSpreadsheet,
  FileText,
  FileVideoCamera,
  FileWarning,
  Folder,
  HardDrive,
  Link2,
  type LucideIcon,
} from 'lucide-react';
import { previewKind } from '../preview/kind.js';
import { extensionOf } from './entry-words.js';

const BY_TYPE: Readonly<Partial<Record<EntryRowDto['type'], LucideIcon>>> = {
  directory: Folder,
  symlink: Link2,
  fifo: Cable,
  socket: Cable,
  device: HardDrive,
  irregular: FileQuestionMark,
  damaged: FileWarning,
};
const BY_KIND: Readonly<Record<ReturnType<typeof previewKind>, LucideIcon>> = {
  markdown: FileText,
  csv: FileSpreadsheet,
  json: FileBraces,
  image: FileImage,
  pdf: FileText,
  audio: FileMusic,
  video: FileVideoCamera,
  text: FileText,
  unknown: File,
};
const CODE = new Set(
  'js mjs cjs ts mts tsx jsx go rs py rb php pl lua c h cc cpp hpp cs java kt swift sh bash sql html htm css scss xml yaml yml toml ini conf cfg'.split(' '),
);
const ARCHIVES = new Set('zip tar gz tgz bz2 xz zst 7z rar jar deb rpm iso'.split(' '));

/** What an entry is, at a glance; the row says it in words too. */
export function EntryIcon({ entry }: { readonly entry: EntryRowDto }) {
  const Icon = BY_TYPE[entry.type] ?? fileIcon(entry);
  return <Icon className="icon" strokeWidth={1.7} aria-hidden />;
}

function fileIcon(entry: EntryRowDto): LucideIcon {
  const extension = extensionOf(entry.name.text);
  if (CODE.has(extension)) return FileCode;
  return ARCHIVES.has(extension) ? FileArchive : BY_KIND[previewKind(entry)];
}
