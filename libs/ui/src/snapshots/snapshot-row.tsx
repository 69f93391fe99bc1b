'use client';
import type { SnapshotRowDto } from '@wardrobe/contracts';
import { counted, figure } from '@wardrobe/words';
import { Ellipsis, EyeOff, FileWarning, type LucideIcon, Trash2, TriangleAlert } from 'lucide-react';
import { Button } from '../controls/button.js';
import { bytesWord } from '../foundation/format.js';
import { Anchor } from '../foundation/link.js';
import { ShortTime } from '../foundation/time.js';
import { useTimes } from '../foundation/times-provider.js';

export type SnapshotRowProps = {
  readonly row: SnapshotRowDto;
  readonly href: string;
  /** Under a head with the day only the time of day is needed. */
  readonly timeOnly: boolean;
  /** Opens what can be done with the snapshot. */
  readonly onActions: ((row: SnapshotRowDto) => void) | undefined;
};

/** Cells of one snapshot. */
export function SnapshotCells({ row, href, timeOnly, onActions }: SnapshotRowProps) {
  const times = useTimes();
  const ms = Date.parse(row.takenAt);
  return (
    <>
      <th scope="row" className="snap-when">
        <time dateTime={row.takenAt} title={times.exact(ms)} suppressHydrationWarning>
          {timeOnly ? times.clock(ms) : times.plain(ms)}
        </time>
      </th>
      <td className="snap-id">
        <Anchor className="rowlink mono" href={href} title={row.id}>
          {row.id.slice(0, 8)}
        </Anchor>
        <Availability row={row} />
      </td>
      <td className="snap-host">
        <span className="cut">{row.host}</span>
      </td>
      <td className="snap-source mono" title={sourceWord(row)}>
        {sourceWord(row)}
      </td>
      <td className="snap-tags">
        {row.tags.map((tag) => (
          <span className="tag" key={tag}>
            {tag}
          </span>
        ))}
      </td>
      <td className="num snap-entries">{figure(row.files + row.directories)}</td>
      <td className="num snap-size">{bytesWord(row.sizeBytes)}</td>
      <td className="num snap-errors">
        <Errors row={row} href={href} />
      </td>
      <td className="snap-seen">
        <SeenBy row={row} />
      </td>
      <td className="snap-actions">
        {onActions === undefined ? null : (
          <Button square small look="quiet" aria-label={`Actions for snapshot ${row.id.slice(0, 8)}`} onClick={() => onActions(row)}>
            <Ellipsis className="icon" aria-hidden />
          </Button>
        )}
      </td>
    </>
  );
}

/** "fs:/var/lib"; other kinds of source name where it was taken. */
export function sourceWord(row: Pick<SnapshotRowDto, 'sourceType' | 'origin' | 'directory'>): string {
  const folder = row.directory.text;
  if (row.sourceType === 'fs' || row.sourceType === '') return `${row.sourceType || 'fs'}:${folder}`;
  return `${row.sourceType}:${row.origin}${folder === '/' ? '' : folder}`;
}

type Look = { readonly icon: LucideIcon; readonly cell: string; readonly word: string };
const LOOKS: Readonly<Record<Exclude<SnapshotRowDto['availability'], 'live'>, Look>> = {
  deleted: { icon: Trash2, cell: 'stale-delete', word: 'deleted' },
  hidden: { icon: EyeOff, cell: 'unreadable', word: 'hidden' },
  unreadable: { icon: FileWarning, cell: 'unreadable', word: 'unreadable' },
};

/** What keeps a snapshot out of the list of the store, in words. */
export function availabilitySentence(row: SnapshotRowDto): string | null {
  if (row.problem !== null) return row.problem.sentence;
  if (row.availability === 'live') return null;
  if (row.availability === 'hidden') return 'No state file names it. Its data is in the store.';
  if (row.availability === 'unreadable') return 'Its state file cannot be read.';
  return null;
}

function Availability({ row }: { readonly row: SnapshotRowDto }) {
  const sentence = availabilitySentence(row);
  return (
    <>
      <SnapshotBadge row={row} />
      {row.availability === 'deleted' && row.deletedAt !== null ? (
        <span className="why">
          deleted <ShortTime at={row.deletedAt} />
        </span>
      ) : null}
      {sentence === null ? null : <span className="why">{sentence}</span>}
    </>
  );
}

/** Says of a snapshot that it is deleted, hidden, unreadable or about to go; nothing of an ordinary one. */
export function SnapshotBadge({ row }: { readonly row: SnapshotRowDto }) {
  if (row.availability === 'live') return row.scheduledForDeletion ? <span className="tag snap-going">to be deleted</span> : null;
  const { icon: Icon, cell, word } = LOOKS[row.availability];
  return (
    <span className="badge snap-badge" data-cell={cell} title={availabilitySentence(row) ?? undefined}>
      <Icon className="icon small" aria-hidden />
      {word}
    </span>
  );
}

function Errors({ row, href }: { readonly row: SnapshotRowDto; readonly href: string }) {
  if (row.errors === 0) return <span className="faint only-wide">0</span>;
  return (
    <Anchor className="snap-err" href={href} title={`${counted(row.errors, 'entry', 'entries')} could not be backed up`}>
      <TriangleAlert className="icon small" aria-hidden />
      {figure(row.errors)}
      <span className="sr"> {row.errors === 1 ? 'error' : 'errors'}</span>
    </Anchor>
  );
}

const METER = { width: 48, height: 8 } as const;

function SeenBy({ row }: { readonly row: SnapshotRowDto }) {
  if (row.machines === 0) return <span className="faint">no machine</span>;
  return (
    <span className="snap-meter">
      <svg width={METER.width} height={METER.height} aria-hidden>
        <rect className="track" width={METER.width} height={METER.height} rx={2} />
        <rect className="part" width={(METER.width * row.seenBy) / row.machines} height={METER.height} rx={2} />
      </svg>
      {figure(row.seenBy)} of {figure(row.machines)}
    </span>
  );
}
