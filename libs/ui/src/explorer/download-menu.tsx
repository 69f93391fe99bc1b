'use client';
import { ChevronDown, Download, FileArchive } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';

/** This folder with all below it, as one file. The download breaks off visibly when something of it cannot be read. */
export function DownloadMenu({ hrefOf, folder }: { readonly hrefOf: (format: 'zip' | 'tar') => string; readonly folder: string }) {
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
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
