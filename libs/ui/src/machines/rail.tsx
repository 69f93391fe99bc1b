import type { MachineRowDto } from '@wardrobe/contracts';
import { type Cell, VERDICTS, type Verdict } from '@wardrobe/words';
import { VERDICT_WORD } from '../cells/cell-icon.js';
import { byVerdict } from './filter.js';

type Tick = { readonly cell: Cell; readonly verdict: Verdict };
const MOST_TICKS = 200;
const FEW = 24;

/** One tick per machine, worst first, with a gap between verdicts. Above 200 machines a tick stands for several: worst wins. */
export function Rail({ machines }: { readonly machines: readonly MachineRowDto[] }) {
  const sorted = machines.toSorted(byVerdict);
  const ticks = ticksOf(sorted);
  const label = VERDICTS.map((verdict) => [verdict, machines.filter((machine) => machine.verdict === verdict).length] as const).filter(
    ([, count]) => count > 0,
  );
  return (
    <div
      className={`rail${ticks.length > 120 ? ' dense' : ''}${ticks.length <= FEW ? ' few' : ''}`}
      role="img"
      aria-label={`${machines.length} machines: ${label.map(([verdict, count]) => `${count} ${VERDICT_WORD[verdict]}`).join(', ')}`}
    >
      {ticks.map((tick, index) => [
        index > 0 && ticks[index - 1]?.verdict !== tick.verdict ? <b key={`gap-${index}`} /> : null,
        <i key={index} data-cell={tick.cell} />,
      ])}
    </div>
  );
}

/** Sorted machines to at most 200 ticks; the first of each bucket is its worst. */
export function ticksOf(sorted: readonly MachineRowDto[]): readonly Tick[] {
  const count = Math.min(MOST_TICKS, sorted.length);
  return Array.from({ length: count }, (_, tick) => {
    const machine = sorted[Math.floor((tick * sorted.length) / count)];
    return { cell: machine && machine.verdict !== 'in-sync' ? machine.worst : 'seen', verdict: machine?.verdict ?? 'in-sync' };
  });
}
