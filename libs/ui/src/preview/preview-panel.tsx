'use client';
import './preview.css';
import type { EntryDetailDto, EntryRowDto, ProblemDto } from '@wardrobe/contracts';
import { figure } from '@wardrobe/words';
import { ArchiveRestore, ChevronDown, ChevronUp, Download, X } from 'lucide-react';
import { Tabs } from 'radix-ui';
import { type ReactNode, useId } from 'react';
import { Button } from '../controls/button.js';
import { TYPE_WORD } from '../explorer/entry-words.js';
import { ProblemState } from '../feedback/states.js';
import { bytesWord } from '../foundation/format.js';
import { Anchor } from '../foundation/link.js';
import { Details } from './details.js';
import { kindWord, type PreviewMode } from './kind.js';
import { PreviewBody } from './preview-body.js';
import type { ContentReader } from './reader.js';
import { Versions } from './versions.js';

export const PREVIEW_TABS = ['preview', 'details', 'versions'] as const;
export type PreviewTab = (typeof PREVIEW_TABS)[number];

export type PreviewPanelProps = {
  readonly entry: EntryRowDto;
  readonly reader: ContentReader;
  readonly tab: PreviewTab;
  readonly onTab: (tab: PreviewTab) => void;
  readonly mode: string | null;
  readonly onMode: (mode: PreviewMode) => void;
  readonly detail: EntryDetailDto | undefined;
  readonly detailProblem: { readonly problem: ProblemDto; readonly retry: () => void } | null;
  readonly snapshot: { readonly id: string; readonly takenAt: string };
  readonly versionHref: (snapshotId: string) => string;
  /** Page where its restore to the server is planned; null: the reader may not. */
  readonly restoreHref: string | null;
  /** To the file before or after in the list. */
  readonly onStep: (step: 1 | -1) => void;
  readonly onClose: () => void;
};

/** Beside the list on a desk, over it on a phone. Esc closes it. */
export function PreviewPanel(props: PreviewPanelProps) {
  const { entry, reader, detail, detailProblem } = props;
  const title = useId();
  const whenDetailed = (content: ReactNode): ReactNode =>
    detailProblem === null ? content : <ProblemState problem={detailProblem.problem} onRetry={detailProblem.retry} />;
  return (
    <aside className="panel preview" aria-labelledby={title} onKeyDown={(event) => event.key === 'Escape' && props.onClose()}>
      <PanelHead {...props} title={title} />
      <Tabs.Root className="preview-tabs" value={props.tab} onValueChange={(value) => props.onTab(PREVIEW_TABS.find((tab) => tab === value) ?? 'preview')}>
        <Tabs.List className="tabs" aria-label="File">
          <Tabs.Trigger value="preview">Preview</Tabs.Trigger>
          <Tabs.Trigger value="details">Details</Tabs.Trigger>
          <Tabs.Trigger value="versions">
            Versions{detail === undefined ? null : <span className="faint"> {figure(detail.versions.length + 1)}</span>}
          </Tabs.Trigger>
        </Tabs.List>
        <Tabs.Content value="preview" className="preview-content" tabIndex={-1}>
          <PreviewBody key={reader.contentUrl} entry={entry} reader={reader} mode={props.mode} onMode={props.onMode} />
        </Tabs.Content>
        <Tabs.Content value="details" className="preview-content scrolls">
          {whenDetailed(<Details entry={entry} detail={detail} />)}
        </Tabs.Content>
        <Tabs.Content value="versions" className="preview-content scrolls">
          {whenDetailed(<Versions detail={detail} current={props.snapshot} hrefOf={props.versionHref} />)}
        </Tabs.Content>
      </Tabs.Root>
    </aside>
  );
}

/** The panel while its file is being looked up, or when it is not there. */
export function PreviewPending({ name, onClose, children }: { readonly name: string; readonly onClose: () => void; readonly children: ReactNode }) {
  const title = useId();
  return (
    <aside className="panel preview" aria-labelledby={title} onKeyDown={(event) => event.key === 'Escape' && onClose()}>
      <header>
        <h2 id={title} className="cut spread">
          {name}
        </h2>
        <CloseButton onClose={onClose} />
      </header>
      <div className="preview-content scrolls">{children}</div>
    </aside>
  );
}

function CloseButton({ onClose }: { readonly onClose: () => void }) {
  return (
    <Button square small look="quiet" aria-label="Close the preview" onClick={onClose}>
      <X className="icon" aria-hidden />
    </Button>
  );
}

function PanelHead({ entry, reader, restoreHref, onStep, onClose, title }: PreviewPanelProps & { readonly title: string }) {
  const readable = entry.type === 'file' && entry.problem === null;
  return (
    <header>
      <span className="spread">
        <h2 id={title} className="cut" title={entry.name.text}>
          {entry.name.text}
        </h2>
        <small className="muted">{entry.type === 'file' ? `${bytesWord(entry.sizeBytes)} · ${kindWord(entry)}` : TYPE_WORD[entry.type]}</small>
      </span>
      <Button square small aria-label="Previous file" onClick={() => onStep(-1)}>
        <ChevronUp className="icon" aria-hidden />
      </Button>
      <Button square small aria-label="Next file" onClick={() => onStep(1)}>
        <ChevronDown className="icon" aria-hidden />
      </Button>
      {readable ? (
        <a className="btn small" href={reader.downloadUrl} download={entry.name.text} aria-label={`Download ${entry.name.text}`}>
          <Download className="icon small" aria-hidden />
          <span className="only-wide">Download</span>
        </a>
      ) : null}
      {readable && restoreHref !== null ? (
        <Anchor className="btn small square" href={restoreHref} aria-label={`Restore ${entry.name.text} to the server`} title="Restore to the server">
          <ArchiveRestore className="icon small" aria-hidden />
        </Anchor>
      ) : null}
      <CloseButton onClose={onClose} />
    </header>
  );
}
