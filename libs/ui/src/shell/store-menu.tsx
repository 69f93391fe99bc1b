'use client';
import { Check, Database, Layers, type LucideIcon, Plus } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';
import type { ReactNode } from 'react';
import { Anchor } from '../foundation/link.js';

export type MenuLink = { readonly href: string; readonly label: string; readonly icon: LucideIcon };
export type StoreChoice = { readonly id: string; readonly name: string; readonly note: string; readonly href: string };

export type StoreMenuProps = {
  readonly trigger: ReactNode;
  readonly stores: readonly StoreChoice[];
  readonly currentId: string | null;
  readonly canAdd: boolean;
  readonly links: readonly MenuLink[];
};

/** Stores by name, then the list of all and "connect"; on phones also the pages that have no place in the tab bar. */
export function StoreMenu({ trigger, stores, currentId, canAdd, links }: StoreMenuProps) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu" align="start" sideOffset={4}>
          {stores.map((store) => (
            <DropdownMenu.Item key={store.id} asChild>
              <Anchor href={store.href}>
                {store.id === currentId ? <Check className="icon" aria-hidden /> : <Database className="icon" aria-hidden />}
                <span className="spread">
                  {store.name}
                  <small>{store.note}</small>
                </span>
                {store.id === currentId ? <span className="sr">current</span> : null}
              </Anchor>
            </DropdownMenu.Item>
          ))}
          {stores.length > 0 ? <DropdownMenu.Separator /> : null}
          <DropdownMenu.Item asChild>
            <Anchor href="/">
              <Layers className="icon" aria-hidden />
              All stores
            </Anchor>
          </DropdownMenu.Item>
          {canAdd ? (
            <DropdownMenu.Item asChild>
              <Anchor href="/stores/new">
                <Plus className="icon" aria-hidden />
                Connect a store
              </Anchor>
            </DropdownMenu.Item>
          ) : null}
          {links.length > 0 ? <DropdownMenu.Separator className="only-phone" /> : null}
          {links.map((link) => {
            const Icon = link.icon;
            return (
              <DropdownMenu.Item key={link.href} className="only-phone" asChild>
                <Anchor href={link.href}>
                  <Icon className="icon" aria-hidden />
                  {link.label}
                </Anchor>
              </DropdownMenu.Item>
            );
          })}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
