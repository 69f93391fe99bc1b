'use client';
import type { MachineRowDto } from '@wardrobe/contracts';
import { figure, VERDICTS, type Verdict } from '@wardrobe/words';
import { ArrowDown, ArrowUp } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button } from '../controls/button.js';
import { type MachineSort, sortMachines } from './filter.js';
import { MachineLine } from './machine-line.js';

const NOTE: Readonly<Record<Verdict, readonly [string, string]>> = {
  diverged: ['Diverged', 'needs a decision'],
  unknown: ['Unknown', 'no fresh report, nothing can be said'],
  behind: ['Behind', 'catches up at its next use of the store'],
  'in-sync': ['In sync', 'lists exactly what the store holds'],
};
/** Machines in agreement that are drawn before "show more". */
const CALM_SHOWN = 150;

export type MachineTableProps = {
  readonly storeName: string;
  readonly machines: readonly MachineRowDto[];
  readonly sort: MachineSort;
  readonly descending: boolean;
  readonly showAll: boolean;
  readonly hrefOf: (machine: MachineRowDto) => string;
  readonly onSort: (sort: MachineSort, descending: boolean) => void;
  readonly onShowAll: () => void;
};

/** Frontier list: worst verdict first under headings; sorted otherwise it is one list. */
export function MachineTable({ storeName, machines, sort, descending, showAll, hrefOf, onSort, onShowAll }: MachineTableProps) {
  const sorted = descending === (sort === 'verdict') ? sortMachines(machines, sort) : sortMachines(machines, sort).toReversed();
  const head = { sort, descending, onSort };
  const shown = (list: readonly MachineRowDto[]) => (showAll ? list : list.slice(0, CALM_SHOWN));
  const line = (machine: MachineRowDto) => <MachineLine key={machine.id} machine={machine} href={hrefOf(machine)} />;
  const groups = sort === 'verdict' ? (descending ? VERDICTS : VERDICTS.toReversed()) : [];
  const hidden =
    sort === 'verdict' ? Math.max(0, sorted.filter((machine) => machine.verdict === 'in-sync').length - CALM_SHOWN) : Math.max(0, sorted.length - CALM_SHOWN);
  return (
    <>
      <table className="tbl machines">
        <caption className="sr">{`Machines of the store ${storeName}, ${sort === 'verdict' ? 'worst verdict first' : `sorted by ${sort}`}`}</caption>
        <thead>
          <tr>
            <SortHead {...head} by="name" className="m-name">
              Machine
            </SortHead>
            <SortHead {...head} by="verdict">
              Verdict and cause
            </SortHead>
            <th scope="col" className="m-delta">
              Differs by
            </th>
            <th scope="col" className="m-strip">
              <span className="strip-head">
                <span>older</span>
                <span>last 90 days</span>
              </span>
            </th>
            <SortHead {...head} by="newest" className="num m-newest">
              Newest seen
            </SortHead>
            <SortHead {...head} by="report" className="num m-report">
              Last report
            </SortHead>
          </tr>
        </thead>
        {sort === 'verdict' ? (
          groups.map((verdict) => {
            const list = sorted.filter((machine) => machine.verdict === verdict);
            if (list.length === 0) return null;
            return (
              <tbody key={verdict} data-list tabIndex={-1}>
                <tr className="group">
                  <th colSpan={6} scope="rowgroup">
                    {NOTE[verdict][0]} <span className="faint">· {NOTE[verdict][1]}</span>
                  </th>
                </tr>
                {(verdict === 'in-sync' ? shown(list) : list).map(line)}
              </tbody>
            );
          })
        ) : (
          <tbody data-list tabIndex={-1}>
            {shown(sorted).map(line)}
          </tbody>
        )}
      </table>
      {hidden > 0 && !showAll ? (
        <p className="no-match">
          <Button small onClick={onShowAll}>{`Show ${figure(hidden)} more machines`}</Button>
        </p>
      ) : null}
    </>
  );
}

type SortHeadProps = {
  readonly by: MachineSort;
  readonly sort: MachineSort;
  readonly descending: boolean;
  readonly onSort: MachineTableProps['onSort'];
  readonly className?: string;
  readonly children: ReactNode;
};

function SortHead({ by, sort, descending, onSort, className, children }: SortHeadProps) {
  const on = by === sort;
  const Arrow = descending ? ArrowDown : ArrowUp;
  return (
    <th scope="col" className={className} {...(on && { 'aria-sort': descending ? ('descending' as const) : ('ascending' as const) })}>
      <button type="button" onClick={() => onSort(by, on ? !descending : by === 'verdict')}>
        {children}
        {on ? <Arrow className="icon small" aria-hidden /> : null}
      </button>
    </th>
  );
}
