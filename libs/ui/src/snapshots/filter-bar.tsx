'use client';
import type { SnapshotsPageDto } from '@wardrobe/contracts';
import { counted } from '@wardrobe/words';
import { FolderTree, Server, Tag } from 'lucide-react';
import { Chip, Segment } from '../controls/chip.js';
import { SearchField } from '../controls/field.js';
import { DateMenu } from './date-menu.js';
import { FacetMenu } from './facet-menu.js';
import { type Include, isFiltered, type SnapshotQuery } from './filter.js';
import { useTyped } from './use-typed.js';

export type FilterBarProps = {
  readonly query: SnapshotQuery;
  readonly facets: SnapshotsPageDto['facets'] | undefined;
  readonly total: number | undefined;
  readonly onChange: (patch: Partial<SnapshotQuery>) => void;
};

const INCLUDE_ITEMS = [
  { value: 'live', label: 'In the store' },
  { value: 'deleted', label: 'Deleted' },
  { value: 'hidden', label: 'Hidden' },
  { value: 'all', label: 'All' },
] as const satisfies readonly { value: Include; label: string }[];

/** Text, machine, source, tag, days, and which snapshots at all. */
export function FilterBar({ query, facets, total, onChange }: FilterBarProps) {
  const [text, setText] = useTyped(query.text, (value) => onChange({ text: value }));
  return (
    <div className="toolbar padded">
      <SearchField
        className="snap-find"
        label="Search snapshots by id, machine, source, tag or path"
        placeholder="Id, machine, source, tag"
        value={text}
        onChange={setText}
      />
      <div className="row-flex scroll-x snap-chips">
        <FacetMenu label="Machine" icon={Server} values={facets?.hosts ?? []} chosen={query.host} onChoose={(host) => onChange({ host })} />
        <FacetMenu label="Source" icon={FolderTree} values={facets?.sources ?? []} chosen={query.source} onChoose={(source) => onChange({ source })} />
        <FacetMenu label="Tag" icon={Tag} values={facets?.tags ?? []} chosen={query.tag} onChoose={(tag) => onChange({ tag })} />
        <Chip pressed={query.only === 'errors'} onPress={() => onChange({ only: query.only === 'errors' ? '' : 'errors' })}>
          With errors
        </Chip>
        <Chip pressed={query.only === 'unseen'} onPress={() => onChange({ only: query.only === 'unseen' ? '' : 'unseen' })}>
          Not seen by all
        </Chip>
        <DateMenu range={query} onRange={onChange} />
        <Segment label="Which snapshots" items={INCLUDE_ITEMS} value={query.include} onChange={(include) => onChange({ include })} />
      </div>
      <span className="spread only-wide" />
      <span className="fresh" role="status">
        {total === undefined
          ? 'Reading'
          : isFiltered(query)
            ? `${counted(total, 'snapshot')} ${total === 1 ? 'matches' : 'match'}`
            : counted(total, 'snapshot')}
      </span>
    </div>
  );
}
