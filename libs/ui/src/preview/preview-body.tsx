'use client';
import type { EntryRowDto } from '@wardrobe/contracts';
import { counted } from '@wardrobe/words';
import { type ComponentType, lazy, type ReactNode, Suspense } from 'react';
import { Segment } from '../controls/chip.js';
import { EmptyState, LoadingRows } from '../feedback/states.js';
import { FileWarning } from 'lucide-react';
import { MODES, modeOf, modeWord, type PreviewMode, previewKind } from './kind.js';
import { WhenLoaded } from './part-notice.js';
import type { ContentReader, TextAnswer } from './reader.js';
import { useLoad } from './use-load.js';

// Each previewer is fetched when the first file of its kind is looked at.
const TextPreview = lazy(async () => ({ default: (await import('./text-preview.js')).TextPreview }));
const JsonPreview = lazy(async () => ({ default: (await import('./json-preview.js')).JsonPreview }));
const MarkdownPreview = lazy(async () => ({ default: (await import('./markdown-preview.js')).MarkdownPreview }));
const CsvPreview = lazy(async () => ({ default: (await import('./csv-preview.js')).CsvPreview }));
const HexPreview = lazy(async () => ({ default: (await import('./hex-preview.js')).HexPreview }));
const PdfPreview = lazy(async () => ({ default: (await import('./pdf-preview.js')).PdfPreview }));
const ImagePreview = lazy(async () => ({ default: (await import('./media-preview.js')).ImagePreview }));
const MediaPreview = lazy(async () => ({ default: (await import('./media-preview.js')).MediaPreview }));

export type PreviewBodyProps = {
  readonly entry: EntryRowDto;
  readonly reader: ContentReader;
  readonly mode: string | null;
  readonly onMode: (mode: PreviewMode) => void;
};

/** Content of one file in the way that fits it; raw text and bytes are always one press away. */
export function PreviewBody({ entry, reader, mode: wanted, onMode }: PreviewBodyProps) {
  const kind = previewKind(entry);
  const mode = modeOf(kind, wanted);
  if (entry.problem !== null || entry.type !== 'file') return <NoContent entry={entry} />;
  const bar = (note: ReactNode): ReactNode => (
    <div className="preview-bar">
      <Segment label="Show as" items={MODES[kind].map((value) => ({ value, label: modeWord(kind, value) }))} value={mode} onChange={onMode} />
      <span className="fresh">{note}</span>
    </div>
  );
  const needsText = mode === 'raw' || (mode === 'formatted' && (kind === 'markdown' || kind === 'csv' || kind === 'json'));
  return (
    <Suspense fallback={<LoadingRows what="the file" rows={5} />}>
      {needsText ? (
        <Textual entry={entry} reader={reader} mode={mode} bar={bar} />
      ) : (
        <>
          {bar(null)}
          {mode === 'hex' ? <HexPreview reader={reader} /> : <Shown entry={entry} reader={reader} />}
        </>
      )}
    </Suspense>
  );
}

function Textual({
  entry,
  reader,
  mode,
  bar,
}: {
  readonly entry: EntryRowDto;
  readonly reader: ContentReader;
  readonly mode: PreviewMode;
  readonly bar: (note: ReactNode) => ReactNode;
}) {
  const loaded = useLoad(reader.contentUrl, reader.text);
  const kind = previewKind(entry);
  const View: ComponentType<{ reader: ContentReader; answer: TextAnswer; path: string }> =
    mode === 'raw' ? TextPreview : kind === 'markdown' ? MarkdownPreview : kind === 'csv' ? CsvPreview : kind === 'json' ? JsonPreview : TextPreview;
  return (
    <>
      {bar(
        loaded.state === 'ready' && loaded.value.encoding !== 'binary'
          ? `${ENCODING[loaded.value.encoding] ?? loaded.value.encoding} · ${counted(loaded.value.lines, 'line')}`
          : null,
      )}
      <WhenLoaded loaded={loaded} what="the file">
        {(answer) =>
          answer.encoding === 'binary' ? <TextPreview reader={reader} answer={answer} /> : <View reader={reader} answer={answer} path={entry.path} />
        }
      </WhenLoaded>
    </>
  );
}

const ENCODING: Readonly<Record<string, string>> = { 'utf-8': 'UTF-8', 'utf-16le': 'UTF-16', 'utf-16be': 'UTF-16', 'windows-1252': 'Windows-1252' };

function Shown({ entry, reader }: { readonly entry: EntryRowDto; readonly reader: ContentReader }) {
  const kind = previewKind(entry);
  if (kind === 'image') return <ImagePreview key={reader.contentUrl} reader={reader} name={entry.name.text} />;
  if (kind === 'pdf') return <PdfPreview key={reader.contentUrl} reader={reader} />;
  return <MediaPreview key={reader.contentUrl} reader={reader} kind={kind === 'video' ? 'video' : 'audio'} name={entry.name.text} />;
}

/** Damaged entries say what is missing; links, pipes and devices have no content. */
function NoContent({ entry }: { readonly entry: EntryRowDto }) {
  if (entry.problem !== null) {
    return (
      <EmptyState icon={FileWarning} fact={entry.problem.sentence}>
        {entry.problem.next}
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon={FileWarning}
      fact={entry.type === 'symlink' ? `A link that leads to ${entry.target?.text ?? 'nowhere'}.` : 'There is no content to show.'}
    >
      Details says what is kept of it.
    </EmptyState>
  );
}
