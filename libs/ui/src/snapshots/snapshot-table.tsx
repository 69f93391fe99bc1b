'use client';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import type { SnapshotRowDto } from '@wardrobe/contracts';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { type ReactNode, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { useNow } from '../foundation/clock.js';
import { useTimes } from '../foundation/times-provider.js';
import { useListKeys } from '../foundation/keys.js';
import { dayHead, type Sort } from './filter.js';
import { ChooseCell, useChooseKeys } from './choose-cell.js';
import type { Selection } from './selection.js';
import { SnapshotCells } from './snapshot-row.js';

export type SnapshotTableProps = {
  readonly total: number;
  /** Undefined while the row is being fetched. */
  readonly rowAt: (index: number) => SnapshotRowDto | undefined;
  /** First and last row in reach of the eye. */
  readonly onNeed: (first: number, last: number) => void;
  readonly href: (row: SnapshotRowDto) => string;
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
  readonly onActions?: ((row: SnapshotRowDto) => void) | undefined;
  /** Undefined: nothing can be chosen. */
  readonly selection?: Selection | undefined;
};

const ROW_PX = 34;
/** A row on a phone is a block of four lines. */
const BLOCK_PX = 102;
const PHONE_PX = 860;
const OVERSCAN = 12;
const COLUMNS = 10;

/** Rows of all snapshots; only those near the window are in the document. */
export function SnapshotTable({ total, rowAt, onNeed, href, sort, onSort, onActions, selection }: SnapshotTableProps) {
  useListKeys();
  useChooseKeys(rowAt, selection);
  const columns = columnsOf(selection);
  const table = useRef<HTMLTableElement>(null);
  const [margin, setMargin] = useState(0);
  // After every change above the table (a notice, the timeline) its place is another one; equal numbers end the round.
  useLayoutEffect(() => {
    if (table.current !== null) setMargin(Math.round(table.current.getBoundingClientRect().top + window.scrollY));
  });
  // Rows and their heights are those of a snapshot, not of a place: where one comes in above between press and release, the click must not go to another.
  const getItemKey = useCallback((index: number) => rowAt(index)?.id ?? index, [rowAt]);
  const virtual = useWindowVirtualizer({
    count: total,
    getItemKey,
    estimateSize: estimatedPx,
    overscan: OVERSCAN,
    scrollMargin: margin,
    initialRect: { width: 1280, height: 900 },
  });
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (total > 0) onNeed(first, last);
  }, [total, first, last, onNeed]);
  const before = (items[0]?.start ?? margin) - margin;
  const after = virtual.getTotalSize() - ((items.at(-1)?.end ?? margin) - margin);
  return (
    <table ref={table} className="tbl snaps" aria-rowcount={total + 1} data-list tabIndex={-1}>
      <caption className="sr">Snapshots</caption>
      <thead>
        <tr aria-rowindex={1}>
          {selection === undefined ? null : (
            <th scope="col" className="snap-choose">
              <span className="sr">Chosen</span>
            </th>
          )}
          <Head label="Time" now={sort} sorts={{ descending: 'newest', ascending: 'oldest' }} onSort={onSort} />
          <th scope="col">Snapshot</th>
          <th scope="col">Machine</th>
          <th scope="col">Source</th>
          <th scope="col" className="snap-tags">
            Tags
          </th>
          <th scope="col" className="num">
            Entries
          </th>
          <Head label="Size" now={sort} sorts={{ descending: 'largest' }} onSort={onSort} numeric />
          <Head label="Errors" now={sort} sorts={{ descending: 'errors' }} onSort={onSort} numeric />
          <th scope="col">Seen by</th>
          <th scope="col">
            <span className="sr">Actions</span>
          </th>
        </tr>
      </thead>
      <Spacer px={before} columns={columns} />
      {items.map((item) => (
        <tbody key={item.key} data-index={item.index} ref={virtual.measureElement}>
          <Row index={item.index} {...{ rowAt, href, sort, onActions, selection }} />
        </tbody>
      ))}
      <Spacer px={after} columns={columns} />
    </table>
  );
}

type RowProps = Pick<SnapshotTableProps, 'rowAt' | 'href' | 'sort' | 'onActions' | 'selection'> & { readonly index: number };

function Row({ index, rowAt, href, sort, onActions, selection }: RowProps) {
  const now = useNow();
  const times = useTimes();
  const row = rowAt(index);
  const byTime = sort === 'newest' || sort === 'oldest';
  if (row === undefined) return <Waiting index={index} columns={columnsOf(selection)} />;
  const above = index === 0 ? undefined : rowAt(index - 1);
  const opensDay = byTime && (index === 0 || (above !== undefined && times.dayKey(Date.parse(above.takenAt)) !== times.dayKey(Date.parse(row.takenAt))));
  return (
    <>
      {opensDay ? (
        <tr className="group">
          <th colSpan={columnsOf(selection)} scope="colgroup">
            {dayHead(row.takenAt, now, times)}
          </th>
        </tr>
      ) : null}
      <tr aria-rowindex={index + 2} data-availability={row.availability} data-index={index} data-chosen={selection?.chosen.has(row.id)}>
        {selection === undefined ? null : <ChooseCell {...{ index, row, selection }} />}
        <SnapshotCells row={row} href={href(row)} timeOnly={byTime} onActions={onActions} />
      </tr>
    </>
  );
}

function columnsOf(selection: Selection | undefined): number {
  return selection === undefined ? COLUMNS : COLUMNS + 1;
}

function Waiting({ index, columns }: { readonly index: number; readonly columns: number }) {
  return (
    <tr aria-rowindex={index + 2} className="snap-wait">
      <td colSpan={columns}>
        <span className="skel" />
      </td>
    </tr>
  );
}

function estimatedPx(): number {
  return typeof window !== 'undefined' && window.innerWidth <= PHONE_PX ? BLOCK_PX : ROW_PX;
}

/** Keeps the height of the rows that are not in the document. */
function Spacer({ px, columns }: { readonly px: number; readonly columns: number }) {
  if (px <= 0) return null;
  return (
    <tbody aria-hidden>
      <tr>
        <td className="snap-space" colSpan={columns} ref={(cell) => cell?.style.setProperty('height', `${px}px`)} />
      </tr>
    </tbody>
  );
}

type HeadProps = {
  readonly label: string;
  readonly now: Sort;
  readonly sorts: { readonly descending: Sort; readonly ascending?: Sort };
  readonly onSort: (sort: Sort) => void;
  readonly numeric?: boolean;
};

function Head({ label, now, sorts, onSort, numeric = false }: HeadProps): ReactNode {
  const direction = now === sorts.descending ? 'descending' : now === sorts.ascending ? 'ascending' : undefined;
  const Arrow = direction === 'ascending' ? ArrowUp : ArrowDown;
  return (
    <th scope="col" className={numeric ? 'num' : ''} aria-sort={direction}>
      <button type="button" onClick={() => onSort(direction === 'descending' && sorts.ascending !== undefined ? sorts.ascending : sorts.descending)}>
        {label}
        {direction === undefined ? null : <Arrow className="icon small" aria-hidden />}
      </button>
    </th>
  );
}
