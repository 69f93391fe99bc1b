'use client';
import { figure } from '@wardrobe/words';
import { Check, ChevronDown, type LucideIcon, X } from 'lucide-react';
import { DropdownMenu } from 'radix-ui';

export type FacetValue = { readonly value: string; readonly count: number };

/** A filter by one of the values that occur. Set, it names its value and is taken away with one press. */
export function FacetMenu({
  label,
  icon: Icon,
  values,
  chosen,
  onChoose,
}: {
  readonly label: string;
  readonly icon: LucideIcon;
  readonly values: readonly FacetValue[];
  readonly chosen: string;
  readonly onChoose: (value: string) => void;
}) {
  if (chosen !== '') {
    return (
      <button type="button" className="chip" aria-pressed onClick={() => onChoose('')} title={`${label}: ${chosen}`}>
        <Icon className="icon small" aria-hidden />
        <span className="sr">{label}</span>
        <span className="cut snap-chosen">{chosen}</span>
        <X className="icon small" aria-hidden />
        <span className="sr">, take this filter away</span>
      </button>
    );
  }
  return (
    <DropdownMenu.Root>
      <DropdownMenu.Trigger asChild>
        <button type="button" className="chip" aria-pressed={false}>
          <Icon className="icon small" aria-hidden />
          {label}
          <ChevronDown className="icon small" aria-hidden />
        </button>
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content className="menu snap-menu" align="start" sideOffset={4} aria-label={label}>
          {values.length === 0 ? <DropdownMenu.Item disabled>Nothing to choose from</DropdownMenu.Item> : null}
          {values.map(({ value, count }) => (
            <DropdownMenu.Item key={value} onSelect={() => onChoose(value)} textValue={value}>
              {value === chosen ? <Check className="icon small" aria-hidden /> : null}
              <span className="spread cut">{value === '' ? 'none' : value}</span>
              <span className="faint">{figure(count)}</span>
            </DropdownMenu.Item>
          ))}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
