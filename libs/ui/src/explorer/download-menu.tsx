'use client';
import { ArchiveRestore, ChevronDown, Download, FileArchive } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import { Anchor } from '../foundation/link.js';

type Props = {
  readonly hrefOf: (format: 'zip' | 'tar') => string;
  readonly folder: string;
  /** Page where its restore to the server is planned; null: the reader may not. */
  readonly restoreHref: string | null;
};

/**
 * This folder with all below it, as one file: the download breaks off visibly when something of it cannot be read. Or into a folder of the server, as a job.
 */
export function DownloadMenu({ hrefOf, folder, restoreHref }: Props) {
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>
        <button type="button" className="btn explore-download" aria-label={`Download ${folder}`}>
          <Download className="icon" aria-hidden />
          <span className="only-wide">Download</span>
          <ChevronDown className="icon small only-wide" aria-hidden />
        </button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="end" sideOffset={4}>
          {(['zip', 'tar'] as const).map((format) => (
            <DropdownMenu.Item key={format} asChild>
              <a href={hrefOf(format)} download>
                <FileArchive className="icon" aria-hidden />
                <span className="spread">
                  Folder as {format}
                  <small>{format === 'zip' ? 'opens everywhere' : 'keeps owners, modes and links'}</small>
                </span>
              </a>
            </DropdownMenu.Item>
          ))}
          {restoreHref === null ? null : (
            <DropdownMenu.Item asChild>
              <Anchor href={restoreHref}>
                <ArchiveRestore className="icon" aria-hidden />
                <span className="spread">
                  Restore to the server
                  <small>into a folder that the console may write to</small>
                </span>
              </Anchor>
            </DropdownMenu.Item>
          )}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
