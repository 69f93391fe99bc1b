'use client';
import type { MachinesPageDto } from '@wardrobe/contracts';
import { figure, VERDICTS, type Verdict } from '@wardrobe/words';
import { CellIcon, VERDICT_LOOK, VERDICT_WORD, VerdictForkIcon } from '../cells/cell-icon.js';
import { Chip } from '../controls/chip.js';
import { SearchField } from '../controls/field.js';
import { type MachineFilter, REPORTED, type Reported } from './filter.js';

const REPORTED_WORD: Readonly<Record<Reported, string>> = { any: 'any time', hour: 'the last hour', day: 'the last day', 'not-week': 'not for a week' };

/** Search, verdict chips with their counts, and when a machine last reported. */
export function MachineTools({
  filter,
  counts,
  onChange,
}: {
  readonly filter: MachineFilter;
  readonly counts: MachinesPageDto['counts'];
  readonly onChange: (filter: MachineFilter) => void;
}) {
  const number: Readonly<Record<Verdict, number>> = { diverged: counts.diverged, unknown: counts.unknown, behind: counts.behind, 'in-sync': counts.inSync };
  function toggle(verdict: Verdict): void {
    const verdicts = new Set(filter.verdicts);
    if (!verdicts.delete(verdict)) verdicts.add(verdict);
    onChange({ ...filter, verdicts });
  }
  return (
    <div className="toolbar padded">
      <SearchField
        className="find"
        label="Filter machines"
        placeholder="Name, OS, version, id"
        value={filter.text}
        onChange={(text) => onChange({ ...filter, text })}
      />
      <fieldset className="row-flex scroll-x border-0 p-0">
        <legend className="sr">Verdict</legend>
        {VERDICTS.filter((verdict) => number[verdict] > 0 || filter.verdicts.has(verdict)).map((verdict) => (
          <Chip key={verdict} cell={VERDICT_LOOK[verdict]} pressed={filter.verdicts.has(verdict)} onPress={() => toggle(verdict)}>
            {verdict === 'diverged' ? <VerdictForkIcon className="icon small" aria-hidden /> : <CellIcon kind={VERDICT_LOOK[verdict]} small />}
            <b>{figure(number[verdict])}</b> {VERDICT_WORD[verdict]}
          </Chip>
        ))}
      </fieldset>
      <span className="spread only-wide" />
      <label className="fresh only-wide">
        Reported in
        <select
          className="input w-32"
          value={filter.reported}
          onChange={(event) => onChange({ ...filter, reported: REPORTED.find((one) => one === event.target.value) ?? 'any' })}
        >
          {REPORTED.map((one) => (
            <option key={one} value={one}>
              {REPORTED_WORD[one]}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
