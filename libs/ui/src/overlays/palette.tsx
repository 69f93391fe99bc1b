'use client';
import { Command } from 'cmdk';
import { Dialog } from 'radix-ui';
import type { ReactNode } from 'react';

export type PaletteItem = {
  readonly id: string;
  readonly label: string;
  readonly note?: string;
  readonly keys?: string;
  readonly words?: readonly string[];
  readonly icon?: ReactNode;
  readonly run: () => void;
};
export type PaletteGroup = { readonly heading: string; readonly items: readonly PaletteItem[] };

/** Ctrl-K: any page, store, machine or action by typing. */
export function Palette({
  open,
  onOpenChange,
  groups,
  onSearch,
}: {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly groups: readonly PaletteGroup[];
  readonly onSearch?: (text: string) => void;
}) {
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className="overlay" />
        <Dialog.Content className="dialog palette" aria-describedby={undefined}>
          <Dialog.Title className="sr">Search or jump</Dialog.Title>
          <Command label="Search or jump" loop>
            <Command.Input className="input" placeholder="Page, machine, snapshot id or action" {...(onSearch && { onValueChange: onSearch })} />
            <Command.List label="Results">
              <Command.Empty>Nothing is called that. Try a page, a store, a machine or a snapshot id.</Command.Empty>
              {groups.map((group) => (
                <Command.Group key={group.heading} heading={group.heading}>
                  {group.items.map((item) => (
                    <Command.Item key={item.id} value={item.id} keywords={[item.label, ...(item.words ?? [])]} onSelect={item.run}>
                      {item.icon}
                      <span className="cut">{item.label}</span>
                      {item.keys ? <kbd>{item.keys}</kbd> : item.note ? <small>{item.note}</small> : null}
                    </Command.Item>
                  ))}
                </Command.Group>
              ))}
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
