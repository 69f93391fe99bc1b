'use client';
import { ChevronsUpDown, CircleUser, Database, Keyboard, type LucideIcon, Search, SunMoon } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button } from '../controls/button.js';
import { Anchor } from '../foundation/link.js';
import { Mark } from '../foundation/mark.js';

export type NavItem = { readonly href: string; readonly label: string; readonly icon: LucideIcon; readonly count?: string; readonly current: boolean };
export type ShellProps = {
  readonly store: { readonly name: string; readonly note: string } | null;
  readonly storeNav: readonly NavItem[];
  readonly consoleNav: readonly NavItem[];
  readonly user: { readonly name: string; readonly role: string };
  /** The menu of stores, opened by the switcher. */
  readonly switcher: (trigger: ReactNode) => ReactNode;
  readonly onPalette: () => void;
  readonly onShortcuts: () => void;
  readonly onTheme: () => void;
  readonly accountHref: string;
  readonly children: ReactNode;
};

/** Frame of every signed-in page: navigation on the side, top bar and tab bar on phones. */
export function Shell(props: ShellProps) {
  return (
    <div className="shell">
      <Side {...props} />
      <div>
        <TopBar {...props} />
        {props.children}
      </div>
      <nav className="tabbar" aria-label="Pages">
        {(props.store ? props.storeNav : props.consoleNav).map((item) => (
          <NavLink key={item.href} item={item} />
        ))}
      </nav>
    </div>
  );
}

function Side({ store, storeNav, consoleNav, user, switcher, onPalette, onShortcuts, onTheme, accountHref }: ShellProps) {
  return (
    <header className="side">
      <Anchor className="brand" href="/">
        <Mark />
        Wardrobe
      </Anchor>
      {switcher(
        <button type="button" className="switcher">
          <Database className="icon" aria-hidden />
          <span className="spread">
            <b className="cut">{store?.name ?? 'All stores'}</b>
            <small className="cut">{store?.note ?? 'choose a store'}</small>
            <span className="sr">Change store</span>
          </span>
          <ChevronsUpDown className="icon small" aria-hidden />
        </button>,
      )}
      {store ? (
        <nav className="nav" aria-label={`Store ${store.name}`}>
          {storeNav.map((item) => (
            <NavLink key={item.href} item={item} />
          ))}
        </nav>
      ) : null}
      <nav className="nav" aria-label="Console">
        <h2>Console</h2>
        {consoleNav.map((item) => (
          <NavLink key={item.href} item={item} />
        ))}
      </nav>
      <div className="side-foot">
        <button type="button" onClick={onPalette}>
          <Search className="icon" aria-hidden />
          Search or jump<kbd>Ctrl K</kbd>
        </button>
        <button type="button" onClick={onShortcuts}>
          <Keyboard className="icon" aria-hidden />
          Shortcuts<kbd>?</kbd>
        </button>
        <button type="button" onClick={onTheme}>
          <SunMoon className="icon" aria-hidden />
          Light or dark<kbd>t</kbd>
        </button>
        <Anchor href={accountHref}>
          <CircleUser className="icon" aria-hidden />
          <span className="cut">{user.name}</span>
          <span className="role">{user.role}</span>
        </Anchor>
      </div>
    </header>
  );
}

function TopBar({ store, switcher, onPalette, onTheme, user, accountHref }: ShellProps) {
  return (
    <header className="topbar">
      <Anchor className="brand" href="/" aria-label="All stores">
        <Mark />
      </Anchor>
      {switcher(
        <button type="button" className="store">
          <span className="cut">{store?.name ?? 'All stores'}</span>
          <ChevronsUpDown className="icon small" aria-hidden />
        </button>,
      )}
      <span className="spread" />
      <Button look="quiet" square aria-label="Search or jump" onClick={onPalette}>
        <Search className="icon" aria-hidden />
      </Button>
      <Button look="quiet" square aria-label="Light or dark" onClick={onTheme}>
        <SunMoon className="icon" aria-hidden />
      </Button>
      <Anchor className="btn quiet square" href={accountHref} aria-label={`Account of ${user.name}`}>
        <CircleUser className="icon" aria-hidden />
      </Anchor>
    </header>
  );
}

function NavLink({ item }: { readonly item: NavItem }) {
  const Icon = item.icon;
  return (
    <Anchor href={item.href} aria-current={item.current ? 'page' : undefined}>
      <Icon className="icon" aria-hidden />
      {item.label}
      {item.count === undefined ? null : <span className="count only-wide">{item.count}</span>}
    </Anchor>
  );
}
