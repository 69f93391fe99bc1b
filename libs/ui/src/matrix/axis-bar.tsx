'use client';
import { useTimes } from '../foundation/times-provider.js';
import type { ColumnView } from '../matrix-kernel/index.js';
import { axisTicks } from './axis.js';

const WIDE_GAP = 92;
const PHONE_GAP = 74;
const PHONE_STAGE = 480;

/** Labels of the columns' times. Drawn only once the width is known, so never by the server. */
export function Axis({ times, view, width }: { readonly times: Float64Array; readonly view: ColumnView; readonly width: number }) {
  const words = useTimes();
  const ticks = width === 0 ? [] : axisTicks(times, view, { width, words, gap: width < PHONE_STAGE ? PHONE_GAP : WIDE_GAP });
  return (
    <div className="mx-axis" aria-hidden>
      {ticks.map((tick) => (
        <span key={tick.x} ref={(label) => label?.style.setProperty('left', `${tick.x}px`)}>
          {tick.text}
        </span>
      ))}
    </div>
  );
}
