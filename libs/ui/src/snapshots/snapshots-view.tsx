'use client';
import './snapshots.css';
import type { SnapshotRowDto, SnapshotsPageDto } from '@wardrobe/contracts';
import { figure } from '@wardrobe/words';
import { Archive, ArrowUp, Search } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button } from '../controls/button.js';
import { EmptyState } from '../feedback/states.js';
import { FilterBar } from './filter-bar.js';
import { type Include, isFiltered, type SnapshotQuery } from './filter.js';
import type { Selection } from './selection.js';
import { SnapshotTable } from './snapshot-table.js';
import { TimelineChart } from './timeline-chart.js';

export type SnapshotsViewProps = {
  readonly query: SnapshotQuery;
  readonly onChange: (patch: Partial<SnapshotQuery>) => void;
  /** First page of the answer; undefined while it is fetched. */
  readonly page: SnapshotsPageDto | undefined;
  readonly rowAt: (index: number) => SnapshotRowDto | undefined;
  readonly onNeed: (first: number, last: number) => void;
  readonly href: (row: SnapshotRowDto) => string;
  readonly onActions?: (row: SnapshotRowDto) => void;
  readonly selection?: Selection | undefined;
  /** New snapshots that wait above the reader's place; `rowAt` begins after them. */
  readonly heldBack?: { readonly count: number; readonly show: () => void };
  /** Shown instead of the rows: skeleton or failure. */
  readonly instead?: ReactNode;
};

/** What the reader should know about the kinds that are not in the store's own list. */
const INCLUDE_NOTE: Readonly<Record<Include, string | null>> = {
  live: null,
  deleted: 'Deleted snapshots stay readable until a clean-up takes their packfiles away.',
  hidden: 'Hidden snapshots: their packfiles are in the store, and no readable state file names them.',
  all: null,
};

/** Timeline, filters and the list. */
export function SnapshotsView({ query, onChange, page, rowAt, onNeed, href, onActions, selection, heldBack, instead }: SnapshotsViewProps) {
  const note = INCLUDE_NOTE[query.include];
  const waiting = heldBack?.count ?? 0;
  return (
    <>
      {page === undefined ? null : <TimelineChart days={page.timeline} range={query} onRange={onChange} />}
      <section className="panel" aria-label="Snapshots">
        <FilterBar query={query} facets={page?.facets} total={page?.total} onChange={onChange} />
        <div role="status">
          {waiting > 0 ? (
            <Button small className="snap-new" onClick={heldBack?.show}>
              <ArrowUp className="icon small" aria-hidden />
              {`${figure(waiting)} new, show`}
            </Button>
          ) : null}
        </div>
        {note === null ? null : <p className="snap-note muted">{note}</p>}
        {instead ??
          (page?.total === 0 ? (
            <Nothing query={query} onChange={onChange} />
          ) : (
            <SnapshotTable
              total={(page?.total ?? 0) - waiting}
              {...{ rowAt, onNeed, href, onActions, selection }}
              sort={query.sort}
              onSort={(sort) => onChange({ sort })}
            />
          ))}
      </section>
    </>
  );
}

function Nothing({ query, onChange }: Pick<SnapshotsViewProps, 'query' | 'onChange'>) {
  if (!isFiltered(query)) {
    const fact = {
      live: 'The store holds no snapshot yet.',
      deleted: 'No snapshot is deleted.',
      hidden: 'No snapshot is hidden.',
      all: 'The store holds no snapshot yet.',
    }[query.include];
    return (
      <EmptyState icon={Archive} fact={fact}>
        {query.include === 'deleted' || query.include === 'hidden' ? 'Every snapshot is in the list of the store.' : 'It appears here with the first backup.'}
      </EmptyState>
    );
  }
  return (
    <EmptyState
      icon={Search}
      fact="No snapshot matches."
      actions={<Button onClick={() => onChange({ text: '', host: '', source: '', tag: '', since: '', until: '', only: '' })}>Clear the filters</Button>}
    >
      {query.include === 'live' ? 'Only snapshots in the store are searched. Deleted and hidden ones are under All.' : ''}
    </EmptyState>
  );
}
