'use client';
import type { EntriesPageDto, EntryRowDto } from '@wardrobe/contracts';
import { useKeys } from '@wardrobe/ui';
import { childOf, ExplorerHead, ExplorerPanels, ExplorerTools, nameOf, parentOf } from '@wardrobe/ui/explorer';
import { useCallback, useEffect, useRef, useState } from 'react';
import { paths } from '@/lib/paths';
import { useUrlState } from '@/lib/url-state';
import { Page } from '@/shell/page';
import { StoreNotices } from '@/shell/store-notices';
import { useMe } from '@/shell/use-me';
import { bytesHref, exploreHref } from './address';
import { OpenFile } from './open-file';
import type { Entries, Listing } from './use-entries';
import { usePlace } from './use-place';

/** Moving through the list opens a file only when the cursor rests on it. */
const REST_MS = 150;
const CLOSED = { file: null, tab: null, as: null } as const;

type FolderProps = { readonly listing: Listing; readonly entries: Entries; readonly page: EntriesPageDto };

/** One folder with its list and, beside it, the file that is open. */
export function Folder({ listing, entries, page }: FolderProps) {
  const { storeId, snapshotId, sort, filter } = listing;
  const { params, set, push } = useUrlState();
  const { admin } = useMe();
  const file = params.get('file');
  const openPath = file === null ? null : childOf(page.path, file);
  const cursor = useCursor(listing, { page, file });
  const grid = useRef<HTMLDivElement>(null);
  const { active, setActive } = cursor;
  const activeEntry = active < 0 ? undefined : entries.entryAt(active);

  const openFolder = useCallback((path: string) => push({ path, ...CLOSED, q: null }), [push]);
  const openFile = useCallback(
    (entry: EntryRowDto) => (file === null ? push : set)({ path: page.path, file: nameOf(entry.path) }),
    [file, page.path, push, set],
  );
  useRestingOpen(activeEntry, openPath, openFile);
  useGridFocus(grid, page.path);
  useKeys({
    '/': () => document.querySelector<HTMLElement>('[data-search]')?.focus(),
    j: () => enterGrid(Math.min(page.total - 1, active + 1)),
    k: () => enterGrid(Math.max(0, active - 1)),
    ...(openPath !== null && { Escape: close }),
  });

  /** The keys of the list work from anywhere on the page. */
  function enterGrid(index: number): void {
    setActive(index);
    grid.current?.focus({ preventScroll: true });
  }
  function open(entry: EntryRowDto): void {
    if (entry.type === 'directory' && entry.problem === null) openFolder(entry.path);
    else openFile(entry);
  }
  function close(): void {
    set(CLOSED);
    grid.current?.focus({ preventScroll: true });
  }
  function up(): void {
    if (page.path === '/') return;
    cursor.comeFrom(nameOf(page.path));
    openFolder(parentOf(page.path));
  }
  function step(by: 1 | -1): void {
    for (let index = active + by; index >= 0 && index < page.total; index += by) {
      const entry = entries.entryAt(index);
      if (entry === undefined) return;
      if (entry.type !== 'directory') {
        setActive(index);
        openFile(entry);
        return;
      }
    }
  }
  const href = (path: string, name: string | null = null): string => exploreHref(storeId, { snapshot: snapshotId, path, file: name, sort });
  return (
    <Page className="explore">
      <ExplorerHead
        page={page}
        snapshotsHref={paths.snapshots(storeId)}
        rootHref={href('/')}
        crumbs={page.crumbs.filter((crumb) => crumb.path !== '/').map((crumb) => ({ name: crumb.name, href: href(crumb.path) }))}
      />
      <StoreNotices storeId={storeId} />
      <ExplorerTools
        page={page}
        filter={filter}
        onFilter={(text) => set({ q: text })}
        restoreHref={admin ? paths.restoreOf(storeId, snapshotId, page.path) : null}
        archiveHref={(format) => bytesHref(storeId, page.snapshot, { route: 'archive', path: page.path, extra: { format } })}
      />
      <ExplorerPanels
        page={page}
        filter={filter}
        onFilter={(text) => set({ q: text })}
        grid={{
          entryAt: entries.entryAt,
          hrefOf: (entry) => (entry.type === 'directory' ? href(entry.path) : href(page.path, nameOf(entry.path))),
          onNeed: entries.need,
          sort,
          onSort: (next) => set({ sort: next === 'name' ? null : next }),
          active,
          onActive: setActive,
          openPath,
          onOpen: open,
          onUp: up,
          onClose: close,
          centreOn: cursor.centreOn,
          grid,
        }}
        preview={
          openPath === null ? null : (
            <OpenFile
              storeId={storeId}
              snapshot={page.snapshot}
              path={openPath}
              known={activeEntry?.path === openPath ? activeEntry : undefined}
              onStep={step}
              onClose={close}
            />
          )
        }
      />
    </Page>
  );
}

type Cursor = { readonly active: number; readonly setActive: (index: number) => void; readonly centreOn: string; readonly comeFrom: (name: string) => void };

/** Row with the keyboard: where the reader moved it, else the file of the address, else the folder the reader came up from. */
function useCursor(listing: Listing, { page, file }: { readonly page: EntriesPageDto; readonly file: string | null }): Cursor {
  const here = `${listing.snapshotId} ${page.path} ${listing.sort} ${listing.filter}`;
  const [moved, setMoved] = useState<{ readonly here: string; readonly index: number } | null>(null);
  const [from, setFrom] = useState<string | null>(null);
  const isMoved = moved?.here === here;
  const sought = isMoved ? null : (file ?? from);
  const wanted = sought === null ? null : childOf(page.path, sought);
  const near = wanted === null ? -1 : page.entries.findIndex((entry) => entry.path === wanted);
  const far = usePlace({ ...listing, path: page.path }, near < 0 ? sought : null);
  const found = near >= 0 ? page.offset + near : (far ?? -1);
  const setActive = useCallback((index: number) => setMoved({ here, index }), [here]);
  return { active: isMoved ? moved.index : found, setActive, centreOn: !isMoved && found >= 0 ? `${here} ${found}` : '', comeFrom: setFrom };
}

/** With a preview open, it follows the cursor once that rests on a file. */
function useRestingOpen(entry: EntryRowDto | undefined, openPath: string | null, openFile: (entry: EntryRowDto) => void): void {
  const latest = useRef(openFile);
  latest.current = openFile;
  const follows = openPath !== null && entry !== undefined && entry.type !== 'directory' && entry.path !== openPath;
  useEffect(() => {
    if (!follows) return;
    const timer = setTimeout(() => latest.current(entry), REST_MS);
    return () => clearTimeout(timer);
  }, [follows, entry]);
}

/** The list takes the keyboard when a folder opens, unless the reader is typing. */
function useGridFocus(grid: React.RefObject<HTMLDivElement | null>, path: string): void {
  const before = useRef(path);
  useEffect(() => {
    if (before.current === path) return;
    before.current = path;
    if (!(document.activeElement instanceof HTMLInputElement)) grid.current?.focus({ preventScroll: true });
  }, [grid, path]);
}
