'use client';
import type { SnapshotRowDto } from '@wardrobe/contracts';
import { ArchiveRestore, FolderOpen, type LucideIcon, ShieldCheck, Trash2 } from 'lucide-react';
import { Button } from '../controls/button.js';
import { Anchor } from '../foundation/link.js';
import { Dialog } from '../overlays/dialog.js';
import { sourceWord } from './snapshot-row.js';

export type SnapshotActionsProps = {
  /** Null: closed. */
  readonly row: SnapshotRowDto | null;
  readonly onClose: () => void;
  readonly browseHref: string;
  /** Page where a kind of work on this snapshot is planned. */
  readonly workHref: (kind: 'check' | 'restore' | 'rm') => string;
};

/** What can be done with one snapshot. Each begins with a dry run on a page of its own. */
export function SnapshotActions({ row, onClose, browseHref, workHref }: SnapshotActionsProps) {
  if (row === null) return null;
  const item = (href: string, label: string, note: string, Icon: LucideIcon) => (
    <li key={label}>
      <Anchor className="action-item" href={href} onClick={onClose}>
        <Icon className="icon" aria-hidden />
        <span>
          {label}
          <small>{note}</small>
        </span>
      </Anchor>
    </li>
  );
  return (
    <Dialog
      open
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title={`Snapshot ${row.id.slice(0, 8)}`}
      description={`${sourceWord(row)}${row.host === '' ? '' : ` on ${row.host}`}`}
      actions={<Button onClick={onClose}>Cancel</Button>}
    >
      <ul className="action-list">
        {row.availability === 'unreadable' ? null : item(browseHref, 'Browse', 'Its files, and downloads of them.', FolderOpen)}
        {item(workHref('check'), 'Check', 'Prove that all of it is there and whole.', ShieldCheck)}
        {item(workHref('restore'), 'Restore to the server', 'Into a folder that the console may write to.', ArchiveRestore)}
        {row.availability === 'live' ? item(workHref('rm'), 'Remove', 'Take it out of the list of the store.', Trash2) : null}
      </ul>
    </Dialog>
  );
}
