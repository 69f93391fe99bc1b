'use client';
import { counted } from '@wardrobe/words';
import { type PointerEvent, useMemo, useRef, useState } from 'react';
import { useNow } from '../foundation/clock.js';
import { bytesWord } from '../foundation/format.js';
import { dayOf } from './filter.js';
import { type Bar, barsInRange, type DayCount, timelineBars, timelineLabels } from './timeline.js';

export type TimelineChartProps = {
  readonly days: readonly DayCount[];
  readonly range: { readonly since: string; readonly until: string };
  readonly onRange: (range: { readonly since: string; readonly until: string }) => void;
};

const HEIGHT = 48;
const STEP = 10;
const LABELS = 6;

/** Snapshots over time; drag over the bars to narrow the list to those days. The day filter does the same by keyboard. */
export function TimelineChart({ days, range, onRange }: TimelineChartProps) {
  const today = dayOf(useNow());
  const timeline = useMemo(() => timelineBars(days, Date.parse(today)), [days, today]);
  const { bars, unit, most } = timeline;
  const chart = useRef<SVGSVGElement>(null);
  const [drag, setDrag] = useState<readonly [number, number] | null>(null);
  if (bars.length === 0) return null;
  const marked = drag === null ? barsInRange(bars, range) : ([Math.min(...drag), Math.max(...drag) + 1] as const);
  const total = bars.reduce((sum, bar) => sum + bar.count, 0);

  function barAt(event: PointerEvent): number {
    const box = chart.current?.getBoundingClientRect();
    return box === undefined ? 0 : Math.max(0, Math.min(bars.length - 1, Math.floor(((event.clientX - box.left) / box.width) * bars.length)));
  }
  function release(): void {
    if (drag === null) return;
    setDrag(null);
    const first = bars[Math.min(...drag)];
    const last = bars[Math.max(...drag)];
    // The newest bar stays open: what is made tomorrow belongs to it.
    if (first !== undefined && last !== undefined) onRange({ since: first.from, until: last === bars.at(-1) ? '' : last.until });
  }
  return (
    <section className="panel snap-time" aria-label="Timeline">
      <p className="snap-key">
        <span className="dot" aria-hidden />
        snapshots a {unit}
        <span className="spread" />
        <span className="faint only-wide">Drag to narrow the list.</span>
      </p>
      <svg
        ref={chart}
        className="snap-bars"
        viewBox={`0 0 ${bars.length * STEP} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${counted(total, 'snapshot')} over ${counted(bars.length, unit)}, at most ${counted(most, 'snapshot')} a ${unit}`}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          setDrag([barAt(event), barAt(event)]);
        }}
        onPointerMove={(event) => drag !== null && setDrag([drag[0], barAt(event)])}
        onPointerUp={release}
        onPointerCancel={() => setDrag(null)}
      >
        {bars.map((bar, index) => (
          <BarMark key={bar.from} bar={bar} index={index} most={most} />
        ))}
        {marked === null ? null : (
          <rect className="brush" x={marked[0] * STEP} y={0} width={(marked[1] - marked[0]) * STEP} height={HEIGHT} vectorEffect="non-scaling-stroke" />
        )}
      </svg>
      <p className="snap-labels" aria-hidden>
        {timelineLabels(timeline, LABELS).map((label, index, all) => (
          <span key={`${label}-${index === all.length - 1}`} className={index % 2 === 1 && index !== all.length - 1 ? 'only-wide' : ''}>
            {label}
          </span>
        ))}
      </p>
    </section>
  );
}

function BarMark({ bar, index, most }: { readonly bar: Bar; readonly index: number; readonly most: number }) {
  const height = bar.count === 0 ? 0 : Math.max(2, (bar.count / most) * HEIGHT);
  const days = bar.from === bar.until ? bar.from : `${bar.from} to ${bar.until}`;
  return (
    <g>
      <rect className="bar" x={index * STEP + 0.8} y={HEIGHT - height} width={STEP - 1.6} height={height} />
      {/* The whole height answers the pointer, so that a low bar can be read too. */}
      <rect className="hit" x={index * STEP} y={0} width={STEP} height={HEIGHT}>
        <title>{`${days}: ${counted(bar.count, 'snapshot')}, ${bytesWord(bar.bytes)}`}</title>
      </rect>
    </g>
  );
}
