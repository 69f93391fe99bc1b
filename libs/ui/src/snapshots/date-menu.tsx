'use client';
import { Calendar, ChevronDown, X } from 'lucide-react';
import { Popover } from 'radix-ui';
import { Button } from '../controls/button.js';
import { TextField } from '../controls/field.js';
import { useNow } from '../foundation/clock.js';
import { dayOf, rangeWord } from './filter.js';

export type DayRange = { readonly since: string; readonly until: string };

const DAY_MS = 86_400_000;
const SPANS = [
  ['24 h', 1],
  ['7 d', 7],
  ['30 d', 30],
  ['90 d', 90],
] as const;

/** Filter by day: a span back from now, or first and last day. UTC. */
export function DateMenu({ range, onRange }: { readonly range: DayRange; readonly onRange: (range: DayRange) => void }) {
  const now = useNow();
  const word = rangeWord(range, now);
  return (
    <Popover.Root>
      <span className="snap-date">
        <Popover.Trigger asChild>
          <button type="button" className="chip" aria-pressed={word !== ''}>
            <Calendar className="icon small" aria-hidden />
            {word === '' ? 'Date' : word}
            <ChevronDown className="icon small" aria-hidden />
          </button>
        </Popover.Trigger>
        {word === '' ? null : (
          <Button square small look="quiet" aria-label="Show all days" onClick={() => onRange({ since: '', until: '' })}>
            <X className="icon small" aria-hidden />
          </Button>
        )}
      </span>
      <Popover.Portal>
        <Popover.Content className="menu snap-days" align="start" sideOffset={4} aria-label="Filter by day">
          <div className="row-flex">
            {SPANS.map(([label, days]) => (
              <Button key={label} small onClick={() => onRange({ since: dayOf(now - days * DAY_MS), until: '' })}>
                {label}
              </Button>
            ))}
          </div>
          <TextField
            label="First day, UTC"
            type="date"
            max={dayOf(now)}
            value={range.since}
            onChange={(event) => onRange({ ...range, since: event.target.value })}
          />
          <TextField
            label="Last day, UTC"
            type="date"
            min={range.since}
            value={range.until}
            onChange={(event) => onRange({ ...range, until: event.target.value })}
          />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
