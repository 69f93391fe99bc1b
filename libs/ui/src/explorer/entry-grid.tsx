'use client';
import type { EntryRowDto } from '@wardrobe/contracts';
import { figure } from '@wardrobe/words';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { type KeyboardEvent, type MouseEvent, type ReactNode, type RefObject, useEffect, useId, useLayoutEffect, useRef, useState } from 'react';
import { EntryRow } from './entry-row.js';
import type { EntrySort } from './entry-words.js';
import { gridRole, headRole, ROW_GROUP, rowRole } from './grid-roles.js';
import { useVirtualRows } from './use-virtual-rows.js';

export type EntryGridProps = {
  readonly label: string;
  readonly total: number;
  readonly entryAt: (index: number) => EntryRowDto | undefined;
  readonly hrefOf: (entry: EntryRowDto) => string | null;
  readonly onNeed: (first: number, end: number) => void;
  readonly sort: EntrySort;
  readonly onSort: (sort: EntrySort) => void;
  /** Row with the keyboard; -1 before there is one. */
  readonly active: number;
  readonly onActive: (index: number) => void;
  /** Path whose preview is open. */
  readonly openPath: string | null;
  /** Enter, or a press on a row. */
  readonly onOpen: (entry: EntryRowDto, index: number) => void;
  readonly onUp: () => void;
  readonly onClose: () => void;
  /** Changes when the list shall show the active row in its middle (a link was followed). */
  readonly centreOn: string;
  readonly grid: RefObject<HTMLDivElement | null>;
  readonly foot: (shown: ReactNode) => ReactNode;
};

/** Directory listing of any size: at most some hundred elements, whatever the number of entries. */
export function EntryGrid(props: EntryGridProps) {
  const { total, entryAt, onNeed, active, onActive, openPath, centreOn, grid } = props;
  const id = useId();
  const { rowPx, headPx } = useMeasures();
  const rows = useVirtualRows(grid, { count: total, rowPx, headPx });
  const { first, end, perView, reveal, centre, topOf } = rows;
  useEffect(() => {
    if (total > 0) onNeed(first, end);
  }, [total, first, end, onNeed]);
  const lastActive = useRef(active);
  useLayoutEffect(() => {
    if (active >= 0 && active !== lastActive.current) reveal(active);
    lastActive.current = active;
  }, [active, reveal]);
  const latest = useRef({ active, centre });
  latest.current = { active, centre };
  useLayoutEffect(() => {
    if (centreOn !== '' && latest.current.active >= 0) latest.current.centre(latest.current.active);
  }, [centreOn]);

  function key(event: KeyboardEvent): void {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      j: active + 1,
      k: active - 1,
      PageDown: active + perView,
      PageUp: active - perView,
      Home: 0,
      End: total - 1,
    };
    const target = steps[event.key];
    if (target !== undefined && total > 0) {
      event.preventDefault();
      onActive(Math.max(0, Math.min(total - 1, target)));
    } else if (event.key === 'Enter') open(active);
    else if (event.key === 'Backspace') props.onUp();
    else if (event.key === 'Escape') props.onClose();
  }
  function open(index: number): void {
    const entry = entryAt(index);
    if (entry !== undefined) props.onOpen(entry, index);
  }
  function press(event: MouseEvent): void {
    const row = event.target instanceof Element ? event.target.closest('[data-index]') : null;
    // With a modifier the browser opens the link in its own way.
    if (row === null || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const index = Number(row.getAttribute('data-index'));
    onActive(index);
    grid.current?.focus({ preventScroll: true });
    open(index);
  }
  const activeId = active >= 0 && active < total ? `${id}-${active}` : undefined;
  const shown = indexes(first, end, active, total);
  return (
    <>
      <div
        ref={grid}
        id="entries"
        data-list
        className="entries"
        {...gridRole({ label: props.label, rowCount: total + 1, activeId })}
        {...{ onKeyDown: key, onClick: press }}
      >
        <GridHead sort={props.sort} onSort={props.onSort} />
        <div className="entries-space" {...ROW_GROUP} ref={(space) => space?.style.setProperty('height', `${rows.elementPx}px`)}>
          {shown.map((index) => {
            const entry = entryAt(index);
            return (
              <EntryRow
                key={index}
                id={`${id}-${index}`}
                index={index}
                topPx={topOf(index)}
                entry={entry}
                active={index === active}
                open={entry !== undefined && entry.path === openPath}
                href={entry === undefined ? null : props.hrefOf(entry)}
              />
            );
          })}
        </div>
      </div>
      {props.foot(total === 0 ? null : `${figure(rows.seen.first + 1)} to ${figure(rows.seen.end)} of ${figure(total)}`)}
    </>
  );
}

/** Rows in the document: those near the view, and the active one wherever it is, so that it keeps its name for screen readers. */
function indexes(first: number, end: number, active: number, total: number): number[] {
  const list = Array.from({ length: Math.max(0, end - first) }, (_, step) => first + step);
  return active >= 0 && active < total && (active < first || active >= end) ? [...list, active] : list;
}

type Measures = { readonly rowPx: number; readonly headPx: number };
const DESK: Measures = { rowPx: 30, headPx: 35 };
const PHONE: Measures = { rowPx: 52, headPx: 41 };

function useMeasures(): Measures {
  const [measures, setMeasures] = useState(DESK);
  useLayoutEffect(() => {
    const phone = matchMedia('(max-width: 860px)');
    const follow = (): void => setMeasures(phone.matches ? PHONE : DESK);
    follow();
    phone.addEventListener('change', follow);
    return () => phone.removeEventListener('change', follow);
  }, []);
  return measures;
}

function GridHead({ sort, onSort }: { readonly sort: EntrySort; readonly onSort: (sort: EntrySort) => void }) {
  return (
    <div {...ROW_GROUP} className="entries-top">
      <div className="entries-head" {...rowRole(1)}>
        <HeadCell label="Name" by="name" sort={sort} onSort={onSort} />
        <HeadCell label="Size" by="size" sort={sort} onSort={onSort} className="num" />
        <HeadCell label="Modified" by="mtime" sort={sort} onSort={onSort} className="num entry-time" />
        <span {...headRole(undefined)} className="only-wide">
          Mode
        </span>
      </div>
    </div>
  );
}

type HeadCellProps = {
  readonly label: string;
  readonly by: 'name' | 'size' | 'mtime';
  readonly sort: EntrySort;
  readonly onSort: (sort: EntrySort) => void;
  readonly className?: string;
};

function HeadCell({ label, by, sort, onSort, className = '' }: HeadCellProps) {
  const direction = sort === by ? 'ascending' : sort === `-${by}` ? 'descending' : undefined;
  const Arrow = direction === 'descending' ? ArrowDown : ArrowUp;
  return (
    <span {...headRole(direction)} className={className}>
      <button type="button" onClick={() => onSort(direction === 'ascending' ? `-${by}` : by)}>
        {label}
        {direction === undefined ? null : <Arrow className="icon small" aria-hidden />}
      </button>
    </span>
  );
}
