'use client';
import type { EntryRowDto } from '@wardrobe/contracts';
import { memo } from 'react';
import { bytesWord } from '../foundation/format.js';
import { useTimes } from '../foundation/times-provider.js';
import { EntryIcon } from './entry-icon.js';
import { CELL, rowRole } from './grid-roles.js';
import { TYPE_WORD } from './entry-words.js';

export type EntryRowProps = {
  readonly id: string;
  readonly index: number;
  readonly topPx: number;
  readonly entry: EntryRowDto | undefined;
  readonly active: boolean;
  /** Its preview is open. */
  readonly open: boolean;
  readonly href: string | null;
};

/** One line of the listing; a skeleton until its page has come. */
export const EntryRow = memo(function EntryRow({ id, index, topPx, entry, active, open, href }: EntryRowProps) {
  const kind = entry?.type ?? 'file';
  return (
    <div
      id={id}
      {...rowRole(index + 2, open)}
      className="entry"
      data-index={index}
      data-kind={kind}
      data-active={active || undefined}
      ref={(row) => row?.style.setProperty('top', `${topPx}px`)}
    >
      {entry === undefined ? <Skeleton /> : <Cells entry={entry} href={href} />}
    </div>
  );
});

function Cells({ entry, href }: { readonly entry: EntryRowDto; readonly href: string | null }) {
  const times = useTimes();
  const damaged = entry.problem !== null;
  return (
    <>
      <span {...CELL} className="entry-name">
        <EntryIcon entry={entry} />
        {href === null ? (
          <span className="cut">{entry.name.text}</span>
        ) : (
          <a className="cut" href={href} tabIndex={-1} draggable={false}>
            {entry.name.text}
          </a>
        )}
        {entry.target === null ? null : <span className="cut faint entry-leads">leads to {entry.target.text}</span>}
        {damaged ? (
          <span className="cut entry-why" title={`${entry.problem?.sentence} ${entry.problem?.next}`}>
            {entry.problem?.sentence}
          </span>
        ) : null}
      </span>
      <span {...CELL} className="num">
        {entry.type === 'file' ? bytesWord(entry.sizeBytes) : ''}
      </span>
      <span {...CELL} className="num entry-time" title={damaged ? undefined : times.exact(Date.parse(entry.mtime))}>
        <span className="only-phone">{entry.type === 'file' ? '' : `${TYPE_WORD[entry.type]}${damaged ? '' : ', '}`}</span>
        {damaged ? '' : times.stamp(Date.parse(entry.mtime))}
      </span>
      <span {...CELL} className="mono entry-mode only-wide">
        {entry.mode}
      </span>
    </>
  );
}

function Skeleton() {
  return (
    <>
      <span {...CELL} className="entry-name">
        <span className="skel" />
        <span className="sr">not read yet</span>
      </span>
      <span {...CELL} />
      <span {...CELL} className="entry-time" />
      <span {...CELL} className="entry-mode only-wide" />
    </>
  );
}
