'use client';
import type { DivergencePageDto, LaneDto } from '@wardrobe/contracts';
import { figure } from '@wardrobe/words';
import { Database } from 'lucide-react';
import { Delta, VerdictMark } from '../cells/badge.js';
import { CellIcon } from '../cells/cell-icon.js';
import { useNow } from '../foundation/clock.js';
import { useTimes } from '../foundation/times-provider.js';
import { Anchor } from '../foundation/link.js';
import { findingOfLane, leavesLine, leftOf, storeGaps, type Tick } from './lane-layout.js';

export type LanesProps = {
  readonly page: DivergencePageDto;
  readonly snapshots: number;
  readonly hrefOf: (findingId: string) => string;
  readonly machinesHref: string;
  readonly onOpen: (findingId: string) => void;
};

const percent = (value: number): string => `${value.toFixed(2)}%`;

/** One lane per group of equal machines beside the store's: where each left it, and what that came to. */
export function Lanes({ page, snapshots, hrefOf, machinesHref, onOpen }: LanesProps) {
  const { ticks } = page;
  return (
    <section className="panel" aria-labelledby="lanes-title">
      <header>
        <h2 id="lanes-title">Where each group left the store</h2>
        <span className="fresh only-wide">one lane per equal digest · each step is an event, not a length of time</span>
      </header>
      <div className="lanes">
        <Axis ticks={ticks} />
        <ol>
          <li className="lane store">
            <span className="lane-name">
              <Database className="icon small" aria-hidden /> <b>Store</b>{' '}
              <small className="faint">{`${figure(snapshots)} ${snapshots === 1 ? 'snapshot' : 'snapshots'}`}</small>
            </span>
            <span className="lane-track">
              <i className="lane-line" style={{ width: '100%' }} />
              {storeGaps(page.lanes, page.findings, ticks).map((gap) => (
                <span key={gap.left} className="lane-gap" data-cell={gap.cell} style={{ left: percent(gap.left) }} />
              ))}
            </span>
            <span className="lane-result muted">the reference</span>
          </li>
          {page.lanes.map((lane) => (
            <LaneLine key={`${lane.digest} ${lane.label}`} lane={lane} page={page} hrefOf={hrefOf} machinesHref={machinesHref} onOpen={onOpen} />
          ))}
        </ol>
        <p className="lane-common faint">
          <span />
          <span>
            {page.commonBefore > 0 ? `${figure(page.commonBefore)} snapshots in common before the first step` : null}
            {page.foldedLanes > 0 ? ` · ${figure(page.foldedLanes)} more groups are in the list of findings` : null}
          </span>
        </p>
      </div>
    </section>
  );
}

/** Days over the steps; a label that would touch the one before is left out. */
function Axis({ ticks }: { readonly ticks: readonly Tick[] }) {
  const now = useNow();
  const times = useTimes();
  const every = Math.max(1, Math.ceil(ticks.length / 12));
  return (
    <div className="lane-axis" aria-hidden>
      <span />
      <span className="lane-track">
        {ticks.map((tick, index) => {
          const day = tick.at === null ? null : times.day(Date.parse(tick.at), now);
          const before = ticks[index - 1]?.at;
          const repeated = before ? times.day(Date.parse(before), now) === day : false;
          if (day === null || repeated || index % every !== 0) return null;
          return (
            <em key={tick.column} style={{ left: percent(leftOf(tick.column, ticks)) }}>
              {day}
            </em>
          );
        })}
      </span>
      <span />
    </div>
  );
}

function LaneLine({ lane, page, hrefOf, machinesHref, onOpen }: { readonly lane: LaneDto } & Omit<LanesProps, 'snapshots'>) {
  const times = useTimes();
  const { ticks } = page;
  const finding = lane.verdict === 'in-sync' ? null : findingOfLane(lane, page.findings);
  const tail = lane.tail && { cell: lane.tail.cell, left: leftOf(lane.tail.from, ticks) };
  const names =
    lane.machines.length > 1
      ? lane.machines
          .slice(0, 3)
          .map((machine) => machine.name)
          .join(', ') + (lane.machines.length > 3 ? ' and others' : '')
      : '';
  return (
    <li className={lane.verdict === 'in-sync' ? 'lane same' : 'lane'}>
      <span className="lane-name">
        {finding ? (
          <Anchor
            className="rowlink"
            href={hrefOf(finding)}
            onClick={(event) => {
              if (event.metaKey || event.ctrlKey || event.shiftKey) return;
              event.preventDefault();
              onOpen(finding);
            }}
          >
            {lane.label}
          </Anchor>
        ) : (
          <Anchor className="rowlink" href={machinesHref}>
            {lane.label}
          </Anchor>
        )}
        <small className="faint" title={names}>
          {' '}
          {lane.verdict === 'in-sync' && lane.digest !== '' ? `digest ${lane.digest.slice(0, 8)}` : names}
        </small>
      </span>
      <span className="lane-track" aria-hidden>
        <i className="lane-line" style={{ width: percent(tail ? tail.left : 100) }} />
        {tail ? <i className="lane-tail" data-cell={tail.cell} style={{ left: percent(tail.left) }} /> : null}
        {tail && tail.left > 0 && !lane.events.some((event) => event.column === lane.tail?.from) ? (
          <Node left={tail.left} cell={tail.cell} off={false} title={tail.cell} />
        ) : null}
        {lane.events.map((event) => (
          <Node
            key={`${event.column} ${event.cell}`}
            left={leftOf(event.column, ticks)}
            cell={event.cell}
            off={leavesLine(event.cell)}
            title={`${figure(event.count)} ${event.cell}${event.at ? `, ${times.full(Date.parse(event.at))}` : ''}`}
          />
        ))}
      </span>
      <span className="lane-result">
        {lane.summary.length === 0 ? (
          <VerdictMark verdict={lane.verdict} />
        ) : (
          lane.summary.map((part) => <Delta key={part.cell} cell={part.cell} text={`${figure(part.count)} ${part.cell}`} />)
        )}
      </span>
    </li>
  );
}

function Node({
  left,
  cell,
  off,
  title,
}: {
  readonly left: number;
  readonly cell: LaneDto['events'][number]['cell'];
  readonly off: boolean;
  readonly title: string;
}) {
  return (
    <span className={off ? 'lane-node off' : 'lane-node'} data-cell={cell} style={{ left: percent(left) }} title={title}>
      <CellIcon kind={cell} />
    </span>
  );
}
