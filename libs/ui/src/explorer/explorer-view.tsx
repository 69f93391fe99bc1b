'use client';
import './explorer.css';
import type { EntriesPageDto, EntryRowDto } from '@wardrobe/contracts';
import { counted, figure } from '@wardrobe/words';
import { Clock, FileWarning, FolderOpen, FolderSync, Search, Server, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button } from '../controls/button.js';
import { SearchField } from '../controls/field.js';
import { EmptyState } from '../feedback/states.js';
import { FullTime } from '../foundation/time.js';
import { availabilitySentence, SnapshotBadge } from '../snapshots/snapshot-row.js';
import { useTyped } from '../snapshots/use-typed.js';
import { type Crumb, Crumbs } from './crumbs.js';
import { DownloadMenu } from './download-menu.js';
import { EntryGrid, type EntryGridProps } from './entry-grid.js';

export type ExplorerViewProps = {
  readonly page: EntriesPageDto;
  readonly snapshotsHref: string;
  readonly rootHref: string;
  readonly crumbs: readonly Crumb[];
  readonly filter: string;
  readonly onFilter: (text: string) => void;
  readonly archiveHref: (format: 'zip' | 'tar') => string;
  readonly restoreHref: string | null;
  readonly grid: Omit<EntryGridProps, 'label' | 'total' | 'foot'>;
  /** Panel beside the list; null when closed. */
  readonly preview: ReactNode;
};

/** One folder of a snapshot. */
export function ExplorerHead({ page, snapshotsHref, rootHref, crumbs }: Pick<ExplorerViewProps, 'page' | 'snapshotsHref' | 'rootHref' | 'crumbs'>) {
  const { snapshot } = page;
  const kept = snapshot.availability === 'deleted' ? 'It stays readable until a clean-up takes its packfiles away.' : availabilitySentence(snapshot);
  return (
    <div className="explore-head">
      <Crumbs snapshotsHref={snapshotsHref} snapshotId={snapshot.id} rootHref={rootHref} crumbs={crumbs} />
      <h1 className="sr">
        Folder {crumbs.map((crumb) => `/${crumb.name.text}`).join('') || '/'} in snapshot {snapshot.id.slice(0, 8)}
      </h1>
      <div className="explore-meta">
        <span>
          <Server className="icon small" aria-hidden /> {snapshot.host}
        </span>
        <span>
          <Clock className="icon small" aria-hidden /> <FullTime at={snapshot.takenAt} />
        </span>
        <SnapshotBadge row={snapshot} />
        <SyncedFrom copyings={page.syncedFrom} />
        {kept === null ? null : <span>{kept}</span>}
        {snapshot.errors > 0 ? (
          <span>
            <TriangleAlert className="icon small" aria-hidden /> {counted(snapshot.errors, 'entry', 'entries')} could not be backed up
          </span>
        ) : null}
      </div>
    </div>
  );
}

/** Where a snapshot was made that was not made here, and when it came. */
function SyncedFrom({ copyings }: { readonly copyings: EntriesPageDto['syncedFrom'] }) {
  const last = copyings.at(-1);
  const first = copyings[0];
  if (last === undefined || first === undefined) return null;
  return (
    <span className="synced" title={copyings.map(({ repositoryId, at }) => `${at} from repository ${repositoryId}`).join('\n')}>
      <FolderSync className="icon small" aria-hidden /> synchronised from {nameOfStore(last)} on <FullTime at={last.at} />
      {first === last ? null : `, made in ${nameOfStore(first)}`}
    </span>
  );
}

function nameOfStore({ store, repositoryId }: EntriesPageDto['syncedFrom'][number]): string {
  return store === null ? `repository ${repositoryId.slice(0, 8)}` : store.name;
}

type ToolsProps = Pick<ExplorerViewProps, 'page' | 'filter' | 'onFilter' | 'archiveHref' | 'restoreHref'>;

export function ExplorerTools({ page, filter, onFilter, archiveHref, restoreHref }: ToolsProps) {
  const [text, setText] = useTyped(filter, onFilter);
  return (
    <div className="toolbar explore-tools">
      <SearchField
        className="explore-find"
        label="Filter names in this folder. A star stands for any characters, a question mark for one."
        placeholder="Filter names, * and ?"
        value={text}
        onChange={setText}
      />
      <span className="fresh explore-count" role="status">
        {filter === '' ? counted(page.total, 'entry', 'entries') : `${counted(page.total, 'entry', 'entries')} ${page.total === 1 ? 'matches' : 'match'}`}
      </span>
      <span className="spread only-wide" />
      <DownloadMenu hrefOf={archiveHref} folder={page.path} restoreHref={restoreHref} />
    </div>
  );
}

export function ExplorerPanels({ page, filter, onFilter, grid, preview }: Pick<ExplorerViewProps, 'page' | 'filter' | 'onFilter' | 'grid' | 'preview'>) {
  return (
    <div className={preview === null ? 'explore-grid' : 'explore-grid open'}>
      <section className="panel explore-list" aria-label="Entries">
        {page.total === 0 ? (
          <Nothing filter={filter} problem={page.entry.problem} onClear={() => onFilter('')} />
        ) : (
          <EntryGrid {...grid} label={`Entries of ${page.path}`} total={page.total} foot={(shown) => <Foot shown={shown} page={page} />} />
        )}
      </section>
      {preview}
    </div>
  );
}

function Foot({ shown, page }: { readonly shown: ReactNode; readonly page: EntriesPageDto }) {
  return (
    <footer className="explore-foot">
      <span>{shown}</span>
      {page.sortReady ? null : (
        <span role="status">
          Putting {figure(page.total)} entries in order{page.sortProgress === null ? '' : `, ${Math.floor(page.sortProgress * 100)} % read`}. Until then they
          are by name.
        </span>
      )}
      <span className="spread" />
      <span className="only-wide">
        <kbd>j</kbd> <kbd>k</kbd> move · <kbd>Enter</kbd> open · <kbd>Home</kbd> <kbd>End</kbd> first, last
      </span>
    </footer>
  );
}

function Nothing({ filter, problem, onClear }: { readonly filter: string; readonly problem: EntryRowDto['problem']; readonly onClear: () => void }) {
  if (problem !== null) {
    return (
      <EmptyState icon={FileWarning} fact={problem.sentence}>
        {problem.next}
      </EmptyState>
    );
  }
  if (filter === '') return <EmptyState icon={FolderOpen} fact="This folder is empty." />;
  return (
    <EmptyState icon={Search} fact="No name matches." actions={<Button onClick={onClear}>Clear the filter</Button>}>
      Only the names in this folder are searched.
    </EmptyState>
  );
}
